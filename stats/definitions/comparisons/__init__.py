"""What changes between the items of a pair, or differs between groups."""
