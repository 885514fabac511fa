from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Flag, SampledText
from audit.reports.errors.analysis import analyse

if TYPE_CHECKING:
    from collections.abc import Callable

Records = dict[str, "Callable[..., Any]"]


def test_flags_are_counted_once_per_sample_those_of_completions_too(records: Records) -> None:
    flags: list[list[Any]] = [["redacted", "tie"], ["redacted"], []]
    samples = [records["sample"]("boolq", index, score=1.0, flags=given) for index, given in enumerate(flags)]
    texts = [SampledText(text="a", flags=[Flag.WITHHELD, Flag.REDACTED])] * 2
    samples.append(records["sample"]("boolq", 3, score=1.0, completions=texts))
    counted = analyse("evals", "boolq", samples, [], seed=1).flags
    assert counted == {"redacted": 3, "tie": 1, "withheld": 1}


def test_mean_scores_in_a_bounded_unit_have_its_bounds_and_axis(records: Records) -> None:
    """Seven texts that are nearly all harmful: the mean is a probability, and so are the ends of its interval."""
    metric = records["metric"]("toxicity/mean", suite="safety", unit="probability", definition={"name": "mean"})
    scores = [0.01, 0.97, 0.99, 0.98, 0.99, 0.97, 0.99]
    samples = [
        records["sample"]("toxicity", i, score=score, slices={"half": "ab"[i % 2]}) for i, score in enumerate(scores)
    ]
    analysis = analyse("safety", "toxicity", samples, [metric], seed=1)
    assert (analysis.quantity, analysis.unit) == ("mean score", "probability")
    assert analysis.overall is not None
    ends = [group.interval for group in (analysis.overall,) if group.interval]
    assert len(ends) == 1
    assert all(0 <= interval.low < interval.high <= 1 for interval in ends)


def test_a_task_in_which_nothing_could_be_scored(records: Records) -> None:
    samples = [records["sample"]("boolq", i, error="broken") for i in range(3)]
    analysis = analyse("evals", "boolq", samples, [], seed=1)
    assert (analysis.overall, analysis.listed, analysis.search.groups) == (None, [], [])
    assert analysis.errors == {"broken": 3}
