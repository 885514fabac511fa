"""Items of a project from the samples of one or two runs."""
