"""The user's own questions as benchmark tasks: from a table in a file to an lm-eval task."""
