"""Comparison of runs: how a candidate differs from a baseline on the same items, and in what else the runs differ."""
