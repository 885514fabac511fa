"""Reasoning traces as text: where sentences end, and the steps of a trace."""
