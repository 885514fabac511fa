"""What ``import audit`` offers: audits, finished runs, checkpoints and explanations, made for a notebook."""
