"""Does the checkpoint treat groups of people alike?"""
