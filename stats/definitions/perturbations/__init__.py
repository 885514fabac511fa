"""Metrics of items that are asked several times in other words."""
