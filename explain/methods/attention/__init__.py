"""Methods that follow attention weights."""
