"""The sample collection, and the program that makes it."""
