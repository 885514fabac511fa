"""What lm-eval provides: its tasks, their seeds, sources and groups, and its logs."""
