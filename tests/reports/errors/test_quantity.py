from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.reports.errors.analysis import analyse
from audit.reports.errors.quantity import quantity_of

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def test_scores_on_an_open_scale_are_compared_by_their_mean(records: Records) -> None:
    metric = records["metric"]("truthfulqa/chrf", unit="score")
    samples = [records["sample"]("truthfulqa", i, score=float(i)) for i in (30, 5, 80)]
    analysis = analyse("evals", "truthfulqa", samples, [metric], seed=1)
    assert (analysis.quantity, analysis.listed_as) == ("mean score", "lowest scores")
    assert [sample.score for sample in analysis.listed] == [5.0, 30.0, 80.0]
    nothing = [records["sample"]("truthfulqa", i, score=0.0) for i in range(3)]
    assert analyse("evals", "truthfulqa", nothing, [metric], seed=1).quantity == "mean score"


@pytest.mark.parametrize(
    ("suite", "unit", "better", "scores", "expected"),
    [
        ("evals", "share", True, [1.0, 0.0], ("error rate", [0.0, 1.0], 1)),
        ("evals", "share", False, [1.0, 0.0], ("share with score 1", [1.0, 0.0], 1)),
        ("safety", "percent", None, [1.0, 0.0], ("share with score 1", [1.0, 0.0], 1)),
        ("evals", "chrf", True, [1.0, 0.0], ("mean score", [1.0, 0.0], -1)),
        ("evals", "nats", False, [0.5, 0.0], ("mean score", [0.5, 0.0], 1)),
        ("safety", "probability", False, [0.5, 0.0], ("mean score", [0.5, 0.0], 1)),
        ("safety", "nats", None, [0.5, -1.0], ("mean score", [0.5, -1.0], 0)),
    ],
)
def test_what_is_compared_and_which_end_is_worse(
    suite: Any, unit: str, better: bool | None, scores: list[float], expected: Any, records: Records
) -> None:
    metric = records["metric"]("boolq/x", suite=suite, unit=unit, higher_is_better=better)
    samples = [records["sample"]("boolq", i, score=score) for i, score in enumerate(scores)]
    found = quantity_of(suite, samples, [metric])
    assert (found.name, found.values, found.worse) == expected
