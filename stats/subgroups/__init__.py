"""Subsets of items that were searched for: which of them differ from the rest, adjusted for the search."""
