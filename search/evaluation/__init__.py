"""How well words are found: measures, and the ground truth they need."""
