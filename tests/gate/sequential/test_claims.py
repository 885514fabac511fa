"""Claims on a mean, against betting value by value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from audit.gate.sequential.claims import Claim, items_to_decide, verdict_of
from audit.gate.sequential.items import ItemValues
from audit.stats.sequential import STAKES
from tests.gate.sequential.conftest import money_above

if TYPE_CHECKING:
    from collections.abc import Sequence


def known(values: Sequence[float], high: Sequence[float] | None = None) -> ItemValues:
    return ItemValues(list(values), list(high or values), (0.0, 1.0), len(values))


@pytest.mark.parametrize("right", [0, 10, 20, 34, 40])
@pytest.mark.parametrize("tests", [1, 8])
def test_ceilings_are_mirrored_floors(right: int, tests: int) -> None:
    values = [1.0] * right + [0.0] * (40 - right)
    error = 0.025 * 0.1
    below = money_above([1 - value for value in values], 0.5, 0)
    above = money_above(values, 0.5, 0)
    expected = "PASS" if below >= 1 / error else "FAIL" if above >= tests / error else "INCONCLUSIVE"
    assert verdict_of([Claim(0.5, 0.5, above=False)], known(values), 0.95, tests) == expected


def test_a_violation_needs_more_evidence_among_many_rules() -> None:
    values = [1.0] * 3 + [0.0] * 25
    claim = [Claim(0.5, 0.5, above=True)]
    money = money_above([1 - value for value in values], 0.5, 0)
    assert 400 < money < 50 * 400
    assert [verdict_of(claim, known(values), 0.95, tests) for tests in (1, 50)] == ["FAIL", "INCONCLUSIVE"]


def test_all_claims_must_hold_and_one_can_fail() -> None:
    values = known([1.0] * 60 + [0.0] * 40)
    floor, ceiling = Claim(0.2, 0.2, above=True), Claim(0.95, 0.95, above=False)
    assert verdict_of([floor, ceiling], values, 0.95, 1) == "PASS"
    assert verdict_of([floor, Claim(0.65, 0.65, above=False)], values, 0.95, 1) == "INCONCLUSIVE"
    assert verdict_of([floor, Claim(0.3, 0.3, above=False)], values, 0.95, 1) == "FAIL"
    assert verdict_of([], values, 0.95, 1) == "INCONCLUSIVE"


def test_what_is_not_known_speaks_against_either_verdict() -> None:
    floor = [Claim(0.5, 0.5, above=True)]
    assert verdict_of(floor, known([1.0] * 30), 0.95, 1) == "PASS"
    assert verdict_of(floor, known([1.0] * 15 + [0.0] * 15, [1.0] * 30), 0.95, 1) == "INCONCLUSIVE"
    assert verdict_of(floor, known([0.0] * 30, [1.0] * 15 + [0.0] * 15), 0.95, 1) == "INCONCLUSIVE"
    assert verdict_of(floor, known([0.0] * 30), 0.95, 1) == "FAIL"


def test_an_estimated_limit_has_a_verdict_beyond_either_end() -> None:
    claim = [Claim(0.6, 0.4, above=True)]
    verdicts = [verdict_of(claim, known([1.0] * right + [0.0] * (200 - right)), 0.95, 1) for right in (150, 100, 50)]
    assert verdicts == ["PASS", "INCONCLUSIVE", "FAIL"]


def test_the_items_that_would_decide_repeat_what_is_there() -> None:
    values = [1.0, 1.0, 0.0, 1.0, 0.0] * 10
    claim = [Claim(0.4, 0.4, above=True)]
    needed = items_to_decide(claim, known(values), 0.95, 1)
    whole = next(n for n in range(50, 1000, 5) if money_above(([1.0, 1.0, 0.0, 1.0, 0.0] * n)[:n], 0.4, 0) >= 400)
    assert needed is not None
    assert abs(needed - whole) <= 0.01 * whole + 5
    assert items_to_decide([Claim(0.6, 0.6, above=True)], known(values), 0.95, 1) is None


def test_where_the_items_decide_already_no_number_is_given() -> None:
    assert verdict_of([Claim(0.5, 0.5, above=True)], known([1.0] * 100), 0.95, 1) == "PASS"
    assert items_to_decide([Claim(0.5, 0.5, above=True)], known([1.0] * 100), 0.95, 1) is None
    assert items_to_decide([Claim(0.5, 0.5, above=True)], known([0.0] * 100), 0.95, 1) is None


@pytest.mark.slow
def test_a_mean_on_the_limit_is_rarely_called_better_at_any_look() -> None:
    generator = np.random.default_rng(5)
    claim = [Claim(0.5, 0.5, above=True)]
    wrong = 0
    for _ in range(200):
        drawn = (generator.random(400) < 0.5).astype(float)
        looks = [verdict_of(claim, known(list(drawn[:n])), 0.9, 1) for n in range(20, 401, 20)]
        wrong += "PASS" in looks
    assert wrong <= 4  # at most 0.5 % of them on average; five or more have a chance below 0.4 %


def money_of(ones: float, zeros: float) -> float:
    """What betting on a mean above 0.5 makes of 1."""
    return sum(math.exp(ones * math.log1p(stake) + zeros * math.log1p(-stake)) for stake in STAKES) / len(STAKES)


def test_a_verdict_takes_as_many_items_as_the_error_asks_for() -> None:
    floor, ceiling = [Claim(0.5, 0.5, above=True)], [Claim(0.5, 0.5, above=False)]
    count = next(n for n in range(1, 100) if money_of(n, 0) >= 400)
    several = next(n for n in range(1, 100) if money_of(n, 0) >= 7 * 400)
    assert count < several
    for claim, good in ((floor, 1.0), (ceiling, 0.0)):
        found = [verdict_of(claim, known([good] * n), 0.95, 7) for n in (count - 1, count)]
        assert found == ["INCONCLUSIVE", "PASS"]
        found = [verdict_of(claim, known([1 - good] * n), 0.95, 7) for n in (several - 1, several)]
        assert found == ["INCONCLUSIVE", "FAIL"]


def test_the_items_needed_are_those_at_which_the_money_suffices() -> None:
    floor, low = Claim(0.5, 0.5, above=True), Claim(0.1, 0.1, above=True)
    count = next(n for n in range(1, 2000) if money_of(0.6 * n, 0.4 * n) >= 400)
    for share in (0.6, 0.4):  # passes, fails
        for n in (50, count // 5 * 5):
            ones = round(share * n)
            needed = items_to_decide([low, floor], known([1.0] * ones + [0.0] * (n - ones)), 0.95, 1)
            assert needed is not None
            assert count <= needed <= 1.01 * count + 1


def test_without_claims_or_items_no_number_decides() -> None:
    assert items_to_decide([], known([1.0] * 50), 0.95, 1) is None
    assert items_to_decide([Claim(-0.1, -0.1, above=True)], known([]), 0.95, 1) is None
