"""Benchmark tasks through lm-eval: what a checkpoint can do."""
