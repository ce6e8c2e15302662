"""Training of the network that tells the gaps between words from those within, on straightened lines."""
