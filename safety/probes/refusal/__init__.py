"""Does it refuse what it should, and only that?"""
