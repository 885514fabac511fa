"""What the answers of a project say: points, agreement, preferences, and which metric to trust."""
