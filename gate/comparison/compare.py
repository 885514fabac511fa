"""A candidate compared with a baseline: every metric that both runs have, on the items that both have scored.

Nothing but the checkpoint should differ. Whatever else does (prompts, data, settings, …) is named, and keeps a metric
from being compared unless the caller asks to compare across it. So does a small share of paired items: of those that
are missing nobody knows what they would have shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from audit.core.errors import ConfigError, RunFolderError, did_you_mean
from audit.core.formatting import metric_label, percent
from audit.core.records import AlignedTask, Comparison, MetricDifference, RunReference
from audit.core.records.comparison import MismatchKind
from audit.core.text import printable
from audit.core.units import unit_of
from audit.gate import evidence
from audit.gate.comparison import mismatches
from audit.gate.comparison.outcomes import with_outcomes
from audit.gate.metrics_file import read_metrics
from audit.stats import definitions
from audit.stats.pairing import align, compared
from audit.stats.records import Records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from audit.core.records import Metric, Mismatch, RunManifest, Sample
    from audit.core.run_folder import RunFolder
    from audit.stats.pairing import Alignment, Difference

MIN_ALIGNED = 0.95
"""Share of the items of either run that must be paired, unless the caller says otherwise."""
MARGIN = 0.05
"""Difference that matters where the caller names none, as a share of the unit's range."""


class _Side:
    """One of the two runs.

    Args:
        run: Its folder.

    Raises:
        EvidenceInvalid: Its files contradict each other.
        RunFolderError: It cannot be read.
    """

    def __init__(self, run: RunFolder) -> None:
        self.manifest: RunManifest = run.read_manifest()
        if self.manifest.status == "running":
            msg = f"{run.path}: this run has not ended: compare it when it has, or finish it with 'audit run --resume'"
            raise RunFolderError(msg)
        evidence.check(run, ())
        self.metrics, self.digest = read_metrics(run, self.manifest)
        self.by_key = {_key(metric): metric for metric in self.metrics if metric.definition}
        self.records = Records(run)

    @property
    def reference(self) -> RunReference:
        """What identifies it."""
        model = self.manifest.model
        return RunReference(
            run_id=self.manifest.run_id, model=model.name, model_digest=model.digest, metrics_sha256=self.digest
        )


def _key(metric: Metric) -> tuple[str, tuple[tuple[str, str], ...]]:
    return metric.name, tuple(sorted((metric.slice or {}).items()))


def compare(
    baseline: RunFolder,
    candidate: RunFolder,
    *,
    tasks: Sequence[str] = (),
    across: Sequence[MismatchKind] = (),
    everything: bool = False,
    margin: float | None = None,
    min_aligned: float = MIN_ALIGNED,
    confidence: float = 0.95,
) -> Comparison:
    """Compare two runs.

    Args:
        baseline: The run to compare with.
        candidate: The run that is judged.
        tasks: Only these; none takes all that both runs have.
        across: Kinds of mismatch to compare across.
        everything: All metrics and slices; else the primary metrics over all items.
        margin: Difference that matters, in each metric's unit; None takes 5 % of the unit's range.
        min_aligned: Share of the items of either run that must be paired.
        confidence: Nominal coverage of the intervals.

    Raises:
        EvidenceInvalid: The files of a folder contradict each other.
        RunFolderError: A folder cannot be read, or its run has not ended.
        ConfigError: A task is in neither run, or there is no such kind of mismatch.
    """
    _check_kinds(across)
    sides = _Side(baseline), _Side(candidate)
    _check_tasks(tasks, sides)
    work = _Work(*sides, across=across, margin=margin, min_aligned=min_aligned, confidence=confidence)
    wanted = [
        metric
        for metric in sides[1].metrics
        if (not tasks or metric.task in tasks) and (everything or (metric.primary and metric.slice is None))
    ]
    differences = [work.difference(metric) for metric in wanted if _key(metric) in sides[0].by_key]
    return Comparison(
        baseline=sides[0].reference,
        candidate=sides[1].reference,
        confidence=confidence,
        across=sorted(across),
        mismatches=work.mismatches,
        aligned=list(work.aligned.values()),
        differences=with_outcomes(differences, confidence),
        only_baseline=_only(sides[0], sides[1], tasks, everything=everything),
        only_candidate=_only(sides[1], sides[0], tasks, everything=everything),
    )


def _check_kinds(across: Sequence[str]) -> None:
    known = get_args(MismatchKind)
    for kind in across:
        if kind not in known:
            hint = did_you_mean(kind, known)
            msg = f"{printable(kind, 60)}: no kind of mismatch: compare across {', '.join(known)}.{hint}"
            raise ConfigError(msg)


def _check_tasks(tasks: Sequence[str], sides: Collection[_Side]) -> None:
    known = sorted({metric.task for side in sides for metric in side.metrics})
    for task in tasks:
        if task not in known:
            msg = f"{task}: neither run has a metric of this task.{did_you_mean(task, known)}"
            raise ConfigError(msg)


