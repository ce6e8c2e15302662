"""Page image to lines of words."""
