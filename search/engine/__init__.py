"""The query engine: from what was asked to ranked places on pages."""
