"""Migrations of a ratings database: Alembic's scripts, and how the program applies them."""
