"""Bias, toxicity and privacy probes: measured as published, failing closed."""
