"""Function calls that a checkpoint writes, read from its answer; nothing is ever called."""
