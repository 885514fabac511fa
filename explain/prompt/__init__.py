"""A prompt as features that can be present or absent."""
