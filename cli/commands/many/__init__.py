"""Commands about several checkpoints."""
