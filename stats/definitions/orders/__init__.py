"""Whether the published order of items is likelier than shuffled ones."""
