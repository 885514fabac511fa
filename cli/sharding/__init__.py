"""Shards on the command line: ``audit run --shard`` and ``audit merge``."""
