"""A run or its verdict in the formats of other tools."""
