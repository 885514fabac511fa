"""Alembic's scripts, one per change of the tables. A released one is never edited: later changes are new ones."""
