"""The share that people would find, from a scorer's judgement of all outputs and people's labels of a random sample."""

from __future__ import annotations

LEAST_LABELS = 30
"""Fewer labels show too little of a scorer's errors; coverage was measured from here on."""
