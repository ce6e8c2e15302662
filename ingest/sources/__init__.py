"""Sources: what is ingested, and how its pages are listed and read."""

from ingest.sources.expand import ExpandedInput, expand_inputs
from ingest.sources.open import open_source
from ingest.sources.source import PageImage, PageRef, Source, SourceInfo

__all__ = ["ExpandedInput", "PageImage", "PageRef", "Source", "SourceInfo", "expand_inputs", "open_source"]
