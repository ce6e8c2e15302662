"""Training of the network that finds lines and word gaps on a page."""
