"""Renders the sample pages: text -> handwriting -> sheet of paper -> scan, with ground truth."""
