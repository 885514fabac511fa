"""Scores of a text that say whether a checkpoint saw it in training."""
