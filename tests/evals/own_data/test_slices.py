"""Metrics over subsets that a column names."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.records import Sample, TaskResult
from audit.evals.own_data.slices import with_slices
from audit.stats.definitions import Mean, measured
from tests.evals.own_data.test_task import CAPITALS, choosing, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.evals.conftest import Scripted


def test_a_subset_that_was_not_drawn_is_null_with_its_reason(scripted: Scripted, tmp_path: Path) -> None:
    choosing(scripted, 1, options=3)
    result = run(scripted, tmp_path / "mine.csv", CAPITALS, slices=["country"], limit=1)
    found = {m.slice["country"]: m for m in result.metrics if m.metric == "accuracy" and m.slice}
    (drawn,) = [sample.slices["country"] for sample in result.samples]
    assert found.keys() == {"France", "Poland", "Spain"}
    assert {name for name, metric in found.items() if metric.value is None} == found.keys() - {drawn}
    assert found[min(found.keys() - {drawn})].error == f"no items have country = {min(found.keys() - {drawn})}"


@pytest.mark.slow
@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.sampled_from([0.0, 0.5, 1.0, None]), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_slices_partition_the_questions(rows: list[tuple[str, str, float | None, bool]]) -> None:
    """What the subsets of a column count adds up to what the whole counts."""
    samples = [
        Sample(
            sample_id=str(place),
            suite="evals",
            task="mine",
            prompt="",
            score=1.0,
            scores={} if score is None else {"accuracy": score},
            error="too long" if failed else None,
            slices={"one": one, "other": other},
        )
        for place, (one, other, score, failed) in enumerate(rows)
    ]
    mean = Mean(of="scores.accuracy", seed=1, resamples=100)
    whole = measured(mean, samples, metric="accuracy", unit="share", higher_is_better=True, primary=True)
    questions = [SimpleNamespace(row=sample.slices) for sample in samples]
    file: Any = SimpleNamespace(columns=SimpleNamespace(slices=("one", "other")), questions=questions)
    result = TaskResult(suite="evals", task="mine", metrics=[whole], samples=samples)
    _, *sliced = with_slices(result, file, seed=1, resamples=100).metrics
    for column in ("one", "other"):
        parts = [metric for metric in sliced if column in (metric.slice or {})]
        assert {(metric.slice or {})[column] for metric in parts} == {sample.slices[column] for sample in samples}
        assert sum(metric.n for metric in parts) == whole.n
        assert sum(metric.missing for metric in parts) == whole.missing
        rights = math.fsum((metric.value or 0.0) * metric.n for metric in parts)
        assert rights == pytest.approx((whole.value or 0.0) * whole.n)


def test_subsets_have_the_bounds_that_cut_answers_leave_open() -> None:
    """Two of three right answers in Spain were cut: 1 of 3 if they are wrong; nothing was cut in France."""
    samples = [
        Sample(
            sample_id=str(place),
            suite="evals",
            task="mine",
            prompt="",
            score=1.0,
            scores={"exact_match": 1.0},
            flags=["truncated_output"] if place in {0, 1} else [],
            slices={"country": "Spain" if place < 3 else "France"},
        )
        for place in range(6)
    ]
    common: dict[str, Any] = {"unit": "share", "higher_is_better": True}
    whole = [
        measured(
            Mean(of="scores.exact_match", seed=1, resamples=100, if_cut=end), samples, metric=name, **more, **common
        )
        for name, end, more in (
            ("exact_match", None, {"primary": True}),
            ("exact_match_if_cut_wrong", 0.0, {}),
            ("exact_match_if_cut_right", 1.0, {}),
        )
    ]
    file: Any = SimpleNamespace(
        columns=SimpleNamespace(slices=("country",)), questions=[SimpleNamespace(row=one.slices) for one in samples]
    )
    result = TaskResult(suite="evals", task="mine", metrics=whole, samples=samples)
    found = with_slices(result, file, seed=1, resamples=100).metrics[len(whole) :]
    values = {(one.metric, (one.slice or {})["country"]): one.value for one in found}
    assert values == {
        ("exact_match", "Spain"): 1.0,
        ("exact_match_if_cut_wrong", "Spain"): pytest.approx(1 / 3),
        ("exact_match_if_cut_right", "Spain"): 1.0,
        **{(name, "France"): 1.0 for name in ("exact_match", "exact_match_if_cut_wrong", "exact_match_if_cut_right")},
    }
