"""Answers out of projects, for training and spreadsheets, and into them, from other tools."""
