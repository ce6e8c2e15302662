"""Models that put word pictures and spellings in one space."""
