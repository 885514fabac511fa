"""The probes, one file each, by what they look for."""
