"""Learning a collection's hand without labels."""
