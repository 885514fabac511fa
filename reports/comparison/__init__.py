"""Comparisons as pages: differences, trends and changed items, drawn and rendered."""
