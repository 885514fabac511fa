"""Figures about a judge, each with the number of its own items."""

from __future__ import annotations

from audit.ratings.results.judge_figures import judge_figures
from audit.ratings.results.judges import JudgeValidity
from audit.stats.agreement.estimate import Coefficient
from audit.stats.agreement.raters import RaterBias, SideBias
from audit.stats.agreement.trust import RankCorrelation
from audit.stats.interval import Interval


def ends(low: float, high: float) -> Interval:
    return Interval(low, high, "t", 0.95)


def _found(**more: object) -> JudgeValidity:
    values = {
        "judge": "J", "checkpoint": "c", "by": "generation", "settings": {}, "question": "q", "judged": 20,
        "unanswered": 3, "undecided": 2, "agreement": Coefficient("cohen", 0.51, ends(0.42, 0.6), 18, 36),
    }  # fmt: skip
    return JudgeValidity.model_validate(values | more)


def test_of_a_preference() -> None:
    found = _found(
        side=SideBias("J", 15, 0.4, ends(0.2, 0.64)),
        in_both_orders=12,
        same_in_both_orders=0.75,
        same_interval=ends(0.47, 0.91),
    )
    assert list(judge_figures(found)) == [
        ("cohen", "0.51 (0.42 to 0.60)", 18),
        ("share for side A", "40 % (20 to 64 %)", 15),
        ("same answer in both orders", "75 % (47 to 91 %)", 12),
        ("without an answer", "", 3),
        ("people's answers tied", "", 2),
    ]


def test_on_a_scale() -> None:
    found = _found(
        correlation=RankCorrelation(9, None, None, "9 rated outputs: at least 10 are needed"),
        bias=RaterBias("J", 17, 0.3, ends(-0.1, 0.7), None, None),
    )
    assert [one for one in judge_figures(found) if one[1]] == [
        ("cohen", "0.51 (0.42 to 0.60)", 18),
        ("rank correlation with the mean", "9 rated outputs: at least 10 are needed", 9),
        ("bias in points", "0.3 (−0.1 to 0.7)", 17),
    ]
