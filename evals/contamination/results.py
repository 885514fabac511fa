"""From the samples of a check to its result."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, replace
from typing import TYPE_CHECKING, Any

from audit.core.records import Metric, MetricWords, Sample, Suite, TaskResult, TaskWords
from audit.core.records.files.finite import finite
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import measured
from audit.stats.definitions.chance import Meaning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.config import RunConfig
    from audit.core.records import AssetRecord
    from audit.stats.definitions import Definition

SUITE: Suite = "evals"


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric of a check."""

    name: str
    """Without the task."""
    definition: Definition
    """Of the value; the run's seed is put in."""
    unit: str
    """A name of :data:`audit.core.units.UNITS`."""
    words: MetricWords
    """Title and phrases."""
    _: KW_ONLY
    higher_is_better: bool | None = False
    """Its direction."""
    primary: bool = False
    """Whether the summary shows it."""
    chance: float | None = None
    """Its value where there is no contamination."""
    ideal: float | None = None
    """The value to aim at."""
    slice: Mapping[str, str] | None = None
    """The subset that it is about."""


def result_of(  # noqa: PLR0913 - the fields of a result, all but four by keyword
    task: str,
    samples: Sequence[Sample],
    declared: Sequence[Declared],
    config: RunConfig,
    *,
    words: TaskWords,
    settings: Mapping[str, Any],
    note: str,
    records: Sequence[AssetRecord],
    unknown: str | None = None,
) -> TaskResult:
    """The result of a check.

    Args:
        task: ``TASK.CHECK``.
        samples: Judged; numbers that are not finite become null.
        declared: Its metrics, primary ones first.
        config: Of the run.
        words: Title and question.
        settings: What decides the values, apart from checkpoint, data and seed.
        note: What a reader of every value must know.
        records: Where items come from.
        unknown: Why nothing can be computed; None where something can.
    """
    stored = [finite(sample) for sample in samples]
    if unknown is not None:
        metrics = [_not_computed(task, one, unknown, settings) for one in declared]
    else:
        metrics = [_metric(task, one, stored, config, settings, note) for one in declared]
        metrics.append(unscored_metric(SUITE, task, stored))
    return TaskResult(
        suite=SUITE,
        task=task,
        metrics=metrics,
        samples=stored,
        words=words,
        settings=dict(settings),
        assets=list(records),
    )


def _metric(
    task: str, one: Declared, samples: Sequence[Sample], config: RunConfig, settings: Mapping[str, Any], note: str
) -> Metric:
    """One metric of the samples."""
    return measured(
        replace(one.definition, seed=config.seed, resamples=config.evals.bootstrap_resamples),
        samples,
        metric=one.name,
        unit=one.unit,
        higher_is_better=one.higher_is_better,
        primary=one.primary,
        note=note,
        settings=settings,
        slice=one.slice,
        about=(SUITE, task),
        meaning=Meaning(one.words, one.chance, one.ideal),
    )


def _not_computed(task: str, one: Declared, why: str, settings: Mapping[str, Any]) -> Metric:
    """A metric without a value, and why."""
    return Metric(
        name=f"{task}/{one.name}",
        suite=SUITE,
        task=task,
        metric=one.name,
        value=None,
        n=0,
        higher_is_better=one.higher_is_better,
        unit=one.unit,
        primary=one.primary,
        slice=dict(one.slice) if one.slice else None,
        words=one.words,
        chance=one.chance,
        ideal=one.ideal,
        settings=dict(settings),
        error=why,
    )
