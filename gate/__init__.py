"""The release gate: policies, verdicts, and whether the evidence of a run belongs together."""
