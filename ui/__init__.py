"""Command line, portal, HTTP service."""
