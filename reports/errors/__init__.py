"""Where a task goes wrong, and how: what its samples say beyond its metrics."""
