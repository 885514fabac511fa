"""What results show in words: a claim needs an interval on one side of what chance gives."""

from __future__ import annotations

import pytest

from audit.ratings.results.judges import JudgeValidity
from audit.ratings.results.sentences import (
    agreement_sentence,
    bias_sentence,
    drift_sentence,
    judge_sentence,
    metrics_sentence,
    sides_sentence,
)
from audit.ratings.results.trusted import MetricAgainstPeople
from audit.stats.agreement.estimate import Coefficient
from audit.stats.agreement.raters import RaterBias, SideBias
from audit.stats.agreement.trust import RankCorrelation
from audit.stats.interval import Interval


def ends(low: float, high: float) -> Interval:
    return Interval(low, high, "t", 0.95)


@pytest.mark.parametrize(
    ("low", "high", "begins"),
    [
        (0.2, 0.8, "Raters agree more than by chance: krippendorff (ordinal) 0.5"),
        (-0.1, 0.8, "Not shown that raters agree more than by chance"),
        (-0.8, -0.1, "Raters agree less than by chance"),
    ],
)
def test_agreement(low: float, high: float, begins: str) -> None:
    found = [Coefficient("krippendorff (ordinal)", 0.5, ends(low, high), 20, 60)]
    assert agreement_sentence(found).startswith(begins)
    assert agreement_sentence([Coefficient("cohen", None, None, 1, 2, "one item")]) == "one item"


@pytest.mark.parametrize(
    ("low", "high", "begins"),
    [
        (0.2, 0.8, "J agrees with people more"),
        (-0.1, 0.8, "Not shown that J"),
        (-0.8, -0.1, "J agrees with people less"),
    ],
)
def test_judges(low: float, high: float, begins: str) -> None:
    agreement = Coefficient("cohen", 0.5, ends(low, high), 20, 40)
    found = JudgeValidity(
        judge="J", checkpoint="c", by="likelihood", settings={}, question="q", judged=20, unanswered=0, undecided=0,
        agreement=agreement,
    )  # fmt: skip
    assert judge_sentence(found).startswith(begins)
    none = found.model_copy(update={"agreement": Coefficient("cohen", None, None, 1, 2, "one item alone")})
    assert judge_sentence(none) == "Nothing is known about J: one item alone."


def test_metrics_are_sorted_by_what_is_shown() -> None:
    correlations = {
        "score": RankCorrelation(30, 0.6, ends(0.3, 0.8)),
        "toxicity": RankCorrelation(30, -0.5, ends(-0.7, -0.2)),
        "length": RankCorrelation(30, 0.1, ends(-0.2, 0.4)),
        "rare": RankCorrelation(3, None, None, "3 rated outputs: at least 10 are needed"),
    }
    said = metrics_sentence(
        MetricAgainstPeople(task="t", question="rating", score=name, correlation=one)
        for name, one in correlations.items()
    )
    higher, lower, open_, none = (said.index(text) for text in ("Higher", "Lower", "Not shown", "No correlation"))
    assert higher < said.index("score ") < lower < said.index("toxicity ") < open_ < said.index("length ") < none
    assert said.endswith("No correlation: rare (3 rated outputs: at least 10 are needed).")


def test_sides_and_raters() -> None:
    fair, few = SideBias("Ann", 30, 0.6, ends(0.42, 0.75)), SideBias("Bob", 3, None, None)
    assert sides_sentence([fair, few]).startswith("No rater is shown to prefer a side")
    assert sides_sentence([few]).startswith("Too few preferences")
    leaning = sides_sentence([SideBias("Cem", 30, 0.1, ends(0.03, 0.26)), SideBias("Dee", 30, 0.9, ends(0.7, 0.97))])
    assert "Cem prefers side B" in leaning
    assert "Dee prefers side A" in leaning
    mild = RaterBias("Ann", 20, 0.5, ends(0.2, 0.8), -0.7, ends(-1.2, -0.1))
    open_ = RaterBias("Bob", 20, -0.5, ends(-1.2, 0.2), 0.1, ends(-0.1, 0.4))
    none = RaterBias("Cem", 2, None, None, None, None)
    assert bias_sentence([mild, open_]).startswith("Ann is milder than the others: 0.5")
    assert bias_sentence([open_]) == "No rater is shown to be milder or stricter than the others."
    assert "Ann became stricter" in drift_sentence([mild, open_])
    assert drift_sentence([open_]) == "No rater is shown to become milder or stricter over time."
    assert {bias_sentence([none]).split()[0], drift_sentence([none]).split()[0]} == {"Too"}
