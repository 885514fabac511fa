from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audit.explain.faithfulness.verdict import Evidence, judge_faithfulness

GOOD: dict[str, float | None] = {
    "orders_beaten": 0.985,
    "best_gain": None,
    "deletion_auc_gain": 0.1,
    "insertion_auc_gain": 0.1,
    "lds": 0.3,
    "shuffles_beaten": 0.9,
    "stability": None,
    "completeness_error": None,
}
PREDICTIVE = {"lds": 0.5, "shuffles_beaten": 23 / 24}


def evidence(changes: dict[str, Any]) -> Evidence:
    return Evidence({**GOOD, **changes}, count=20, spread=3.0)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "believable"),
        ({"orders_beaten": 0.98}, "weak"),
        ({"orders_beaten": 0.8, **PREDICTIVE}, "believable"),
        ({"orders_beaten": 0.79, **PREDICTIVE}, "weak"),
        ({"orders_beaten": 0.9, "lds": 0.9, "shuffles_beaten": 0.95}, "weak"),
        ({"orders_beaten": 0.9, "lds": 0.49, "shuffles_beaten": 1.0}, "weak"),
        ({"orders_beaten": None}, "do not believe"),
        ({"deletion_auc_gain": -0.05}, "weak"),
        ({"insertion_auc_gain": 0.0}, "weak"),
        ({"deletion_auc_gain": 0.004, "insertion_auc_gain": 0.004}, "do not believe"),
        ({"best_gain": 0.004}, "do not believe"),
        ({"lds": None, "shuffles_beaten": None}, "believable"),
        ({"lds": 0.0}, "weak"),
        ({"lds": -0.1, "orders_beaten": 0.9}, "do not believe"),
        ({"stability": 0.5}, "believable"),
        ({"stability": 0.49}, "weak"),
        ({"stability": -0.2, "lds": -0.2}, "do not believe"),
        ({"orders_beaten": 0.74}, "do not believe"),
        ({"orders_beaten": 0.6, **PREDICTIVE}, "weak"),
        ({"orders_beaten": 0.49, **PREDICTIVE}, "do not believe"),
    ],
)
def test_verdicts_follow_the_documented_thresholds(changes: dict[str, Any], verdict: str) -> None:
    assert judge_faithfulness(evidence(changes))[0] == verdict


@pytest.mark.parametrize("percent", range(75, 100))
def test_an_order_that_beats_three_of_four_is_never_called_chance(percent: int) -> None:
    verdict, reason = judge_faithfulness(evidence({"orders_beaten": percent / 100}))
    assert verdict != "do not believe"
    assert f"beats {percent} % of random orders" in reason


def test_values_that_claim_no_prediction_may_fail_at_it() -> None:
    failing = evidence({"lds": -0.5})
    assert judge_faithfulness(failing)[0] == "weak"
    assert judge_faithfulness(replace(failing, predicts=False))[0] == "believable"


def test_a_missed_sum_never_makes_more_than_weak() -> None:
    missing = replace(evidence({"completeness_error": 0.2}), difference=-2.0)
    assert judge_faithfulness(missing)[0] == "believable"
    verdict, reason = judge_faithfulness(replace(missing, difference=1.9))
    assert (verdict, "should sum to 1.900 nats and miss that by +0.200" in reason) == ("weak", True)
    assert judge_faithfulness(replace(missing, spread=0.01))[0] == "do not believe"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "beats 98 % of random orders, but its values predict the effect of leaving out other parts badly"),
        ({"orders_beaten": 0.03}, "beats 3 % of random orders, and its values predict the effect of leaving out"),
        ({"orders_beaten": 0.03, **PREDICTIVE}, "beats 3 % of random orders, but its values predict the effect of"),
        ({"orders_beaten": 1.0}, "beats 99.9 % of random orders"),
        ({"lds": -0.25}, "its values do not predict the effect of leaving out other parts (rank correlation −0.25"),
        ({"stability": 0.2}, "another seed"),
        ({"insertion_auc_gain": -0.05}, "however, its insertion curve is no better than that of the average order"),
        ({"orders_beaten": 0.41}, "beats 41 % of random orders"),
        (PREDICTIVE, "and its values predict the effect of leaving out other parts well (rank correlation 0.5"),
        ({"lds": 0.6}, "better than 90 % of the same values reshuffled (rank correlation 0.6"),
        ({"best_gain": 0.001}, "are equally good: nothing is ranked"),
    ],
)
def test_the_reason_names_what_decided(changes: dict[str, Any], words: str) -> None:
    assert words in judge_faithfulness(evidence(changes))[1]


def test_it_says_whether_all_orders_were_compared() -> None:
    assert "of all 720 orders" in judge_faithfulness(replace(evidence({}), count=6, complete=True))[1]
