"""Page image to lines of words: `segment_page` is the one door."""

from ingest.segmentation.segmenter import SEGMENTER_VERSION, segment_page
from ingest.segmentation.words import TextLine, WordBox

__all__ = ["SEGMENTER_VERSION", "TextLine", "WordBox", "segment_page"]
