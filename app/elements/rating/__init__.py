"""Elements of the rating pages."""
