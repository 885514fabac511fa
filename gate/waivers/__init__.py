"""What the gate lets a release do without, for a while, and what it lets an audit cost."""
