from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.explain.verdict import Evidence, judge, needed_correlation

GOOD: dict[str, float | None] = {
    "relative_gain": 0.1,
    "random_deviations": 2.0,
    "deletion_auc_gain": 0.1,
    "insertion_auc_gain": 0.1,
    "lds": 0.3,
    "stability": None,
    "completeness_error": None,
}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "believable"),
        ({"relative_gain": 0.09}, "weak"),
        ({"random_deviations": 1.9}, "weak"),
        ({"random_deviations": 1.0, "lds": 0.5}, "believable"),
        ({"random_deviations": 0.9, "lds": 0.9}, "weak"),
        ({"random_deviations": None}, "weak"),
        ({"deletion_auc_gain": -0.1}, "weak"),
        ({"insertion_auc_gain": 0.0}, "weak"),
        ({"lds": None}, "believable"),
        ({"lds": 0.0}, "weak"),
        ({"lds": -0.1, "relative_gain": 0.09}, "do not believe"),
        ({"stability": 0.5}, "believable"),
        ({"stability": 0.49}, "weak"),
        ({"stability": -0.2, "lds": -0.2}, "do not believe"),
        ({"stability": 0.1, "random_deviations": 1.0}, "do not believe"),
        ({"relative_gain": 0.05}, "do not believe"),
        ({"relative_gain": -0.4}, "do not believe"),
        ({"relative_gain": None}, "do not believe"),
    ],
)
def test_verdicts_follow_the_documented_thresholds(changes: dict[str, Any], verdict: str) -> None:
    assert judge(Evidence({**GOOD, **changes}, count=20, spread=3.0))[0] == verdict


def test_values_that_claim_no_prediction_may_fail_at_it() -> None:
    evidence = Evidence({**GOOD, "lds": -0.5}, count=20, spread=3.0)
    assert judge(evidence)[0] == "weak"
    assert judge(replace(evidence, predicts=False))[0] == "believable"


def test_a_missed_sum_never_makes_more_than_weak() -> None:
    evidence = Evidence({**GOOD, "completeness_error": 0.2}, count=20, spread=3.0, difference=-2.0)
    assert judge(evidence)[0] == "believable"
    verdict, reason = judge(replace(evidence, difference=1.9))
    assert (verdict, "should sum to 1.90 nats and miss that by +0.20" in reason) == ("weak", True)
    assert judge(replace(evidence, spread=0.01))[0] == "do not believe"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "better than of random orders by 10% of the range"),
        ({"lds": -0.25}, "held out (-0.25)"),
        ({"stability": 0.2}, "another seed"),
        ({"insertion_auc_gain": -1.0}, "insertion curve"),
        ({"relative_gain": 0.01}, "no better than random"),
    ],
)
def test_the_reason_names_what_decided(changes: dict[str, Any], word: str) -> None:
    assert word in judge(Evidence({**GOOD, **changes}, count=20, spread=3.0))[1]


@pytest.mark.parametrize("count", [3, 4, 6])
def test_random_directions_seldom_reach_the_needed_correlation(count: int) -> None:
    """Of the values with the true weights: what a rank correlation over all masks estimates."""
    generator = np.random.default_rng(0)
    one, other = generator.normal(size=(2, 20_000, count))
    cosine = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    assert np.mean(cosine >= needed_correlation(count)) <= 0.05


@pytest.mark.parametrize(
    ("lds", "words"), [(0.9, "well"), (0.68, "no better than chance may with 3 pieces"), (0.2, "badly")]
)
def test_a_correlation_that_few_pieces_make_likely_is_called_so(lds: float, words: str) -> None:
    count = 3 if lds < 0.9 else 4
    assert f"held-out masks {words} ({lds:+.2f})" in judge(Evidence({**GOOD, "lds": lds}, count=count, spread=3.0))[1]


def test_two_features_never_reach_it() -> None:
    assert needed_correlation(2) > 1
