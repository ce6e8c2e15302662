"""The truth about collections, documents, pages and words; the index can always be rebuilt from it."""
