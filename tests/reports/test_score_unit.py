from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.reports.score_unit import unit_of_scores

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Sample

Records = dict[str, "Callable[..., Any]"]


def scored(records: Records, *scores: float, **names: float) -> list[Sample]:
    """Samples with these scores, each also under the names and times the factors of ``names``."""
    return [
        records["sample"](
            "task", place, score=score, scores={name: factor * score for name, factor in names.items()},
            slices={"half": "ab"[place % 2]},
        )
        for place, score in enumerate(scores)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "definition", "found"),
    [
        ("probability", {"name": "mean"}, "probability"),
        ("probability", {"name": "mean", "of": "scores.same"}, "probability"),
        ("nats", {"name": "mean"}, "nats"),
        # Shares in percent are stored as shares.
        ("percent", {"name": "mean", "scale": 100.0}, "share"),
        ("percent", {"name": "mean"}, "percent"),
        # What is scaled otherwise has no unit with a name.
        ("bits", {"name": "mean", "scale": 1.44}, "score"),
        ("furlongs", {"name": "mean"}, "score"),
        # A metric of some samples only is compared with their scores.
        ("probability", {"name": "mean", "where": {"half": "a"}}, "probability"),
        # A mean of something else is no mean of the scores.
        ("probability", {"name": "mean", "of": "scores.half"}, "score"),
        ("probability", {"name": "mean", "of": "scores.absent"}, "score"),
        # A gap between groups has another range than what it is computed from.
        ("points", {"name": "paired", "by": "half", "first": "a", "second": "b"}, "score"),
        # The corpus score of each item alone is its score.
        ("chrf", {"name": "corpus", "metric": "chrf"}, "chrf"),
        ("bleu", {"name": "corpus", "metric": "bleu"}, "score"),
        ("probability", {"name": "of another package"}, "score"),
        ("probability", None, "score"),
    ],
)
def test_the_unit_is_that_of_a_metric_that_is_a_mean_of_the_scores(
    unit: str, definition: dict[str, Any] | None, found: str, records: Records
) -> None:
    samples = scored(records, 0.25, 0.5, 0.75, same=1.0, half=0.5, chrf=1.0)
    metric = records["metric"](f"task/{unit}", unit=unit, definition=definition)
    assert unit_of_scores(samples, [metric]) == found


def test_the_first_metric_that_says_it_decides_and_scores_outside_its_range_have_none(records: Records) -> None:
    def mean(unit: str, **more: Any) -> Any:
        return records["metric"](f"task/{unit}", unit=unit, definition={"name": "mean"}, **more)

    gap = records["metric"](
        "task/gap", unit="points", definition={"name": "paired", "by": "x", "first": "a", "second": "b"}
    )
    samples = scored(records, 0.25, 0.5)
    assert unit_of_scores(samples, [gap, mean("probability"), mean("nats")]) == "probability"
    assert unit_of_scores(samples, [mean("nats", slice={"half": "a"}), mean("probability")]) == "probability"
    assert unit_of_scores(scored(records, 0.25, 1.5), [mean("probability")]) == "score"
    assert unit_of_scores([], [mean("probability")]) == "score"
