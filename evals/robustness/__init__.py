"""Benchmark items asked again with a changed wording: how much the answers depend on it."""
