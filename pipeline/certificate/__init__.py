"""The certificate of a run on an engine of others."""
