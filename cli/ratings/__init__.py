"""The commands of ``audit ratings``."""
