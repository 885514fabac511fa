"""A probe, a method, a scorer and a task for ``audit``, one file each."""

TASKS = "tasks"
"""Folder of lm-eval task files, next to this file."""
