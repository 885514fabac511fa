"""A compression check as a page."""
