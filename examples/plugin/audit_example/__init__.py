"""Probes, a method, a scorer, a task, a metric definition and a section of the card, one file each."""

TASKS = "tasks"
"""Folder of lm-eval task files, next to this file."""
