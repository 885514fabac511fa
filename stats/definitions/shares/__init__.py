"""Shares of samples or sampled texts that meet a condition."""
