"""Scores of a whole corpus, which are no mean of scores of its items."""
