"""How far confidences are from the share of right answers, as functions of two arrays."""
