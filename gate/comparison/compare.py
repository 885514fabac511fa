"""A candidate compared with a baseline: every metric that both runs have, on the items that both have scored.

Nothing but the checkpoint should differ. Whatever else does (prompts, data, settings, …) is named, and keeps a metric
from being compared unless the caller asks to compare across it. So does a small share of paired items: of those that
are missing nobody knows what they would have shown.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Literal, get_args

from audit.core import collector
from audit.core.errors import RunFolderError, UsageError
from audit.core.formatting import metric_label, percent
from audit.core.records import Comparison, MetricDifference, RunReference
from audit.core.records.comparison import MIN_ALIGNED, MismatchKind, fields_of
from audit.core.units import unit_of
from audit.gate import evidence
from audit.gate.comparison import mismatches
from audit.gate.comparison.checks import check_kinds, check_margin, check_same, check_tasks
from audit.gate.comparison.outcomes import with_outcomes
from audit.gate.metrics_file import read_metrics
from audit.stats import definitions
from audit.stats.definitions.indexed_samples import by_id
from audit.stats.pairing.comparison import compared
from audit.stats.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from audit.core.records import Metric, Mismatch, RunManifest, Sample
    from audit.core.run_folder import RunFolder
    from audit.stats.pairing.difference import Difference

MARGIN = 0.05
"""Difference that matters where the caller names none, as a share of the unit's range."""
AS_FOUND = (
    "units", "identical", "no_interval", "p_value", "test", "effect", "effect_name", "higher", "lower",
    "detectable", "margin", "needed",
)  # fmt: skip
"""Fields of the record that are those of the difference."""


class ComparedRun:
    """One of the two runs.

    Args:
        run: Its folder.
        check: What of its evidence is checked at once. With "files", :meth:`check_task` is to be called for every task;
            with "nothing", all has been, or will be, checked elsewhere.

    Raises:
        EvidenceInvalid: Its files contradict each other.
        RunFolderError: It cannot be read, or has not ended.
    """

    def __init__(self, run: RunFolder, *, check: Literal["everything", "files", "nothing"] = "everything") -> None:
        self.manifest: RunManifest = run.read_manifest()
        if self.manifest.status == "running":
            finish = f"finish it with audit run --resume {quote(str(run.path))}"
            msg = f"{run.path}: this run has not ended: compare it when it has, or {finish}"
            raise RunFolderError(msg)
        self.records = Records(run)
        self._numbers = None if check == "nothing" else evidence.check_files(run)
        if self._numbers is not None and check == "everything":
            self._numbers.check((), self.records)
        self.metrics, self.digest = read_metrics(run, self.manifest)
        self.by_key = {key_of(metric): metric for metric in self.metrics}

    @property
    def tasks(self) -> list[tuple[str, str]]:
        """Suite and task of all that :meth:`check_task` can compare."""
        return self._numbers.tasks if self._numbers else []

    def check_task(self, suite: str, task: str) -> None:
        """Compare the values of a task, if there is one, with what its samples give.

        Args:
            suite: Suite of the task.
            task: Its name.

        Raises:
            EvidenceInvalid: The first value that differs.
            RunFolderError: The samples file is broken.
        """
        if self._numbers is not None:
            self._numbers.check_task(suite, task, (), self.records)

    @property
    def reference(self) -> RunReference:
        """What identifies it."""
        model = self.manifest.model
        return RunReference(
            run_id=self.manifest.run_id,
            model=model.name,
            model_digest=model.digest,
            dtype=model.dtype,
            quantization=model.quantization,
            by_name=not model.files,
            metrics_sha256=self.digest,
        )


def key_of(metric: Metric) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What a metric is found by in the other run: its name and slice."""
    return metric.name, tuple(sorted((metric.slice or {}).items()))


@collector.paused()
def compare(
    baseline: RunFolder,
    candidate: RunFolder,
    *,
    tasks: Sequence[str] = (),
    across: Sequence[str] = (),
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
        ConfigError: A task is in neither run, there is no such kind of mismatch, or the margin is not above 0.
    """
    check_kinds(across)
    check_margin(margin)
    check_same([baseline, candidate])
    sides = ComparedRun(baseline), ComparedRun(candidate)
    check_tasks(tasks, [side.metrics for side in sides])
    work = ComparisonWork(*sides, across=across, margin=margin, min_aligned=min_aligned, confidence=confidence)
    wanted = [metric for metric in sides[1].metrics if is_wanted(metric, tasks, everything=everything)]
    differences = [work.difference(metric) for metric in wanted if key_of(metric) in sides[0].by_key]
    return Comparison(
        baseline=sides[0].reference,
        candidate=sides[1].reference,
        confidence=confidence,
        across=[kind for kind in get_args(MismatchKind) if kind in across],
        looked_at=looked_at(sides),
        mismatches=work.mismatches,
        differences=with_outcomes(differences, confidence),
        only_baseline=_only(sides[0], sides[1], tasks, everything=everything),
        only_candidate=_only(sides[1], sides[0], tasks, everything=everything),
    )


