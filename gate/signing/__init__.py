"""Signed evidence: a run's files, its checkpoint and its decision, in one envelope that anybody can verify offline."""
