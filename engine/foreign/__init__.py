"""Engines of others, and the certificate of a run on one of them."""
