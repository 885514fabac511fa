"""The difference of two shares of the same items."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audit.stats.definitions.comparisons.paired_shares import PairedShares
from tests.stats.definitions.conftest import a_sample, metric

if TYPE_CHECKING:
    from audit.core.records import Sample

GAP = PairedShares(by="version", first="public", second="twin", scale=100.0)


def pairs(both: int, first: int, second: int, neither: int, cluster: str | None = None) -> list[Sample]:
    scores = [(1.0, 1.0)] * both + [(1.0, 0.0)] * first + [(0.0, 1.0)] * second + [(0.0, 0.0)] * neither
    return [
        a_sample(f"{place}{version}", pair=str(place), score=score, slices={"version": version}, cluster=cluster)
        for place, pair in enumerate(scores)
        for version, score in zip(("public", "twin"), pair, strict=True)
    ]


def test_the_interval_is_tangos() -> None:
    """Without a pair that differs, the ends are ± z² / (n + z²) (Tango 1998, section 4)."""
    found = metric(GAP, pairs(30, 0, 0, 14), "points")
    end = 100 * 1.959964**2 / (44 + 1.959964**2)
    assert (found.value, found.n) == (0.0, 44)
    assert (found.ci_low, found.ci_high) == (pytest.approx(-end, rel=1e-5), pytest.approx(end, rel=1e-5))
    more = metric(GAP, pairs(10, 6, 1, 3), "points")
    assert (more.value, more.n, more.ci_method) == (25.0, 20, "tango")
    assert more.ci_low < 25.0 < more.ci_high < 100.0


def test_clusters_widen_it_and_one_gives_none() -> None:
    some = pairs(10, 6, 1, 3)
    halves = [one.model_copy(update={"cluster": str(int(str(one.pair)) % 4)}) for one in some]
    assert str(metric(GAP, halves, "points").ci_method).startswith("tango")
    whole = metric(GAP, pairs(10, 6, 1, 3, cluster="a"), "points")
    assert (whole.value, whole.ci_low) == (25.0, None)
    assert whole.no_interval


def test_cut_answers_leave_a_range_open() -> None:
    """Four pairs: a cut answer to a published problem that is right, one to a twin that is wrong."""
    some = pairs(1, 1, 0, 2)
    cut = {"0public": some[0], "1twin": some[3]}
    flagged = [one.model_copy(update={"flags": ["truncated_output"]}) if one.sample_id in cut else one for one in some]
    values = [replace(GAP, if_cut=end).value(flagged) for end in ("lowest", None, "highest")]
    assert values == [-25.0, 25.0, 25.0]  # (0 − 1) + (1 − 1); (1 − 1) + (1 − 0); the same


def test_what_is_no_share_has_no_value() -> None:
    some = pairs(2, 1, 0, 0)
    half = some[0].model_copy(update={"score": 0.5})
    assert metric(GAP, [half, *some[1:]], "points").error == "values other than 0 and 1 are no shares"
    lost = some[0].model_copy(update={"score": None, "error": "lost"})
    assert metric(GAP, [lost, *some[1:]], "points").n == 2
    assert metric(GAP, [lost], "points").value is None
