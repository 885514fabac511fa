"""``audit explain``: what is typed, what is explained of it, and how it is shown."""
