"""Runs and logs by their name."""
