"""A prompt as pieces that can be present or absent."""
