"""Numbers as people and checkpoints write them."""
