"""Scores of a whole corpus, which are not means of scores of its items."""
