"""The model's side: forward passes, the head in tiles, and which shortcuts are exact for an architecture."""
