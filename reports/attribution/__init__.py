"""Attributions as pages, pictures and tables."""
