"""Do its instructions hold against a prompt that works against them?"""
