"""Does it give away what it was trained on?"""
