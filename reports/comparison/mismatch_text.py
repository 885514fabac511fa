"""What a comparison says, in words: outcomes, in what else the runs differ, and what could not be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import metric_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import MetricDifference, Mismatch, SeriesMetric


def mismatch_rows(mismatches: Sequence[Mismatch]) -> list[dict[str, object]]:
    """What differs, where, and what each run has.

    Args:
        mismatches: Of a comparison.
    """
    return [
        {
            "What differs": one.words,
            "Where": one.metric or one.task or "whole run",
            "Baseline": "" if one.kind == "prompts" else short(one.baseline),
            "This run": "" if one.kind == "prompts" else short(one.candidate),
        }
        for one in mismatches
    ]


def outcome_text(one: MetricDifference) -> str:
    """The outcome, and how many items, or what, would tell more."""
    if one.outcome == "no margin for this unit":
        return f"{one.outcome}: give --margin"
    if one.outcome == "too few items to tell" and one.needed is not None and one.needed > one.n:
        return f"{one.outcome} ({one.needed:,} would)"
    return one.outcome or ""


def by_reason(metrics: Sequence[MetricDifference | SeriesMetric]) -> dict[str, list[str]]:
    """Metrics that could not be compared, by the reason.

    Args:
        metrics: Of two or more runs.
    """
    found: dict[str, list[str]] = {}
    for one in metrics:
        if one.error is not None:
            found.setdefault(one.error, []).append(metric_label(one))
    return found


def short(value: object) -> str:
    """A setting as shown: digests by their beginning.

    Args:
        value: Whatever a run has.
    """
    if isinstance(value, dict):
        return ", ".join(f"{name} {short(inner)}" for name, inner in value.items()) or "none"
    text = "none" if value is None else str(value)
    return text[:12] if len(text) == 64 and set(text) <= set("0123456789abcdef") else text[:80]
