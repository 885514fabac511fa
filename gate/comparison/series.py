"""Three or more runs compared: every metric that all have, on the items that all have scored.

Whatever keeps two of the runs from being compared keeps a metric from being compared at all: letters and trends of some
of the runs would be read as those of all.
"""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, get_args

from audit.core.errors import ConfigError, UsageError
from audit.core.formatting import metric_label, percent
from audit.core.records import (
    SeriesComparison,
    SeriesMetric,
    SeriesMismatch,
    SeriesPair,
    SeriesRun,
    SeriesStep,
    SeriesTrend,
    SeriesValue,
)
from audit.core.records.comparison import MIN_ALIGNED, MismatchKind, fields_of
from audit.gate.comparison.axis import axis as axis_of
from audit.gate.comparison.checks import check_kinds, check_same, check_tasks
from audit.gate.comparison.compare import (
    ComparedRun,
    ComparisonWork,
    is_wanted,
    key_of,
    looked_at,
)
from audit.gate.comparison.labels import labels
from audit.gate.comparison.outcomes import direction
from audit.stats import definitions
from audit.stats.multiplicity import benjamini_hochberg, holm
from audit.stats.pairing.common import common_items
from audit.stats.pairing.comparison import compared
from audit.stats.pairing.letters import letters
from audit.stats.pairing.sign_flips import FLIPS
from audit.stats.pairing.trend import trend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric
    from audit.core.run_folder import RunFolder
    from audit.gate.comparison.axis import Axis
    from audit.stats.definitions.base import Definition
    from audit.stats.pairing.common import CommonItems


def compare_series(
    folders: Sequence[RunFolder],
    *,
    by: str | Axis = "order",
    at: Sequence[float] | None = None,
    tasks: Sequence[str] = (),
    across: Sequence[str] = (),
    everything: bool = False,
    min_aligned: float = MIN_ALIGNED,
    confidence: float = 0.95,
) -> SeriesComparison:
    """Compare three or more runs.

    Args:
        folders: The runs.
        by: What orders them (:func:`audit.gate.comparison.axis.axis`), or the axis itself, on which not all may have
            the same place.
        at: Their places on the axis; None takes them from the manifests.
        tasks: Only these; none takes all that every run has.
        across: Kinds of mismatch to compare across.
        everything: All metrics and slices; else the primary metrics over all items.
        min_aligned: Share of the items of any run that all must have scored.
        confidence: Nominal coverage of the intervals.

    Raises:
        EvidenceInvalid: The files of a folder contradict each other.
        RunFolderError: A folder cannot be read, its run has not ended, or it is given twice.
        ConfigError: An option cannot be followed.
    """
    check_kinds(across)
    check_same(folders)
    _check_count(len(folders), confidence)
    given = [ComparedRun(folder) for folder in folders]
    check_tasks(tasks, [run.metrics for run in given])
    places = axis_of([run.manifest for run in given], by, at) if isinstance(by, str) else by
    runs = [given[place] for place in places.order]
    work = _Series(runs, places, across=across, min_aligned=min_aligned, confidence=confidence)
    wanted = [metric for metric in runs[-1].metrics if is_wanted(metric, tasks, everything=everything)]
    found = [work.metric(metric) for metric in wanted if all(key_of(metric) in run.by_key for run in runs)]
    return SeriesComparison(
        axis=places.name,
        runs=work.references,
        confidence=confidence,
        across=[kind for kind in get_args(MismatchKind) if kind in across],
        looked_at=looked_at(runs),
        mismatches=work.mismatches(),
        metrics=_with_trends(found, confidence),
        not_in_all=_not_in_all(runs, tasks, everything=everything),
    )


def most_runs(confidence: float = 0.95) -> int:
    """Runs that can be compared at most: the smallest p-value, times their pairs, is still 1 minus the confidence.

    >>> most_runs()
    32
    """
    pairs = (1 - confidence) * (FLIPS + 1)
    return math.floor((1 + math.sqrt(1 + 8 * pairs)) / 2)


def _check_count(count: int, confidence: float) -> None:
    """Refuse so many runs that no difference could be shown: a p-value by random signs is at least 1 / 10,000."""
    if count < 3:
        msg = f"{count} runs: a series needs three or more; two are compared as baseline and candidate"
        raise ConfigError(msg)
    if count > most_runs(confidence):
        pairs = count * (count - 1) // 2
        msg = f"{count} runs have {pairs} pairs: no difference could be shown at confidence {confidence:g}: give fewer"
        raise ConfigError(msg)


def _not_in_all(runs: Sequence[ComparedRun], tasks: Sequence[str], *, everything: bool) -> dict[str, list[int]]:
    """Metrics that some runs lack, as far as they would have been compared."""
    found: dict[Any, tuple[str, list[int]]] = {}
    for place, run in enumerate(runs):
        for key, metric in run.by_key.items():
            if is_wanted(metric, tasks, everything=everything):
                found.setdefault(key, (metric_label(metric), []))[1].append(place)
    return {label: places for label, places in found.values() if len(places) < len(runs)}


