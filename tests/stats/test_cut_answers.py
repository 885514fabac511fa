"""Answers that the token limit cut: the words next to a metric, and what is wrong with its bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Flag
from audit.stats.cut_answers import bound_faults, cut_text, is_bound
from audit.stats.definitions import Mean, Unscored, measured
from tests.stats.definitions.conftest import a_sample

if TYPE_CHECKING:
    from audit.core.records import Metric

CUT = [
    a_sample(str(i), score=float(i % 3 > 0), flags=[Flag.TRUNCATED_OUTPUT] if i < 4 else [], scores={"size": 0.5 * i})
    for i in range(12)
]


def metric(name: str, definition: Mean, better: bool | None = True, **fields: Any) -> Metric:
    return measured(definition, CUT, metric=name, unit="share", higher_is_better=better, **fields)


SHARE = metric("accuracy", Mean())
WRONG, RIGHT = metric("accuracy_if_cut_wrong", Mean(if_cut=0.0)), metric("accuracy_if_cut_right", Mean(if_cut=1.0))
COUNT = metric("truncated_outputs", Mean()).model_copy(update={"unit": "count", "value": 3.0})


def test_cut_answers_are_named_with_their_bounds() -> None:
    assert cut_text(SHARE, [SHARE]) == ""
    assert cut_text(SHARE, [COUNT.model_copy(update={"value": 0.0})]) == ""
    assert cut_text(SHARE, [COUNT.model_copy(update={"value": None})]) == ""
    counted = "3 of 12 answers cut by the token limit"
    assert cut_text(SHARE, [COUNT]) == counted
    many = COUNT.model_copy(update={"value": 12345.0, "n": 23456})
    assert cut_text(SHARE, [many]) == "12,345 of 23,456 answers cut by the token limit"
    # Items 1 and 2 of the four that were cut were right, 0 and 3 wrong: 8 of 12 lie between 6 and 10.
    assert cut_text(SHARE, [COUNT, WRONG, RIGHT]) == f"{counted}: 50 % if all are wrong, 83 % if all are right"
    for lost in (WRONG, RIGHT):
        others = [one for one in (WRONG, RIGHT) if one is not lost]
        assert cut_text(SHARE, [COUNT, *others]) == counted
        assert cut_text(SHARE, [COUNT, *others, lost.model_copy(update={"value": None})]) == counted


def test_a_metric_of_some_items_counts_their_answers_alone() -> None:
    """Four items were cut, three of them of the kind that the metric is about."""
    parts = [
        one.model_copy(update={"slices": {"kind": "ab"[place == 2 or place > 6]}}) for place, one in enumerate(CUT)
    ]
    count = COUNT.model_copy(update={"value": 4.0})
    part = measured(Mean(where={"kind": "a"}), parts, metric="accuracy", unit="share", higher_is_better=True)
    assert cut_text(part, [count]) == "4 of 12 answers cut by the token limit"
    assert cut_text(part, [count], lambda *_: parts) == "3 of 6 answers cut by the token limit"
    assert cut_text(SHARE, [count], lambda *_: parts) == "4 of 12 answers cut by the token limit"
    whole = [one.model_copy(update={"flags": []}) if one.slices["kind"] == "a" else one for one in parts]
    assert cut_text(part, [count], lambda *_: whole) == ""
    unknown = part.model_copy(update={"definition": {"name": "elsewhere.mean"}})
    assert cut_text(unknown, [count], lambda *_: parts) == "4 of 12 answers cut by the token limit"


@pytest.mark.parametrize("changes", [{"task": "others"}, {"suite": "safety"}, {"slice": {"kind": "a"}}])
def test_counts_of_other_tasks_and_slices_say_nothing(changes: dict[str, Any]) -> None:
    assert cut_text(SHARE, [COUNT.model_copy(update=changes), WRONG, RIGHT]) == ""


def faults(*metrics: Metric, samples: Any = CUT) -> list[str]:
    return list(bound_faults(metrics, samples))


def test_a_share_has_both_bounds_where_answers_were_cut() -> None:
    assert faults(SHARE, WRONG, RIGHT) == []
    lacks = "sums/accuracy lacks its bound accuracy_if_cut_{}, though the token limit cut answers"
    assert faults(SHARE) == [lacks.format("wrong"), lacks.format("right")]
    assert faults(SHARE, WRONG) == [lacks.format("right")]
    whole = [one.model_copy(update={"flags": []}) for one in CUT]
    assert faults(SHARE, samples=whole) == []


def test_bounds_are_the_metric_with_cut_answers_at_their_worst_and_best() -> None:
    other = "sums/accuracy_if_cut_wrong is not defined as sums/accuracy with cut answers scored as 0"
    for wrong in (Mean(if_cut=1.0), Mean(if_cut=0.0, seed=3), Mean(if_cut=0.0, where={"kind": None})):
        assert faults(SHARE, metric("accuracy_if_cut_wrong", wrong), RIGHT) == [other]
    assert faults(SHARE, WRONG.model_copy(update={"definition": None}), RIGHT) == [other]


@pytest.mark.parametrize("name", ["accuracy", "passed_if_cut_right"])
def test_only_bounds_score_cut_answers(name: str) -> None:
    """A bound without its metric may have any name."""
    assert faults(metric(name, Mean(if_cut=1.0))) == [
        f"sums/{name} scores cut answers as 1, which only the bounds of a metric may do"
    ]


def test_a_metric_that_is_called_like_a_bound_is_none() -> None:
    """It needs both bounds like any other share."""
    named = metric("passed_if_cut_right", Mean())
    lacks = "sums/passed_if_cut_right lacks its bound passed_if_cut_right_if_cut_{}, though the token limit cut answers"
    assert faults(named) == [lacks.format("wrong"), lacks.format("right")]
    bounds = [
        metric(f"{named.metric}_if_cut_{word}", Mean(if_cut=end)) for word, end in (("wrong", 0.0), ("right", 1.0))
    ]
    assert faults(named, *bounds) == []
    assert [is_bound(one) for one in (named, *bounds)] == [False, True, True]
    assert not is_bound(COUNT.model_copy(update={"definition": None}))


def test_where_lower_is_better_the_worst_is_one() -> None:
    errors = [
        metric("errors", Mean(), better=False),
        metric("errors_if_cut_wrong", Mean(if_cut=1.0), better=False),
        metric("errors_if_cut_right", Mean(if_cut=0.0), better=False),
    ]
    assert faults(*errors) == []
    neither = [one.model_copy(update={"higher_is_better": None}) for one in errors]
    assert len(faults(*neither)) == 2


@pytest.mark.parametrize(
    "other",
    [
        measured(Mean(of="scores.size"), CUT, metric="size", unit="nats", higher_is_better=True),  # no share
        metric("mean_squared_error", Mean(of="scores.squared_error")),
        measured(Unscored(), CUT, metric="unscored", unit="count", higher_is_better=False),
        SHARE.model_copy(update={"value": None, "error": "lost"}),
        SHARE.model_copy(update={"definition": None}),
        SHARE.model_copy(update={"suite": "safety"}),
        SHARE.model_copy(update={"slice": {"kind": "a"}}),
    ],
)
def test_other_metrics_need_no_bounds(other: Metric) -> None:
    assert faults(other) == []


def test_squared_errors_of_0_and_1_are_no_share() -> None:
    errors = [one.model_copy(update={"scores": {"squared_error": one.score}}) for one in CUT]
    definition = Mean(of="scores.squared_error")
    made = measured(definition, errors, metric="mean_squared_error", unit="squared_error", higher_is_better=False)
    assert faults(made, samples=errors) == []
    named = [one.model_copy(update={"scores": {"hit": one.score}}) for one in CUT]
    share = measured(Mean(of="scores.hit"), named, metric="hit", unit="share", higher_is_better=True)
    assert len(faults(share, samples=named)) == 2
