"""Paired comparison of two runs of one task through any metric definition."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from audit.core.errors import UsageError
from audit.core.units import SHARE_SCALES, unit_of
from audit.stats.interval import Interval, is_share
from audit.stats.pairing import power
from audit.stats.pairing.alignment import aligned, side
from audit.stats.pairing.difference import Difference, Inference
from audit.stats.pairing.means import of_means, of_shares
from audit.stats.pairing.resampled import both, of_resamples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from audit.core.records import Sample
    from audit.stats.definitions.base import Definition
    from audit.stats.pairing.alignment import Alignment, Side

OF_REQUEST = {"prompt", "prompt_sha256", "spans", "tokens_in", "seconds"}
"""Fields of a sample that say what was asked, and how long it took: no metric is computed from them."""


def compared(  # noqa: PLR0913 - two runs, a metric, and how to compare them
    definition: Definition,
    baseline: Sequence[Sample],
    candidate: Sequence[Sample],
    *,
    unit: str,
    higher_is_better: bool | None,
    slice: Mapping[str, str] | None = None,  # noqa: A002 - the record's field name
    confidence: float = 0.95,
    margin: float | None = None,
    seed: int | None = None,
    resamples: int | None = None,
) -> Difference:
    """Compare two runs item by item.

    Items are paired by ``sample_id``; only those that both runs have scored are compared. Which method is used is
    explained in ``docs/explanation/statistics.md``, section "Comparing two runs".

    Args:
        definition: The metric.
        baseline: All samples of the task in the baseline; for a group of tasks, of all of them.
        candidate: The same of the candidate.
        unit: Unit of the metric.
        higher_is_better: Direction; None where neither end is good.
        slice: The metric's slice.
        confidence: Nominal coverage of the interval.
        margin: Loss that would be tolerated, above 0, in the metric's unit: how many items does it need?
        seed: Seed of the bootstrap; None takes the definition's own.
        resamples: Number of bootstrap resamples; None takes the definition's own.

    Raises:
        UsageError: Sample ids occur twice, clusters differ between the runs, or the margin is not above 0.
    """
    sides = (side(definition, baseline, slice, "baseline"), side(definition, candidate, slice, "candidate"))
    alignment = aligned(*sides)
    found = asked(unit, higher_is_better, alignment, margin)
    settings = {
        "confidence": confidence,
        "seed": definition.seed if seed is None else seed,
        "resamples": definition.resamples if resamples is None else resamples,
    }
    if not alignment.paired:
        return nothing(found)
    pairs = _pairs(sides, alignment)
    if pairs:
        return _of_items(definition, sides, pairs, found, settings)
    return _of_statistic(definition, sides, found, settings)


def asked(unit: str, higher_is_better: bool | None, alignment: Alignment, margin: float | None) -> dict[str, Any]:
    """The fields of a :class:`Difference` that are known before anything is computed.

    Raises:
        UsageError: The margin is not above 0.
    """
    if margin is not None and not (math.isfinite(margin) and margin > 0):
        msg = f"margin: {margin:g} is not above 0; give the loss that would be tolerated, in the metric's unit"
        raise UsageError(msg)
    return {"unit": unit, "higher_is_better": higher_is_better, "alignment": alignment, "margin": margin}


def nothing(found: dict[str, Any], error: str | None = None) -> Difference:
    """A difference without a value.

    Args:
        found: Fields that are known.
        error: Why; None: because no item has a value in both runs.
    """
    missing = found["alignment"].missing() or "the metric covers no item"
    reason = error or f"no item has a value in both runs: {missing}"
    return Difference(**found, value=None, baseline=None, candidate=None, units=0, error=reason)


def _pairs(sides: tuple[Side, Side], alignment: Alignment) -> list[tuple[float, float]]:
    """The values of the compared items in both runs, before scaling, if the metric is the mean of them.

    Empty if it is no mean of one value per item, or if items have different weights: a condition on the answer holds in
    one run alone, or numbers of completions differ.
    """
    first, second = (one.values for one in sides)
    if not first or alignment.in_one_slice:
        return []
    if len({len(values[name]) for values in (first, second) for name in alignment.paired}) > 1:
        return []
    count = len(first[alignment.paired[0]])
    return [(math.fsum(first[name]) / count, math.fsum(second[name]) / count) for name in alignment.paired]


def _of_items(
    definition: Definition,
    sides: tuple[Side, Side],
    pairs: Sequence[tuple[float, float]],
    found: dict[str, Any],
    settings: dict[str, Any],
) -> Difference:
    """From the values of items."""
    scale, domain = float(getattr(definition, "scale", 1.0)), unit_of(found["unit"])
    alignment: Alignment = found["alignment"]
    clusters = clusters_of(definition, (sides[0].about[name] for name in alignment.paired))
    before, after = np.array(pairs, dtype=np.float64).T
    changes = after - before
    if SHARE_SCALES.get(found["unit"]) == scale and is_share(before) and is_share(after):
        shown = of_shares(changes, clusters, confidence=settings["confidence"], seed=settings["seed"])
    else:
        shown = of_means(changes, clusters, width=(domain.high - domain.low) / abs(scale), **settings)
    values = [scale * math.fsum(values) / len(values) for values in (before, after)]
    counts = {
        "higher": int((scale * changes > 0).sum()),
        "lower": int((scale * changes < 0).sum()),
        "equal": int((changes == 0).sum()),
        "identical": not changes.any(),
    }
    found |= {"baseline": values[0], "candidate": values[1], "value": scale * math.fsum(changes) / len(changes)}
    return finished(found | counts, shown, len(set(clusters)) if clusters else len(pairs), scale)


def _of_statistic(
    definition: Definition, sides: tuple[Side, Side], found: dict[str, Any], settings: dict[str, Any]
) -> Difference:
    """From resamples of both runs."""
    kept = frozenset(found["alignment"].paired)
    samples = [one.only(kept) for one in sides]
    draws = [definition.resample(inside) for inside in samples]
    runs = both(*draws)
    values = [drawn.value(np.ones(len(drawn.units))) for drawn in draws]
    broken = [run for run, value in zip(("baseline", "candidate"), values, strict=True) if not math.isfinite(value)]
    if broken:
        return nothing(found, f"the metric has no value on the common items in the {' and '.join(broken)}")
    shown = of_resamples(runs, **settings)
    found |= {"baseline": values[0], "candidate": values[1], "value": values[1] - values[0]}
    found["identical"] = shown.interval is None and _answers(samples[0]) == _answers(samples[1])
    return finished(found, shown, runs.units)


def _answers(samples: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """All that a metric may be computed from, by item."""
    return {one.sample_id: one.model_dump(exclude=OF_REQUEST) for one in samples}


def finished(found: dict[str, Any], shown: Inference, units: int, scale: float = 1.0) -> Difference:
    """The result, with what the comparison can find.

    Args:
        found: Fields that are known.
        shown: Interval and test, before scaling.
        units: Number of independent units.
        scale: Factor on the values of items.
    """
    ends = shown.interval
    fields: dict[str, Any] = {
        "no_interval": shown.no_interval,
        "p_value": shown.p_value,
        "test": shown.test,
        "effect": shown.effect,
        "effect_name": shown.effect_name if shown.effect is not None else None,
        "units": units,
    }
    if ends is not None and shown.standard_error is not None:
        domain = unit_of(found["unit"])
        widest = domain.high - domain.low
        low, high = (min(max(scale * end, -widest), widest) for end in (ends.low, ends.high)[:: 1 if scale > 0 else -1])
        fields["interval"] = Interval(low, high, ends.method, ends.confidence)
        error, growth = abs(scale) * shown.standard_error, abs(scale) * shown.growth
        smallest = power.detectable(error, growth, ends.confidence, shown.freedom)
        # From the baseline's value, no difference reaches beyond the ends of the scale.
        farthest = max(found["baseline"] - domain.low, domain.high - found["baseline"])
        fields["detectable"] = smallest if smallest <= farthest else None
        if found["margin"] is not None:
            many = power.needed(error, growth, found["margin"], units, ends.confidence, shown.freedom)
            fields["needed"] = math.ceil(many * len(found["alignment"].paired) / units)
    return Difference(**found, **fields)


def clusters_of(definition: Definition, items: Iterable[Sample]) -> list[str] | None:
    """The cluster of each item, one on its own by its id; None if all are on their own."""
    names = [definition.unit_of(item) for item in items]
    return None if len(set(names)) == len(names) else names
