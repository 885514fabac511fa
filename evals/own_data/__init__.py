"""The user's own questions as benchmark tasks: from a table in a file to a task of lm-eval's."""
