"""Means over samples, over sampled texts or over the tasks of a group."""
