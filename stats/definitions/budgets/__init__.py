"""Definitions of accuracy as a function of the tokens that a checkpoint may think."""
