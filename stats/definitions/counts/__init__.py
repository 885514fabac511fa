"""Numbers of samples or texts of a kind."""
