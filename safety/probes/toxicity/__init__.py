"""Does it write what offends, and how far can the scorer be trusted?"""
