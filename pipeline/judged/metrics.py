"""Metrics of a judged task: means, shares, what people's labels make of them, and what cut outputs leave open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audit.core.records import Flag
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUTS, unscored_metric
from audit.stats.agreement.judges import faults_of
from audit.stats.definitions import Count, Mean, PoweredMean, measured

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.records import Metric, Sample
    from audit.core.records.base import Suite
    from audit.safety.judges.rubric import Rubric
    from audit.stats.definitions import Definition

SAME, LABEL = "same_in_both_orders", "label"
"""Names of scores."""


def metrics_of(
    rubric: Rubric,
    about: tuple[Suite, str],
    samples: Sequence[Sample],
    settings: Mapping[str, Any],
    *,
    with_labels: bool,
) -> list[Metric]:
    """The metrics of a judged task, primary ones first; each is a function of the samples.

    Args:
        rubric: What was asked.
        about: Suite and task.
        samples: Of the judged run.
        settings: What decided the verdicts, and what is known of the judge.
        with_labels: Whether people labelled a random sample.
    """
    is_cut = any(Flag.TRUNCATED_OUTPUT in sample.flags for sample in samples)
    faults = faults_of(settings)
    note = f"judged by {settings['judge']}: {'; '.join(faults)}" if faults else f"judged by {settings['judge']}"
    found = []
    for name, plain, primary in _declared(rubric, with_labels=with_labels):
        direction = None if name == SAME else True if rubric.pairs else rubric.higher_is_better
        found += [
            measured(
                definition,
                samples,
                metric=f"{rubric.name}_{name}{ending}",
                unit="share",
                higher_is_better=direction,
                primary=primary and not ending,
                note=_said_of(definition, note, settings),
                settings=settings,
                about=about,
            )
            for ending, definition in _bounded(plain, direction, is_cut=is_cut)
        ]
    if is_cut:
        cut = Count(flags=(Flag.TRUNCATED_OUTPUT.value,))
        found.append(
            measured(cut, samples, metric=TRUNCATED_OUTPUTS, unit="count", higher_is_better=False, about=about)
        )
    found.append(unscored_metric(*about, samples))
    return sorted(found, key=lambda metric: not metric.primary)


def _bounded(
    plain: Mean | PoweredMean, direction: bool | None, *, is_cut: bool
) -> Iterator[tuple[str, Mean | PoweredMean]]:
    """A definition and, where the token limit cut outputs, its two bounds, each with the ending of its name."""
    yield "", plain
    if is_cut:
        worst = 1.0 if direction is False else 0.0
        yield IF_WRONG, replace(plain, if_cut=worst)
        yield IF_RIGHT, replace(plain, if_cut=1.0 - worst)


def _declared(rubric: Rubric, *, with_labels: bool) -> Iterator[tuple[str, Mean | PoweredMean, bool]]:
    """Name, definition, and whether it is primary."""
    least = None if rubric.counts_from is None else rubric.share_of_range(rubric.counts_from)
    mean = "preferred" if rubric.pairs else "mean"
    if with_labels:
        yield f"{mean}_corrected", PoweredMean(), True
        if least is not None:
            yield "share_corrected", PoweredMean(at_least=least), True
    yield mean, Mean(), not with_labels
    if least is not None:
        yield "share", Mean(at_least=least), not with_labels
    yield SAME, Mean(of=f"scores.{SAME}"), False


def _said_of(definition: Definition, note: str, settings: Mapping[str, Any]) -> str:
    if not isinstance(definition, PoweredMean):
        return note
    outside = settings["labels_outside_the_draw"]
    more = f"; {outside:,} labels outside the draw were not used" if outside else ""
    return f"corrected by people's labels of {settings['labels_used']:,} outputs, drawn at random{more}"
