"""What a number means: metrics as functions of samples, their intervals, pairing, correction."""
