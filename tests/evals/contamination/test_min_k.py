"""Published against rewritten items: scores by hand, and what is counted as not rewritten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import TaskUnavailable
from audit.engine import Score
from audit.evals.contamination.benchmark import read_benchmark
from audit.evals.contamination.min_k import check_min_k
from audit.stats.recompute import differences

if TYPE_CHECKING:
    from tests.evals.conftest import Scripted

ROWS = [
    {"question": f"Which {place}?", "choices": ["red", "green", "blue", f"item {'x' * place}"], "answer": 0}
    for place in range(8)
]


def scored(*values: float) -> Score:
    """Tokens whose log-probabilities are so many standard deviations from the mean."""
    count = len(values)
    return Score(tuple(values), (False,) * count, (0.0,) * count, (1.0,) * count)


def test_the_difference_is_that_of_min_k_plus(scripted: Scripted, rows: dict[str, list[dict[str, Any]]]) -> None:
    rows["openbookqa"] = [*ROWS, {"question": "Which?", "choices": ["1", "2", "3"], "answer": 0}]
    wanted = TaskConfig(name="openbookqa.min-k", limit=2)
    scripted.scores = [scored(-1, -3), scored(-2, -5), scored(-4), scored(-3)]
    found = check_min_k(scripted, RunConfig(), wanted, read_benchmark(RunConfig(), "openbookqa"))
    assert [(one.score, one.scores) for one in found.samples] == [
        (2.0, {"published": -3.0, "rewritten": -5.0}),
        (-1.0, {"published": -4.0, "rewritten": -3.0}),
    ]
    assert all(one.moments for one in scripted.asked)
    metrics = {metric.metric: metric for metric in found.metrics}
    assert (metrics["difference"].value, metrics["share_likelier"].value) == (0.5, 0.5)
    assert metrics["difference"].note == "8 of 9 items can be rewritten (1: options with numbers, which may be sorted)"
    assert found.samples[0].prompt.split("\n")[0] == str(found.samples[0].reference).split("\n")[0]
    assert [line for metric in found.metrics for line in differences(metric, found.samples, interval=True)] == []


def test_failures_cost_their_item(scripted: Scripted, rows: dict[str, list[dict[str, Any]]]) -> None:
    rows["openbookqa"] = ROWS
    scripted.scores = [scored(-1), Score((), (), error="NaN"), *[scored(-1)] * 14]
    wanted = TaskConfig(name="openbookqa.min-k")
    found = check_min_k(scripted, RunConfig(), wanted, read_benchmark(RunConfig(), "openbookqa"))
    assert [sample.error for sample in found.samples] == ["NaN", *[None] * 7]
    with pytest.raises(TaskUnavailable, match="no item can be rewritten"):
        check_min_k(scripted, RunConfig(), wanted, read_benchmark(RunConfig(), "boolq"))


def test_texts_that_differ_only_behind_what_is_read_are_no_tie(
    scripted: Scripted, rows: dict[str, list[dict[str, Any]]]
) -> None:
    rows["openbookqa"] = [{**ROWS[1], "question": "long " * 2_000}, ROWS[2]]
    scripted.scores = [scored(-1)] * 4
    wanted = TaskConfig(name="openbookqa.min-k")
    found = check_min_k(scripted, RunConfig(), wanted, read_benchmark(RunConfig(), "openbookqa"))
    assert [sample.score for sample in found.samples] == [None, 0.0]
    assert str(found.samples[0].error).startswith("its texts are the same up to the 1,024 tokens")
