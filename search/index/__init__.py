"""Where the vectors live."""
