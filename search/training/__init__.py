"""Training of the handwriting model."""
