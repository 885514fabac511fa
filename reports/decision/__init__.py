"""A verdict rule by rule, for readers: the evidence on one axis, and what would settle it."""
