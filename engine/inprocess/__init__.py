"""Inference engines of others that run in this process, on the files of a local checkpoint."""
