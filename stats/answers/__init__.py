"""Which answers are given, and whether something else than being right explains them."""
