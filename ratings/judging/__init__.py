"""Judges: checkpoints that answer the questions of a project as one more rater, and how far people agree with them."""
