"""Code in answers, and what known rules find in it; nothing of it is run."""
