"""Rating projects: who rates what, how often, by which questions, and who may see it."""