class _Series:
    """The comparison as it goes on: each pair of runs names its mismatches once."""

    def __init__(
        self, runs: Sequence[ComparedRun], places: Axis, *, across: Sequence[str], min_aligned: float, confidence: float
    ) -> None:
        self._runs, self._min_aligned, self._confidence = runs, min_aligned, confidence
        self._at = [places.places[place] for place in places.order]
        names = labels([run.manifest for run in runs])
        self.references = [
            SeriesRun(
                **dict(run.reference), label=name, given=place, at=places.places[place], at_text=places.texts[place]
            )
            for run, name, place in zip(runs, names, places.order, strict=True)
        ]
        self._names = [f"run {place} ({name})" for place, name in enumerate(names, 1)]
        settings: dict[str, Any] = {
            "across": across,
            "margin": None,
            "min_aligned": min_aligned,
            "confidence": confidence,
        }
        self._works = {
            (first, second): ComparisonWork(runs[first], runs[second], **settings)
            for first, second in combinations(range(len(runs)), 2)
        }

    def metric(self, metric: Metric) -> SeriesMetric:
        """One metric of all runs."""
        bare = SeriesMetric(**fields_of(metric))
        try:
            reason = self._refused(metric)
            return _failed(bare, reason) if reason else self._compared(metric, bare)
        except (TypeError, UsageError) as error:  # of a newer version or another package; ids twice; other clusters
            return _failed(bare, str(error))

    def _refused(self, metric: Metric) -> str | None:
        """What keeps pairs of runs from being compared, each reason with its pairs; None if nothing does."""
        reasons: dict[str, list[str]] = {}
        for (first, second), work in self._works.items():
            reason = work.hindrance(self._runs[second].by_key[key_of(metric)])
            if reason:
                reasons.setdefault(reason, []).append(f"{first + 1} and {second + 1}")
        if len(reasons) == 1 and len(next(iter(reasons.values()))) == len(self._works):
            return next(iter(reasons))
        return "; ".join(f"runs {', '.join(pairs)}: {reason}" for reason, pairs in reasons.items()) or None

    def _compared(self, metric: Metric, bare: SeriesMetric) -> SeriesMetric:
        """The numbers; none where too few items have a value in every run."""
        definition = definitions.read(metric.definition or {})
        samples = [run.records.of(run.by_key[key_of(metric)]) for run in self._runs]
        common = common_items(definition, samples, metric.slice, self._names)
        missing = common.missing(self._names) or None
        counted = bare.model_copy(update={"n": len(common.kept), "aligned": common.share, "missing": missing})
        if not common.kept or common.share < self._min_aligned:
            why = missing or "the metric covers no item"
            return _failed(counted, f"only {percent(common.share)} of the items are scored in all runs: {why}")
        estimates = [
            definition.estimate(common.chosen(place), unit=metric.unit, confidence=self._confidence)
            for place in range(len(self._runs))
        ]
        broken = [name for name, one in zip(self._names, estimates, strict=True) if one.value is None]
        if broken:
            return _failed(counted, f"no value on the common items in {', '.join(broken)}")
        values = [
            SeriesValue(
                value=one.value or 0.0,
                ci_low=one.interval and one.interval.low,
                ci_high=one.interval and one.interval.high,
                ci_method=one.interval and one.interval.method,
                no_interval=one.no_interval,
            )
            for one in estimates
        ]
        return self._tested(metric, definition, common, counted.model_copy(update={"values": values}))

    def _tested(self, metric: Metric, definition: Definition, common: CommonItems, bare: SeriesMetric) -> SeriesMetric:
        """Pairs, letters, steps and trend."""
        pairs = self._pairs(metric, definition, common)
        if isinstance(pairs, str):
            return _failed(bare.model_copy(update={"values": []}), pairs)
        shown = _letters(bare, pairs)
        line = trend(definition, common, self._at, unit=metric.unit, confidence=self._confidence)
        return shown.model_copy(
            update={
                "pairs": pairs,
                "steps": _steps(pairs, len(self._runs), metric.higher_is_better, self._confidence),
                "trend": (
                    line.change is not None
                    and SeriesTrend(
                        change=line.change,
                        per_unit=line.change / (self._at[-1] - self._at[0]),
                        ci_low=line.interval and line.interval.low,
                        ci_high=line.interval and line.interval.high,
                        ci_method=line.interval and line.interval.method,
                        no_interval=line.no_interval,
                        p_value=line.p_value,
                        test=line.test,
                    )
                )
                or None,
                "no_trend": line.error,
            }
        )

    def _pairs(self, metric: Metric, definition: Definition, common: CommonItems) -> list[SeriesPair] | str:
        """Every pair of runs, adjusted for all of them; why not, where one has no value."""
        samples = [common.comparable(place) for place in range(len(self._runs))]
        found = []
        for first, second in self._works:
            one = compared(
                definition,
                samples[first],
                samples[second],
                unit=metric.unit,
                higher_is_better=metric.higher_is_better,
                slice=metric.slice,
                confidence=self._confidence,
            )
            if one.value is None:
                return one.error or "it cannot be computed"
            found.append(
                SeriesPair(
                    first=first,
                    second=second,
                    difference=one.value,
                    ci_low=one.interval and one.interval.low,
                    ci_high=one.interval and one.interval.high,
                    no_interval=one.no_interval,
                    p_value=1.0 if one.p_value is None and one.identical else one.p_value,
                    test=one.test,
                    detectable=one.detectable,
                )
            )
        return _adjusted(found, self._confidence)

    def mismatches(self) -> list[SeriesMismatch]:
        """In what the runs differ, each thing once, with what every run has."""
        found: dict[tuple[Any, ...], SeriesMismatch] = {}
        for pair, work in self._works.items():
            for one in work.mismatches:
                key = one.kind, one.task, one.metric, one.what
                named = found.get(key)
                if named is None:
                    values = [] if one.kind == "prompts" else [None] * len(self._runs)
                    fields = {"kind": one.kind, "task": one.task, "metric": one.metric, "what": one.what}
                    named = found[key] = SeriesMismatch(**fields, values=values, pairs=[])
                named.pairs.append(pair)
                if named.values:
                    named.values[pair[0]], named.values[pair[1]] = one.baseline, one.candidate
        return list(found.values())


