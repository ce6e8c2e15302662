"""Source to pages to words: readers, page images, segmentation, catalogue."""
