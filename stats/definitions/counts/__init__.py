"""How many samples or texts there are of a kind."""
