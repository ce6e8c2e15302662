"""Page image to lines of words: `segment_page`, or `segment_turned`, which also says how the page lay."""

from ingest.segmentation.segmenter import SEGMENTER_VERSION, segment_page, segment_turned
from ingest.segmentation.words import TextLine, WordBox

__all__ = ["SEGMENTER_VERSION", "TextLine", "WordBox", "segment_page", "segment_turned"]
