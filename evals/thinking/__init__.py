"""Benchmark tasks of checkpoints that think before they answer."""
