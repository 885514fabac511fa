"""The boundary that takes personal data out before anything is stored."""
