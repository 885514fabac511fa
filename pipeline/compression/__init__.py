"""Compressed checkpoints against the original, on the original's own prompts, texts by language, and tasks."""
