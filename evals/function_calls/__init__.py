"""Function calls that a checkpoint writes, compared with the accepted ones."""
