"""The engine on transformers: scores and continuations on this machine."""
