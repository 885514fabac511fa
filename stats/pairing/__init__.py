"""Paired comparison of two runs of one task, item by item, through any metric definition."""
