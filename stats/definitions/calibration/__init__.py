"""Calibration: confidences against right answers."""
