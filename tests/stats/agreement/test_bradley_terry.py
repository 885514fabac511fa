"""Bradley–Terry strengths equal a published example, Evalica and statsmodels."""

from __future__ import annotations

import random

import numpy as np
import pytest

from audit.stats.agreement import bradley_terry as module
from audit.stats.agreement.bradley_terry import bradley_terry

TEAMS = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]
WINS = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
]
"""Agresti 2002, *Categorical Data Analysis*, table 10.10: the American League of 1987, wins of the row."""
PUBLISHED = {
    "Milwaukee": 1.5814, "Detroit": 1.4364, "Toronto": 1.2945, "New York": 1.2476, "Boston": 1.1077,
    "Cleveland": 0.6839, "Baltimore": 0.0,
}  # fmt: skip
"""Turner and Firth 2012, "Bradley-Terry Models in R", Journal of Statistical Software 48 (9): Baltimore is 0."""


def games() -> tuple[list[str], list[str], list[float]]:
    listed = [
        (TEAMS[i], TEAMS[j], 1.0) for i, row in enumerate(WINS) for j, times in enumerate(row) for _ in range(times)
    ]
    first, second, won = (list(column) for column in zip(*listed, strict=True))
    return first, second, won  # type: ignore[return-value]


def test_the_published_baseball_example() -> None:
    found = bradley_terry(*games())
    assert found is not None
    value = {one.name: one.value for one in found}
    assert {name: round(value[name] - value["Baltimore"], 4) for name in TEAMS} == PUBLISHED
    assert [one.name for one in found] == TEAMS
    assert sum(value.values()) == pytest.approx(0, abs=1e-9)
    assert {one.name: one.comparisons for one in found}["Boston"] == sum(WINS[4]) + sum(row[4] for row in WINS)


def test_evalica_says_the_same_of_ties_as_half_wins() -> None:
    from evalica import Winner
    from evalica import bradley_terry as theirs

    draw = random.Random(7)  # noqa: S311 - no secret
    first, second = [], []
    for _ in range(300):
        one, other = draw.sample("abcd", 2)
        first.append(one)
        second.append(other)
    won = [draw.choice([1.0, 0.0, 0.5, float(one < other)]) for one, other in zip(first, second, strict=True)]
    words = {1.0: Winner.X, 0.0: Winner.Y, 0.5: Winner.Draw}
    scores = theirs(first, second, [words[one] for one in won], tolerance=1e-14, limit=100_000, solver="naive").scores
    logs = np.log(scores)
    ours = bradley_terry(first, second, won)
    assert ours is not None
    for one in ours:
        assert one.value == pytest.approx(logs[one.name] - logs.mean(), abs=1e-6)


@pytest.mark.slow
def test_the_intervals_are_those_of_statsmodels_clustered_logit() -> None:
    """Of two competitors, strengths are ± half the intercept of a logistic regression."""
    import statsmodels.api as sm
    from scipy import stats

    draw = random.Random(11)  # noqa: S311 - no secret
    items = [item for item in range(60) for _ in range(3)]
    lean = [draw.gauss(0.4, 1) for _ in range(60)]
    won = [float(draw.random() < 1 / (1 + np.exp(-lean[item]))) for item in items]
    fit = sm.Logit(won, np.ones(len(won))).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": np.array(items), "use_correction": False}
    )
    ours = bradley_terry(["x"] * len(won), ["y"] * len(won), won, clusters=items)
    assert ours is not None
    (x,) = [one for one in ours if one.name == "x"]
    reach = stats.t.ppf(0.975, 59) * float(fit.bse[0]) / 2 * np.sqrt(60 / 59)
    assert x.value == pytest.approx(float(fit.params[0]) / 2, abs=1e-6)
    assert x.low == pytest.approx(x.value - reach, abs=1e-6)
    assert x.high == pytest.approx(x.value + reach, abs=1e-6)


def test_ties_may_be_dropped() -> None:
    pairs = ["x"] * 5, ["y"] * 5
    half = bradley_terry(*pairs, [1, 1, 1, 0, 0.5])
    assert half is not None
    dropped = bradley_terry(*pairs, [1, 1, 1, 0, 0.5], ties="drop")
    assert dropped is not None
    assert half[0].value == pytest.approx(np.log(3.5 / 1.5) / 2, abs=1e-9)
    assert dropped[0].value == pytest.approx(np.log(3) / 2, abs=1e-9)
    assert dropped[0].comparisons == 4


def test_strengths_that_do_not_exist() -> None:
    assert bradley_terry([], [], []) is None
    assert bradley_terry(["x", "x"], ["y", "y"], [1, 1]) is None
    assert bradley_terry(["a", "b", "c", "c"], ["b", "a", "d", "d"], [1, 1, 1, 0]) is None  # two islands
    one_item = bradley_terry(["x", "x"], ["y", "y"], [1, 0], clusters=["i", "i"])
    assert one_item is not None
    assert one_item[0].low is None
    with pytest.raises(ValueError, match="two competitors"):
        bradley_terry(["x"], ["x"], [1])
    with pytest.raises(ValueError, match="two competitors"):
        bradley_terry(["x"], ["y"], [0.7])


def test_a_long_chain_of_competitors_is_as_far_apart_as_each_of_its_links() -> None:
    """Each of 100 beats the next one 99 times in a hundred, and plays no other: strengths are log 99 apart."""
    links = [(f"{number:02}", f"{number + 1:02}") for number in range(99) for _ in range(100)]
    first, second = (list(column) for column in zip(*links, strict=True))
    found = bradley_terry(first, second, [*[1.0] * 99, 0.0] * 99)
    assert found is not None
    assert [one.name for one in found] == [f"{number:02}" for number in range(100)]
    assert -np.diff([one.value for one in found]) == pytest.approx(np.log(99), abs=1e-9)


def test_a_maximum_that_is_not_found_gives_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = ["x"] * 4, ["y"] * 4, [1, 1, 1, 0]
    assert bradley_terry(*pairs) is not None
    monkeypatch.setattr(module, "ITERATIONS", 2)
    assert bradley_terry(*pairs) is None


def test_a_strength_of_one_item_says_why_it_has_no_interval() -> None:
    found = bradley_terry(["a", "a"], ["b", "b"], [1, 0], clusters=[1, 1])
    assert found is not None
    assert [one.why_none for one in found] == [
        "no interval: all comparisons are of one prompt, or all had the same result"
    ] * 2
    known = bradley_terry(["a", "a", "a"], ["b", "b", "b"], [1, 1, 0])
    assert known is not None
    assert known[0].why_none is None