def _only(side: _Side, other: _Side, tasks: Sequence[str], *, everything: bool) -> list[str]:
    """Metrics that only one run has, as far as they would have been compared."""
    return [
        metric_label(metric)
        for key, metric in side.by_key.items()
        if key not in other.by_key
        and (not tasks or metric.task in tasks)
        and (everything or (metric.primary and metric.slice is None))
    ]


class _Work:
    """The comparison as it goes on: each task is aligned once, each mismatch named once."""

    def __init__(
        self,
        baseline: _Side,
        candidate: _Side,
        *,
        across: Sequence[MismatchKind],
        margin: float | None,
        min_aligned: float,
        confidence: float,
    ) -> None:
        self._sides = baseline, candidate
        self._tolerated = {*across, *mismatches.TOLERATED}
        self._margin, self._min_aligned, self._confidence = margin, min_aligned, confidence
        self.mismatches: list[Mismatch] = list(mismatches.of_runs(baseline.manifest, candidate.manifest))
        self.aligned: dict[tuple[str, str], AlignedTask] = {}

    def difference(self, metric: Metric) -> MetricDifference:
        """One metric of the candidate, compared with the baseline's of the same name and slice."""
        other = self._sides[0].by_key[_key(metric)]
        bare = MetricDifference(
            name=metric.name,
            suite=metric.suite,
            task=metric.task,
            slice=metric.slice,
            unit=metric.unit,
            higher_is_better=metric.higher_is_better,
            primary=metric.primary,
            confidence=self._confidence,
        )
        if metric.suite == "explain":
            return _not_compared(bare, "explanations are of each run's own answers")
        definition = definitions.read(metric.definition or {})
        for task in definition.tasks(metric.task):
            self._align(metric.suite, task)
        own = [one for one in mismatches.of_metric(other, metric) if not self._is_known(one)]
        self.mismatches += own
        fault = self._fault(metric, definition.tasks(metric.task))
        if fault is not None:
            return _not_compared(bare, fault)
        found = compared(
            definition,
            self._sides[0].records.of(metric),
            self._sides[1].records.of(metric),
            unit=metric.unit,
            higher_is_better=metric.higher_is_better,
            slice=metric.slice,
            confidence=self._confidence,
            margin=self._margin_of(metric),
        )
        return _with(bare, found, self._margin_of(metric))

    def _margin_of(self, metric: Metric) -> float | None:
        whole = unit_of(metric.unit).whole_range
        return self._margin if self._margin is not None or whole is None else MARGIN * (whole[1] - whole[0])

    def _is_known(self, found: Mismatch) -> bool:
        """Whether the same setting of the whole task is a mismatch already."""
        return any(
            (one.kind, one.task, one.what) == (found.kind, found.task, found.what) and one.metric is None
            for one in self.mismatches
        )

    def _align(self, suite: str, task: str) -> None:
        """Pair the samples of a task, once, and name in what its runs differ."""
        if (suite, task) in self.aligned:
            return
        samples = [side.records.samples(suite, task) for side in self._sides]
        found = align(*samples)
        self.aligned[suite, task] = _record(suite, task, found)
        self.mismatches += mismatches.of_task(
            task, self._sides[0].manifest, self._sides[1].manifest, list(_in_both(*samples))
        )

    def _fault(self, metric: Metric, tasks: Sequence[str]) -> str | None:
        """Why a metric cannot be compared: what differs, or too few paired items."""
        blocking = [
            one
            for one in self.mismatches
            if one.kind not in self._tolerated
            and (one.task is None or one.task in tasks or one.task == metric.task)
            and one.metric in (None, metric.name)
        ]
        if blocking:
            return _differs(blocking)
        few = [self.aligned[metric.suite, task] for task in tasks]
        worst = min(few, key=lambda one: one.share, default=None)
        if worst is not None and worst.share < self._min_aligned:
            return f"only {percent(worst.share)} of the items of {worst.task} are scored in both runs"
        return None


def _differs(blocking: Sequence[Mismatch]) -> str:
    """``prompts differ (3 of 40), data differs (boolq)``, and how to compare all the same."""
    kinds = list(dict.fromkeys(one.kind for one in blocking))
    parts = []
    for kind in kinds:
        names = list(dict.fromkeys(one.what for one in blocking if one.kind == kind))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        parts.append(f"{kind.replace('_', ' ')}: {', '.join(names[:3])}{more}")
    return f"the runs differ in {'; '.join(parts)} (compare all the same: {' '.join(f'--across {k}' for k in kinds)})"


def _in_both(baseline: Sequence[Sample], candidate: Sequence[Sample]) -> Iterator[tuple[Sample, Sample]]:
    """The samples of each item that both runs have."""
    theirs = {sample.sample_id: sample for sample in candidate}
    return ((sample, theirs[sample.sample_id]) for sample in baseline if sample.sample_id in theirs)


def _record(suite: str, task: str, found: Alignment) -> AlignedTask:
    return AlignedTask(suite=suite, task=task, **found.counts)  # type: ignore[arg-type]


def _not_compared(bare: MetricDifference, reason: str) -> MetricDifference:
    return bare.model_copy(update={"error": reason})


def _with(bare: MetricDifference, found: Difference, margin: float | None) -> MetricDifference:
    """The record of what was computed."""
    raise NotImplementedError
