"""Runs from other tools' logs: one reader per format, and what all of them share."""
