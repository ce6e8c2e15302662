"""Fitting confidences on words with known text, and measuring how far they can be trusted."""
