"""Names and units of the measures of faithfulness."""

from __future__ import annotations

from audit.core.records.measures import BINS, MEASURES
from audit.core.units import UNITS


def test_bins_are_those_of_eraser() -> None:
    assert BINS == (1, 5, 10, 20, 50)  # DeYoung et al. 2020, section 4.2


def test_every_measure_has_a_known_unit() -> None:
    assert set(MEASURES.values()) <= set(UNITS)


def test_a_gain_with_one_end_has_the_other_in_the_same_unit() -> None:
    lows = [name.removesuffix("_low") for name in MEASURES if name.endswith("_low")]
    assert lows == ["deletion_auc_gain", "insertion_auc_gain"]
    for name in lows:
        assert MEASURES[name] == MEASURES[f"{name}_low"] == MEASURES[f"{name}_high"] == "nats"
