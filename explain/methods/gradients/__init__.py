"""Methods that follow gradients of the log-probability."""