def _adjusted(pairs: Sequence[SeriesPair], confidence: float) -> list[SeriesPair]:
    """The pairs with their p-values adjusted for all of them, and whether they differ."""
    tested = [place for place, one in enumerate(pairs) if one.p_value is not None]
    adjusted = dict(zip(tested, holm([pairs[place].p_value or 0.0 for place in tested]), strict=True))
    return [
        one.model_copy(
            update={"p_adjusted": adjusted.get(place), "differ": _is_shown(one, adjusted.get(place), confidence)}
        )
        for place, one in enumerate(pairs)
    ]


def _is_shown(one: SeriesPair | SeriesTrend, adjusted: float | None, confidence: float) -> bool:
    """Whether a difference is shown: by its adjusted p-value, and by its interval."""
    if adjusted is None or one.ci_low is None or one.ci_high is None:
        return False
    return adjusted <= 1 - confidence and not one.ci_low <= 0 <= one.ci_high


def _letters(metric: SeriesMetric, pairs: Sequence[SeriesPair]) -> SeriesMetric:
    """The metric with letters, the best run first; without them, and the reason, where a pair could not be tested."""
    untested = next((one for one in pairs if one.p_value is None), None)
    if untested is not None:
        why = f": {untested.no_interval}" if untested.no_interval else ""
        reason = f"there is no test of runs {untested.first + 1} and {untested.second + 1}{why}"
        return metric.model_copy(update={"no_letters": reason})
    descending = metric.higher_is_better is not False
    order = sorted(range(len(metric.values)), key=lambda place: metric.values[place].value, reverse=descending)
    found = letters(order, [(one.first, one.second) for one in pairs if one.differ])
    if found is None:
        return metric.model_copy(update={"no_letters": "there are more groups than letters"})
    values = [one.model_copy(update={"letters": found[place]}) for place, one in enumerate(metric.values)]
    return metric.model_copy(update={"values": values})


def _steps(
    pairs: Sequence[SeriesPair], count: int, higher_is_better: bool | None, confidence: float
) -> list[SeriesStep]:
    """Consecutive runs, adjusted for all of them: a family of its own."""
    by_place = {(one.first, one.second): one for one in pairs}
    steps = _adjusted([by_place[pair] for pair in pairwise(range(count))], confidence)
    return [
        SeriesStep(
            to=one.second,
            difference=one.difference,
            ci_low=one.ci_low,
            ci_high=one.ci_high,
            p_adjusted=one.p_adjusted,
            outcome=direction(one.difference > 0, higher_is_better) if one.differ else None,
        )
        for one in steps
    ]


def _with_trends(metrics: Sequence[SeriesMetric], confidence: float) -> list[SeriesMetric]:
    """The metrics, the p-values of their trends adjusted for all of them."""
    tested = {place: one.trend for place, one in enumerate(metrics) if one.trend and one.trend.p_value is not None}
    adjusted = dict(zip(tested, benjamini_hochberg([one.p_value or 0.0 for one in tested.values()]), strict=True))
    found = list(metrics)
    for place, line in tested.items():
        up = line.change > 0
        shown = _is_shown(line, adjusted[place], confidence)
        outcome = direction(up, metrics[place].higher_is_better) if shown else None
        update = {"p_adjusted": adjusted[place], "outcome": outcome}
        found[place] = metrics[place].model_copy(update={"trend": line.model_copy(update=update)})
    return found


def _failed(bare: SeriesMetric, reason: str) -> SeriesMetric:
    return bare.model_copy(update={"error": reason})
