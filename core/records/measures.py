"""The measures of an attribution's faithfulness: keys of ``Attribution.faithfulness`` and their units."""

from __future__ import annotations

BINS = (1, 5, 10, 20, 50)
"""Percent of the features that go, or alone stay: ERASER (DeYoung et al. 2020), section 4.2."""
_AT_BINS = ("", *(f"_{percent}" for percent in BINS), "_gain")
_OF_CURVES = ("", "_gain", "_gain_low", "_gain_high")
MEASURES = {
    **{f"{name}{part}": "nats" for name in ("comprehensiveness", "sufficiency") for part in _AT_BINS},
    **{f"{name}_auc{part}": "nats" for name in ("deletion", "insertion") for part in _OF_CURVES},
    "relative_gain": "share",
    "random_deviations": "count",
    "orders_beaten": "share",
    "best_gain": "nats",
    "lds": "correlation",
    "shuffles_beaten": "share",
    "stability": "correlation",
    "completeness_error": "nats",
}
"""Key to unit; see ``docs/reference/explain.md``."""
ROUNDING = 1e-5
"""Half-width of the interval of a value at least, nats, so that of an exact value: log-probabilities are float32."""
