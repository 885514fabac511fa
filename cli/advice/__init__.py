"""What people may do next, once a command has ended."""
