"""Metrics at each budget, of scores that are no shares too."""

from __future__ import annotations

from typing import Any

from audit.core.records import Flag, Metric, Sample
from audit.evals.thinking.forced_metrics import forced_metrics
from audit.stats.definitions import Mean
from audit.stats.recompute import recomputed


def sample(place: int, budget: int, score: float | None, *, forced: bool, **more: Any) -> Sample:
    scores = (
        {} if score is None else {"mark": score, "forced": float(forced), "without_forcing": 0.0 if forced else score}
    )
    return Sample(
        sample_id=f"{place}-{budget}", suite="evals", task="sums_forced", prompt="?", score=score, scores=scores,
        slices={"thinking_budget": str(budget)}, error=None if score is not None else "lost", **more,
    )  # fmt: skip


FIRST = Metric(
    name="sums/mark", suite="evals", task="sums", metric="mark", value=0.5, n=2, unit="score", higher_is_better=True,
    primary=True,
)  # fmt: skip
SAMPLES = [
    sample(0, 4, 0.25, forced=True, flags=[Flag.TRUNCATED_OUTPUT]),
    sample(1, 4, 0.75, forced=False),
    sample(2, 4, None, forced=True),
    sample(0, 8, 0.5, forced=False),
    sample(1, 8, 0.75, forced=False),
    sample(2, 8, 0.25, forced=True),
]


def test_each_budget_has_its_values_and_no_bounds_of_graded_scores() -> None:
    metrics = forced_metrics(SAMPLES, FIRST, Mean(of="scores.mark"), budgets=[4, 8], seed=1, resamples=100)
    found = {(one.metric, (one.slice or {}).get("thinking_budget")): (one.value, one.n) for one in metrics}
    assert found == {
        ("mark", None): (0.5, 5),
        ("mark", "4"): (0.5, 2),
        ("mark", "8"): (0.5, 3),
        ("mark_in_time", "4"): (0.375, 2),
        ("mark_in_time", "8"): (1.25 / 3, 3),
        ("forced", "4"): (0.5, 2),
        ("forced", "8"): (1 / 3, 3),
        ("truncated_prompts", None): (0.0, 6),
        ("truncated_outputs", None): (1.0, 6),
        ("unparsed_answers", None): (0.0, 6),
        ("unscored", None): (1.0, 6),
    }
    assert [(one.primary, one.note, one.words and one.words.title) for one in metrics[:2]] == [
        (True, "mean over the budgets", "mark within the thinking budgets, forced where need be"),
        (False, None, "mark within a thinking budget, forced where need be"),
    ]
    assert {one.unit for one in metrics[:2]} == {"score"}
    assert [recomputed(one, SAMPLES) for one in metrics] == metrics
