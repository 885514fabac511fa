"""Shares of samples or sampled texts that fulfil a condition."""
