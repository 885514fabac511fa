"""Data on security whose publishers keep it in code: read as syntax, never imported."""