def looked_at(runs: Iterable[ComparedRun]) -> list[str]:
    """Tasks whose number of items looks decided in any of the runs."""
    return sorted(set[str]().union(*(run.manifest.looked_at for run in runs)))


def _only(side: ComparedRun, other: ComparedRun, tasks: Sequence[str], *, everything: bool) -> list[str]:
    """Metrics that only one run has, as far as they would have been compared."""
    return [
        metric_label(metric)
        for key, metric in side.by_key.items()
        if key not in other.by_key and is_wanted(metric, tasks, everything=everything)
    ]


def is_wanted(metric: Metric, tasks: Sequence[str], *, everything: bool) -> bool:
    """Whether a metric is compared where the runs have it."""
    return (not tasks or metric.task in tasks) and (everything or (metric.primary and metric.slice is None))


class ComparisonWork:
    """The comparison as it goes on: each mismatch is named once.

    Args:
        baseline: The run to compare with.
        candidate: The run that is judged.
        across: Kinds of mismatch to compare across.
        margin: Difference that matters, in each metric's unit; None takes 5 % of the unit's range.
        min_aligned: Share of the items of either run that must be paired.
        confidence: Nominal coverage of the intervals.
        lift: How a reader has metrics compared across kinds of mismatch; None names the option of ``audit compare``.
    """

    def __init__(
        self,
        baseline: ComparedRun,
        candidate: ComparedRun,
        *,
        across: Sequence[str],
        margin: float | None,
        min_aligned: float,
        confidence: float,
        lift: Callable[[Sequence[str]], str] | None = None,
    ) -> None:
        self._sides = baseline, candidate
        self._tolerated = {*across, *mismatches.TOLERATED}
        self._margin, self._min_aligned, self._confidence = margin, min_aligned, confidence
        self._lift = lift or _by_option
        self.mismatches: list[Mismatch] = list(mismatches.of_runs(baseline.manifest, candidate.manifest))
        self._seen: set[tuple[str, str]] = set()

    def difference(
        self, metric: Metric, *, confidence: float | None = None, margin: float | None = None
    ) -> MetricDifference:
        """One metric of the candidate, compared with the baseline's of the same name and slice.

        Args:
            metric: One that both runs have.
            confidence: Nominal coverage; None takes that of the comparison.
            margin: Difference that matters; None takes that of the comparison.
        """
        confidence = self._confidence if confidence is None else confidence
        bare = bare_difference(metric, confidence)
        try:
            reason = self.hindrance(metric)
            if reason:
                return not_compared(bare, reason)
            found = compared(
                definitions.read(metric.definition or {}),
                *(side.records.of(metric) for side in self._sides),
                unit=metric.unit,
                higher_is_better=metric.higher_is_better,
                slice=metric.slice,
                confidence=confidence,
                margin=self.margin_of(metric) if margin is None else margin,
            )
        except (TypeError, UsageError) as error:  # of a newer version or another package; ids twice; other clusters
            return not_compared(bare, str(error))
        return self.filled(bare, found)

    def hindrance(self, metric: Metric) -> str | None:
        """Name in what the runs differ, and say why a metric cannot be compared; None if it can be.

        Args:
            metric: One that both runs have, as the candidate has it.

        Raises:
            TypeError: Its definition cannot be read.
            UsageError: Samples cannot be read.
        """
        if metric.suite == "explain":
            return "explanations are of each run's own answers"
        other = self._sides[0].by_key[key_of(metric)]
        reason = _without_definition(other, metric)
        if reason:
            return reason
        tasks = definitions.read(metric.definition or {}).tasks(metric.task)
        for task in tasks:
            self._name_mismatches(metric.suite, task)
        self.mismatches += [one for one in mismatches.of_metric(other, metric) if not self._is_known(one)]
        blocking = self._blocking(metric, tasks)
        return _differs(blocking, self._lift) if blocking else None

    def filled(self, bare: MetricDifference, found: Difference) -> MetricDifference:
        """The record of what was computed; without numbers where too few items pair up.

        Args:
            bare: The record without numbers.
            found: The difference.
        """
        alignment = found.alignment
        counted = bare.model_copy(
            update={"n": found.n, "aligned": alignment.share, "missing": alignment.missing() or None}
        )
        if alignment.share < self._min_aligned:
            reason = f"only {percent(alignment.share)} of the items are scored in both runs: {alignment.missing()}"
            return not_compared(counted, reason)
        if found.value is None:
            return not_compared(counted, found.error or "it cannot be computed")
        ends = found.interval
        return counted.model_copy(
            update={
                "baseline": found.baseline,
                "candidate": found.candidate,
                "difference": found.value,
                "ci_low": ends and ends.low,
                "ci_high": ends and ends.high,
                "ci_method": ends and ends.method,
                **{name: getattr(found, name) for name in AS_FOUND},
            }
        )

    def margin_of(self, metric: Metric) -> float | None:
        """The difference that matters, in the metric's unit; None where nobody says and the unit has no range.

        Args:
            metric: Either run's.
        """
        whole = unit_of(metric.unit).whole_range
        return self._margin if self._margin is not None or whole is None else MARGIN * (whole[1] - whole[0])

    def _is_known(self, found: Mismatch) -> bool:
        """Whether the same setting of the whole task is a mismatch already."""
        return any(
            (one.kind, one.task, one.what) == (found.kind, found.task, found.what) and one.metric is None
            for one in self.mismatches
        )

    def _name_mismatches(self, suite: str, task: str) -> None:
        """Name in what the runs of a task differ, once."""
        if (suite, task) in self._seen:
            return
        self._seen.add((suite, task))
        pairs = _in_both(*(side.records.samples(suite, task) for side in self._sides))
        self.mismatches += mismatches.of_task(task, self._sides[0].manifest, self._sides[1].manifest, list(pairs))

    def _blocking(self, metric: Metric, tasks: Sequence[str]) -> list[Mismatch]:
        """What differs and may not, of all that concerns a metric."""
        return [
            one
            for one in self.mismatches
            if one.kind not in self._tolerated
            and (one.task is None or one.task in tasks or one.task == metric.task)
            and one.metric in (None, metric.name)
        ]


