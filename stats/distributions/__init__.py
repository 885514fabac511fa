"""Distributions over tokens, compared with each other."""
