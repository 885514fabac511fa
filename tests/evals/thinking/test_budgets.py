"""The metrics of a curve: which budgets, which tasks, and what a run that stops earlier measures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Flag, Metric, Sample, SampledText
from audit.evals.thinking.budgets import budget_metrics, grid
from audit.stats.definitions import Corpus, Mean, MeanOfCategories
from audit.stats.recompute import recomputed

if TYPE_CHECKING:
    from collections.abc import Sequence

CUT = [Flag.TRUNCATED_OUTPUT, Flag.THINKING_CUT]


def answer(place: int, right: float, tokens: int | None, **more: Any) -> Sample:
    """A question and how it was answered."""
    given = {"thinking": "Hm." if tokens else None, "scores": {"exact_match": right}, "score": right, **more}
    return Sample(
        sample_id=f"s{place}", suite="evals", task="sums", prompt="?", output="7", thinking_tokens=tokens, **given
    )


def primary(**changes: Any) -> Metric:
    """The task's first metric."""
    given: dict[str, Any] = {
        "name": "sums/exact_match", "suite": "evals", "task": "sums", "metric": "exact_match", "value": 0.5, "n": 4,
        "higher_is_better": True, "unit": "share", "primary": True,
        "definition": Mean(of="scores.exact_match").written(),
    }  # fmt: skip
    return Metric.model_validate({**given, **changes})


def made(samples: Sequence[Sample], **changes: Any) -> list[Metric]:
    return budget_metrics(samples, [primary(**changes)], seed=1, resamples=100)


def test_the_grid_doubles_from_the_shortest_to_the_longest() -> None:
    assert grid([37, 100, 0]) == [32, 64, 100]
    assert grid([37, 64]) == [32, 64]
    assert grid([64]) == [64]
    assert grid([1]) == [1]
    assert grid([1, 2]) == [1, 2]
    assert grid([3, 2048]) == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]


def test_the_curve_and_where_it_saturates() -> None:
    only = [Flag.THINKING_ONLY]
    samples = [answer(0, 1.0, 5), answer(1, 1.0, 20), answer(2, 0.0, 9, flags=only), answer(3, 0.0, 40, flags=CUT)]
    first, *curve = made(samples)
    assert (first.metric, first.value, first.unit, first.slice, first.n) == (
        "exact_match_saturation_budget", 20, "tokens", None, 4,
    )  # fmt: skip
    assert first.note is not None
    assert first.note.endswith("of 4 texts, the limit cut 1 inside the trace and 1 ended there by themselves")
    found = {(one.slice or {})["thinking_budget"]: one.value for one in curve}
    assert found == {"4": 0.0, "8": 0.25, "16": 0.25, "32": 0.5, "40": 0.5}
    assert {one.metric for one in curve} == {"exact_match_within_budget"}  # the one trace was cut at the longest
    assert all(one.ci_method == "wilson" and one.n == 4 for one in curve)
    assert [recomputed(one, samples) for one in (first, *curve)] == [first, *curve]


def test_bounds_stand_where_a_cut_leaves_the_share_open() -> None:
    samples = [answer(0, 1.0, 30), answer(1, 0.0, 10, flags=CUT), answer(2, 1.0, 12, flags=[Flag.TRUNCATED_OUTPUT])]
    _, *curve = made(samples)
    found: dict[str, dict[str, float | None]] = {}
    for one in curve:
        found.setdefault((one.slice or {})["thinking_budget"], {})[one.metric] = one.value
    name = "exact_match_within_budget"
    assert found["8"] == {name: 0.0}
    third = pytest.approx(1 / 3)
    assert found["16"] == {name: third, f"{name}_if_cut_wrong": 0.0, f"{name}_if_cut_right": pytest.approx(2 / 3)}
    assert found["30"] == {name: pytest.approx(2 / 3), f"{name}_if_cut_wrong": third, f"{name}_if_cut_right": 1.0}
    titles = [one.words.title for one in curve if one.words and one.metric.endswith("_right")]
    assert set(titles) == {"Right answers within a thinking budget, if all cut answers are right"}
    assert [recomputed(one, samples) for one in curve] == curve


def test_without_a_right_answer_there_is_nothing_to_keep() -> None:
    """A metric without a value would make the run incomplete."""
    curve = made([answer(0, 0.0, 5), answer(1, 0.0, 9, flags=CUT)])
    assert {one.metric for one in curve} == {"exact_match_within_budget"}
    assert {one.value for one in curve} == {0.0}


def test_several_answers_to_each_item() -> None:
    def text(right: float, tokens: int) -> SampledText:
        return SampledText(text="7", thinking="Hm.", value=right, labels={"exact_match": right}, thinking_tokens=tokens)

    sample = answer(0, 0.5, 8, completions=[text(1.0, 8), text(0.0, 16)])
    first, *curve = made([sample])
    assert first.value == 8
    assert [one.value for one in curve] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("samples", "changes"),
    [
        ([answer(0, 1.0, 0)], {}),  # it does not think
        ([answer(0, 1.0, None)], {}),  # nobody counted
        ([answer(0, 1.0, 3, thinking=" \n")], {}),  # it writes an empty trace
        ([answer(0, 0.5, 3)], {}),  # neither right nor wrong
        ([answer(0, 1.0, 3)], {"unit": "score"}),
        ([answer(0, 1.0, 3)], {"higher_is_better": False}),
        ([answer(0, 1.0, 3)], {"definition": None}),
        ([answer(0, 1.0, 3)], {"definition": Corpus(metric="chrf").written()}),
        ([answer(0, 1.0, 3)], {"definition": MeanOfCategories(of="scores.exact_match", by="category").written()}),
    ],
)
def test_where_there_is_no_curve(samples: list[Sample], changes: dict[str, Any]) -> None:
    assert made(samples, **changes) == []
