"""How far people who rate the same items agree, who leans which way, and which metric agrees with them."""
