"""What is recorded of several checkpoints: a sweep, a check of compressed ones."""
