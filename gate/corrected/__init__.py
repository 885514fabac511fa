"""Rules on metrics that people's ratings of a random sample of the outputs correct."""
