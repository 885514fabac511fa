"""Everything that gives a number to a text, and what is known of its error."""
