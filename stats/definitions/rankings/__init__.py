"""How well scores put samples in order."""
