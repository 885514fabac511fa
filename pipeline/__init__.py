"""The order in which an audit happens, and what it may touch."""
