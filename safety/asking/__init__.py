"""How probes ask, and how answers are read."""
