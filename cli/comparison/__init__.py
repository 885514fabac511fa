"""What ``audit compare`` prints: tables of two runs and of more, CSV files."""
