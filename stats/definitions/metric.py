"""From a definition and a task's samples to the metric that is stored, and back."""

from __future__ import annotations

import math
from dataclasses import replace
from operator import index
from typing import TYPE_CHECKING, Any

from audit.core.contradictions import in_metric
from audit.core.errors import RAISED_BY_OTHERS
from audit.core.records import Metric
from audit.stats.definitions.base import Estimate
from audit.stats.interval import Interval, within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Sample, Suite
    from audit.stats.definitions.base import Definition
    from audit.stats.definitions.chance import Meaning

NO_SPREAD = "too few items, all in one cluster, or all or nearly all of one value"
"""Why there is no interval, unless the definition is more specific: ``audit.stats.intervals`` gave none."""


def measured(  # noqa: PLR0913 - the fields of a metric, all but two by keyword
    definition: Definition,
    samples: Sequence[Sample],
    *,
    metric: str,
    unit: str,
    higher_is_better: bool | None,
    primary: bool = False,
    note: str | None = None,
    settings: Mapping[str, Any] | None = None,
    slice: Mapping[str, str] | None = None,  # noqa: A002 - the record's field name
    confidence: float = 0.95,
    interval: bool = True,
    about: tuple[Suite, str] | None = None,
    found: Estimate | None = None,
    meaning: Meaning | None = None,
) -> Metric:
    """The metric that a definition makes of the samples of a task.

    Args:
        definition: Definition of the value.
        samples: All samples of the task.
        metric: Its name, without the task.
        unit: Unit of the value.
        higher_is_better: Direction; None where neither end is good.
        primary: Whether the summary table shows it.
        note: Remarks; the number of scored items without a value is added.
        settings: What determined the value, apart from checkpoint, data and seed.
        slice: The subset that it is about; the definition selects it.
        confidence: Nominal coverage of the interval.
        interval: Whether the interval is computed; without it, nothing is said of it.
        about: Suite and task of the metric; None takes those of the first sample.
        found: What the definition makes of the samples, where that is known; None computes it.
        meaning: Words, chance level and ideal; None for a metric that declares none.

    Returns:
        The metric; ``value`` is null with an ``error`` where it cannot be computed or is impossible for the unit, and
        ``no_interval`` says why there is a value and no interval.

    Raises:
        ValueError: There is no sample, and suite and task are not given.
    """
    if about is None and not samples:
        msg = f"{metric}: no samples; use failed_metric for a task without items"
        raise ValueError(msg)
    suite, task = about or (samples[0].suite, samples[0].task)
    where = dict(slice) if slice else None
    if found is None:
        found = _of_slice(definition, samples, where, unit=unit, confidence=confidence, interval=interval)
    bare = Metric(
        name=f"{task}/{metric}",
        suite=suite,
        task=task,
        metric=metric,
        value=found.value,
        n=found.n,
        missing=found.missing,
        confidence=confidence,
        higher_is_better=higher_is_better,
        unit=unit,
        slice=where,
        primary=primary,
        definition=definition.written(),
        settings=dict(settings or {}),
        note=_with_missing(note, found),
        error=found.error,
        **(meaning.fields(definition, samples, where) if meaning else {}),
    )
    return _sound(bare, found, definition, asked=interval)


def _of_slice(
    definition: Definition,
    samples: Sequence[Sample],
    where: Mapping[str, str] | None,
    *,
    unit: str,
    confidence: float,
    interval: bool,
) -> Estimate:
    """What a definition computes from the samples of a slice, or of all; an empty slice has a reason and no value.

    If it breaks, ``n`` is the number of items that it was to cover: with 0, the metric would pass for one of an empty
    slice.
    """
    inside = list(samples)
    try:
        inside = definition.select(samples, where)
        if where and not inside:
            return Estimate(None, 0, error=_nothing_there(definition, where, samples))
        found = estimated(definition, inside, unit=unit, confidence=confidence, interval=interval)
        return _checked(found) if "." in definition.NAME else found
    except RAISED_BY_OTHERS as error:
        if "." not in definition.NAME:  # not of another package: a fault of this one is not hidden
            raise
        return Estimate(
            None, len(inside), error=f"it cannot be computed: {definition.NAME} broke ({type(error).__name__})"
        )


def _checked(found: Estimate) -> Estimate:
    """An estimate as annotated, whatever a package's code put into it; numbers of NumPy become plain ones.

    Raises:
        TypeError: It is something else.
    """
    ends = found.interval
    kept = Estimate(
        value=None if found.value is None else float(found.value),
        n=index(found.n),
        missing=index(found.missing),
        interval=None if ends is None else Interval(float(ends.low), float(ends.high), ends.method, ends.confidence),
        no_interval=found.no_interval,
        error=found.error,
    )
    texts = (kept.no_interval, kept.error)
    unnamed = ends is not None and not isinstance(ends.method, str)
    if min(kept.n, kept.missing) < 0 or unnamed or not all(text is None or isinstance(text, str) for text in texts):
        msg = "no Estimate: counts below 0, or reasons that are no text"
        raise TypeError(msg)
    return kept


def _nothing_there(definition: Definition, where: Mapping[str, str], samples: Sequence[Sample]) -> str:
    """Why a metric of an empty slice has no value: what none of the samples has."""
    more = {name: value for name, value in (definition.where or {}).items() if value is not None}
    empty = not any(sample.slices.items() >= where.items() for sample in samples)
    wanted = where if empty else {**where, **more}
    return f"no items have {' and '.join(f'{name} = {value}' for name, value in wanted.items())}"


def estimated(
    definition: Definition, inside: Sequence[Sample], *, unit: str, confidence: float = 0.95, interval: bool = True
) -> Estimate:
    """What a definition computes from the samples that it covers; if it cannot, null with the reason and their number.

    Arguments as of :meth:`audit.stats.definitions.Definition.estimate`.
    """
    try:
        found = definition.estimate(inside, unit=unit, confidence=confidence, interval=interval)
    except (ArithmeticError, AttributeError, LookupError, ValueError) as error:
        return Estimate(None, len(inside), error=f"it cannot be computed: {error}")
    if found.value is None:
        return replace(found, interval=None, no_interval=None, error=found.error or "it cannot be computed")
    if not math.isfinite(found.value):
        return replace(found, value=None, interval=None, no_interval=None, error="NaN or infinite")
    return found


def _sound(bare: Metric, found: Estimate, definition: Definition, *, asked: bool) -> Metric:
    """The metric with its interval, or why it has none; without an impossible value."""
    fault = in_metric(bare)
    if fault is not None:
        return bare.model_copy(update={"value": None, "error": bare.error or fault})
    if bare.value is None or not asked:
        return bare
    if found.interval is None:
        reason = found.no_interval or (None if definition.is_count and bare.unit == "count" else NO_SPREAD)
        return bare.model_copy(update={"no_interval": reason})
    ends = within(found.interval, bare.unit)
    whole = bare.model_copy(update={"ci_low": ends.low, "ci_high": ends.high, "ci_method": ends.method})
    fault = in_metric(whole)
    return whole if fault is None else bare.model_copy(update={"no_interval": fault})


def _with_missing(note: str | None, found: Estimate) -> str | None:
    """The note, with the number of scored items without a value, if any."""
    if not found.missing:
        return note
    added = f"{found.missing} of {found.n + found.missing} scored items have no value and are left out"
    return f"{note}; {added}" if note else added
