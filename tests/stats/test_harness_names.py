"""Names of lm-eval's metrics in a run."""

from __future__ import annotations

from audit.core.units import UNITS as KNOWN
from audit.stats.harness_names import UNITS, primary_of, suffix


def test_primary_metrics_are_the_known_ones_or_the_first_two() -> None:
    assert primary_of(["f1", "accuracy", "normalised_accuracy", "exact_match"]) == ("accuracy", "normalised_accuracy")
    assert primary_of(["bleu", "chrf", "ter"]) == ("bleu", "chrf")


def test_a_filter_is_a_suffix_where_there_are_several() -> None:
    assert suffix("strict-match", several=True) == "_strict_match"
    assert suffix("strict-match", several=False) == ""


def test_every_unit_is_known() -> None:
    assert set(UNITS.values()) <= KNOWN.keys()
