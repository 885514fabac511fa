"""Samples and runs as a reader looks through them: filtered, searched, sorted, one page at a time."""
