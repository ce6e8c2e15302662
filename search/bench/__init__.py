"""Benchmark of queries over made-up pages of any number of words: `python -m search.bench`."""
