"""How far an attribution can be believed."""
