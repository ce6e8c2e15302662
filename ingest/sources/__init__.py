"""Readers: every kind of input becomes a Source of pages."""