def _without_definition(baseline: Metric, candidate: Metric) -> str | None:
    """Why a metric that has no definition in a run cannot be computed on the common items; None if both have one."""
    sides = [(name, one) for name, one in (("baseline", baseline), ("candidate", candidate)) if not one.definition]
    return (
        "; ".join(
            f"no value in the {name}: {one.error}" if one.error else f"the {name} has no definition to compute it by"
            for name, one in sides
        )
        or None
    )


def _differs(blocking: Sequence[Mismatch], lift: Callable[[Sequence[str]], str]) -> str:
    """``prompts differ (3 of 40), data differs (boolq)``, and how to compare all the same."""
    kinds = list(dict.fromkeys(one.kind for one in blocking))
    parts = []
    for kind in kinds:
        names = list(dict.fromkeys(one.what for one in blocking if one.kind == kind))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        parts.append(f"{kind.replace('_', ' ')}: {', '.join(names[:3])}{more}")
    return f"the runs differ in {'; '.join(parts)} (compare all the same: {lift(kinds)})"


def _in_both(baseline: Sequence[Sample], candidate: Sequence[Sample]) -> Iterator[tuple[Sample, Sample]]:
    """The samples of each item that both runs have."""
    theirs = by_id(candidate)
    return ((sample, theirs[sample.sample_id]) for sample in baseline if sample.sample_id in theirs)


def _by_option(kinds: Sequence[str]) -> str:
    return " ".join(f"--across {kind}" for kind in kinds)


def bare_difference(metric: Metric, confidence: float) -> MetricDifference:
    """The record of a difference without numbers.

    Args:
        metric: The candidate's.
        confidence: Nominal coverage.
    """
    return MetricDifference(**fields_of(metric), confidence=confidence)


def not_compared(bare: MetricDifference, reason: str) -> MetricDifference:
    """The record of a difference that cannot be shown.

    Args:
        bare: The record without numbers.
        reason: Why.
    """
    return bare.model_copy(update={"error": reason})
