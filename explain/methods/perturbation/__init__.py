"""Methods that leave features out, or replace them, and ask again."""
