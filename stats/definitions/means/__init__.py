"""Means over samples, sampled texts or the tasks of a group."""
