"""Metrics, recomputed from a run folder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.stats import definitions
from audit.stats.definitions.chance import Meaning
from audit.stats.definitions.metric import measured
from audit.stats.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Metric, Sample
    from audit.core.run_folder import RunFolder

REFERENCES = ("chance", "majority", "majority_answer")
DERIVED = ("value", "n", "missing", "ci_low", "ci_high", "ci_method", "no_interval", "error", *REFERENCES)
"""Fields of a metric that follow from its definition, unit, slice, confidence, ``chance_of`` and the samples."""


def recomputed_metrics(folder: RunFolder) -> list[Metric]:
    """All metrics of a run that have a definition, recomputed from the samples and attributions in its folder.

    With the versions of packages that the run had, each equals that of ``metrics.json`` exactly.

    Args:
        folder: A run folder.

    Raises:
        TypeError: A definition cannot be followed: it is of a newer version, or of a plug-in that is not here.
        RunFolderError: A file is broken.
    """
    records = Records(folder)
    return [recomputed(metric, records.of(metric)) for metric in folder.read_metrics() if metric.definition]


def recomputed(metric: Metric, samples: Sequence[Sample], *, interval: bool = True) -> Metric:
    """A metric as its definition computes it from samples; other fields stay unchanged.

    So does the reason why nothing was explained, which no sample gives.

    Args:
        metric: One with a ``definition``.
        samples: Those that the definition uses: all of its tasks.
        interval: Whether the interval is computed; else it stays as it is.

    Raises:
        TypeError: The metric has no definition, or one that cannot be followed.
    """
    definition = definitions.read(metric.definition or {})
    made = measured(
        definition,
        samples,
        metric=metric.metric,
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
        slice=metric.slice,
        confidence=metric.confidence,
        interval=interval,
        about=(metric.suite, metric.task),
        meaning=Meaning.of(metric),
    )
    fields: tuple[str, ...] = DERIVED if interval else ("value", "n", "missing", "error", *REFERENCES)
    if definition.explained is not None and made.value is None and metric.value is None and metric.error:
        fields = tuple(name for name in fields if name != "error")  # attributions that are not there give no reason
    return metric.model_copy(update={name: getattr(made, name) for name in fields})


def called(metric: Metric) -> str:
    """A metric's name, with its slice if it has one, as messages show it."""
    return f"{metric.name} with slice {metric.slice}" if metric.slice else metric.name


def differences(metric: Metric, samples: Sequence[Sample], *, interval: bool) -> Iterator[str]:
    """How a metric differs from what its definition computes from samples, beyond rounding.

    Args:
        metric: One with a ``definition``.
        samples: Those that the definition uses.
        interval: Whether the interval is computed again, too.
    """
    try:
        found = recomputed(metric, samples, interval=interval)
    except TypeError as error:
        yield f"{metric.name} has a definition that cannot be computed: {error}"
        return
    name = called(metric)
    if (metric.n, metric.missing) != (found.n, found.missing):
        counts = f"n {metric.n}, missing {metric.missing}"
        yield f"{name} has {counts}, the samples give n {found.n}, missing {found.missing}"
        return
    if not _equal(metric.value, found.value):
        yield f"{name} is {shown(metric.value)}, the samples give {shown(found.value)}"
    for field in ("chance", "majority"):
        here, there = getattr(metric, field), getattr(found, field)
        if not _equal(here, there):
            yield f"{field} of {name} is {shown(here)}, the samples give {shown(there)}"
    if metric.majority_answer != found.majority_answer:
        yield f"majority_answer of {name} is not what the samples give"
    said, given = ((one.ci_low, one.ci_high) for one in (metric, found))
    if not all(map(_equal, said, given)):
        texts = (f"{shown(low)} to {shown(high)}" for low, high in (said, given))
        yield "the interval of {} is {}, the samples give {}".format(name, *texts)


def _equal(one: float | None, other: float | None) -> bool:
    """Whether two numbers are equal up to rounding, or both absent."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def shown(value: float | None) -> str:
    """A number of a metric, as shown in a message."""
    return "none" if value is None else f"{value:.6g}"
