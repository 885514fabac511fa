"""A metric corrected by the ratings of outputs that were drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError
from audit.core.records import Correction
from audit.core.units import SHARE_SCALES, unit_of
from audit.stats.definitions import Mean, read
from audit.stats.prediction_powered import LEAST_LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, Sample
    from audit.gate.corrected.ratings import RatedOutputs
    from audit.gate.policy import Corrected, Rule
    from audit.stats.prediction_powered.share import PoweredShare

YES = 0.5
"""Value from which on a scorer's judgement counts as a yes, where its agreement with people is counted."""


@dataclass(frozen=True, slots=True)
class CorrectedMetric:
    """A corrected metric, or why there is none."""

    metric: Metric
    """The metric with corrected value and interval; without both where there are none."""
    correction: Correction | None
    """What corrected it."""
    hindrance: str
    """Why it could not be corrected; empty where it was."""
    elsewhere: int = 0
    """Rated outputs that were not drawn."""
    share: PoweredShare | None = None
    """The corrected share."""


def refuse(rule: Rule, metric: Metric) -> None:
    """Refuse to correct what ratings of outputs say nothing about.

    Raises:
        ConfigError: The metric is no share of outputs that a scorer judged.
    """
    if metric.value is None or metric.definition is None or definition_of(metric) is not None:
        return
    what = unit_of(metric.unit).words
    msg = (
        f"corrected on {rule.metric}: ratings correct a share of outputs with one score each, and this is {what},"
        f" defined as {metric.definition.get('name')}: name another metric."
        " Shares of sampled texts that are corrected for known errors of their scorer end in _corrected"
    )
    raise ConfigError(msg)


def definition_of(metric: Metric) -> Mean | None:
    """The definition of a share of outputs; None where the metric is something else."""
    definition = read(metric.definition) if metric.definition else None
    if type(definition) is not Mean or definition.explained is not None or definition.despite_errors:
        return None
    return definition if SHARE_SCALES.get(metric.unit) == definition.scale else None


def corrected(
    rule: Rule,
    metric: Metric,
    samples: Sequence[Sample],
    run_id: str,
    ratings: RatedOutputs,
    confidence: float,
) -> CorrectedMetric:
    """The metric as people would have it.

    Args:
        rule: Of kind ``corrected``.
        metric: Over all items of its task.
        samples: All samples of the task.
        run_id: The run, which decides the draw.
        ratings: What people say.
        confidence: Nominal coverage of the interval.
    """
    bare = metric.model_copy(update={"value": None, "ci_low": None, "ci_high": None, "confidence": confidence})
    asked, definition = rule.corrected, definition_of(metric)
    if asked is None or definition is None or metric.value is None:
        return CorrectedMetric(bare, None, f"not computed: {metric.error or 'it has no samples to rate'}")
    scores = {one.sample_id: (one, value) for one, value in definition.values(definition.select(samples, None))}
    without = sum(one.output is None for one, _ in scores.values())
    if without:
        return CorrectedMetric(bare, None, f"{without:,} of {len(scores):,} scored items have no output to rate")
    if len(scores) < LEAST_LABELS:
        why = f"{len(scores):,} outputs: a correction needs {LEAST_LABELS} rated ones: measure more items of the task"
        return CorrectedMetric(bare, None, why)
    from audit.ratings.drawing import drawn  # noqa: PLC0415 - SQLAlchemy, which comes with it, takes a second to import

    sample = drawn((one for one, _ in scores.values()), run_id, asked.labels)
    rated = {one.sample_id: ratings.of(one) for one in sample if ratings.of(one)}
    chosen = {one.sample_id for one in sample}
    elsewhere = sum(bool(ratings.of(one)) for name, (one, _) in scores.items() if name not in chosen)
    if len(rated) < len(sample):
        found = Correction(raw=metric.value, outputs=len(scores), labels=len(rated), ratings=rated)
        hindrance = f"{len(sample) - len(rated):,} of {len(sample):,} outputs that were drawn at random are not rated"
        return CorrectedMetric(bare, found, hindrance, elsewhere)
    return _of_labels(bare, metric, asked, definition, scores, rated)


def _of_labels(
    bare: Metric,
    metric: Metric,
    asked: Corrected,
    definition: Mean,
    scores: dict[str, tuple[Sample, float]],
    rated: dict[str, list[int]],
) -> CorrectedMetric:
    """The correction by complete ratings."""
    from audit.stats.prediction_powered.share import powered_share  # noqa: PLC0415 - SciPy takes a second to import

    labels = [float(_counts(sum(points) / len(points), asked)) for points in rated.values()]
    judged = [scores[name][1] for name in rated]
    others = [name for name in scores if name not in rated]
    clusters = [definition.cluster_of(scores[name][0]) for name in (*rated, *others)]
    share = powered_share(
        labels, judged, [scores[name][1] for name in others], clusters=clusters, confidence=bare.confidence
    )
    scale, ends, n = definition.scale, share.interval, len(labels)
    found = Correction(
        raw=metric.value,
        outputs=len(scores),
        labels=n,
        disagreements=sum(len({_counts(one, asked) for one in points}) > 1 for points in rated.values()),
        agreement=sum((score >= YES) == (label >= YES) for score, label in zip(judged, labels, strict=True)) / n,
        bias=sum(judged) / n - sum(labels) / n,
        tuning=share.tuning,
        method=ends.method if ends else None,
        ratings=rated,
    )
    values = {"value": scale * share.value, "ci_method": found.method}
    values |= {"ci_low": scale * ends.low, "ci_high": scale * ends.high} if ends else {}
    values |= {} if ends else {"no_interval": "the labels do not show their spread"}
    return CorrectedMetric(bare.model_copy(update=values), found, "", share=share)


def _counts(rating: float, asked: Corrected) -> bool:
    """Whether a rating counts as 1."""
    if asked.rated_at_least is not None:
        return rating >= asked.rated_at_least
    return rating <= (asked.rated_at_most or 0)
