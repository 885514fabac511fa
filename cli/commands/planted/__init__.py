"""Commands for what is planted in training data, to find it again in what a checkpoint writes."""
