"""Who may do what in the app as a whole, and the log of what people saw in it."""
