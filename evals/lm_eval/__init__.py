"""What lm-eval brings: its tasks, their seeds, sources and groups, and what it logs."""
