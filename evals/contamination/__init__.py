"""Signs that a checkpoint saw the items of a benchmark in training."""
