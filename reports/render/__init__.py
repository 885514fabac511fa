"""The report card and its parts; Markdown and JSON."""
