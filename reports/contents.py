"""A run folder, read once, in the order in which reports show it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from audit.core import collector
from audit.core.sensitive import is_hidden
from audit.gate import decisions, evidence
from audit.gate.metrics_file import read_metrics
from audit.reports.errors.analysis import LISTED, ErrorAnalysis, analyse
from audit.reports.errors.crossed import crossed
from audit.reports.errors.embedding_groups import read_embedded
from audit.reports.errors.scoring import ScoringAgreement, ScoringAgreements
from audit.stats.aggregate import UNSCORED
from audit.stats.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from audit.core.records import Attribution, Decision, Drivers, Metric, RunManifest, Sample, Suite
    from audit.core.run_folder import RunFolder
    from audit.ratings import RatingSummary
    from audit.ratings.results.of_run import RunRatings
    from audit.reports.comparison.baseline_contents import BaselineContents
    from audit.reports.errors.crossed import CrossedTable

SUITES: tuple[Suite, ...] = ("evals", "safety", "explain")


@dataclass(frozen=True)
class TaskContents:
    """One task of a run."""

    suite: Suite
    """Its suite."""
    task: str
    """Its name."""
    metrics: list[Metric]
    """Over all items, primary ones first; the count of unscored samples is not among them."""
    slices: list[Metric]
    """Over subsets."""
    unscored: Metric | None
    """How many samples could not be scored; null when the task did not say."""
    analysis: ErrorAnalysis | None
    """What its samples show; null when the run holds none."""
    attributions: list[Attribution]
    """Of its samples."""
    shown: frozenset[str]
    """Ids of samples whose text a reader sees without asking for it."""
    crossed: CrossedTable | None = None
    """Its leading share by category and family; null where the samples are not divided so."""

    def hides(self, sample_id: str | None) -> bool:
        """Whether the text of this sample is hidden; one that the task does not hold is."""
        return sample_id not in self.shown

    @property
    def primary(self) -> list[Metric]:
        """What the summary shows."""
        return [metric for metric in self.metrics if metric.primary]


@dataclass(frozen=True)
class RunContents:
    """Everything a report may show of a run."""

    manifest: RunManifest
    """What was run, on what, with what."""
    metrics_sha256: str
    """Digest of ``metrics.json`` as read."""
    decision: Decision | None
    """The gate's verdict on exactly this evidence; null when there is none."""
    stale_reason: str | None
    """Why a verdict that exists is not shown; null otherwise."""
    tasks: list[TaskContents]
    """In the order of suites and of the metrics file."""
    ratings: list[RatingSummary] = field(default_factory=list)
    """What people said about the run's outputs."""
    people: list[RunRatings] = field(default_factory=list)
    """How far they agree, and which metrics follow them, project by project."""
    drivers: Drivers | None = None
    """What drives answers across samples; null when the run looked for nothing."""
    path: Path | None = None
    """The run folder, for commands that a reader is to type."""
    scoring: list[ScoringAgreement] = field(default_factory=list)
    """Tasks that ask the same questions by likelihood and by generation."""
    baseline: BaselineContents | None = None
    """The baseline's own numbers, and what changed; null without one."""
    no_baseline: str | None = None
    """Why the baseline of the verdict is not shown next to the run; null where it is, or there is none."""
    unchecked: str | None = None
    """What of the verdict could not be checked, because its policy or baseline is not at hand; null otherwise."""

    @property
    def stale_decision(self) -> bool:
        """Whether a verdict exists that is not shown."""
        return self.stale_reason is not None

    @property
    def looked_at(self) -> set[str]:
        """Tasks whose number of items looks decided, so that their intervals are too narrow."""
        return self.manifest.looked_at

    @property
    def metrics(self) -> list[Metric]:
        """Every metric, task by task."""
        return [
            metric
            for task in self.tasks
            for metric in (*task.metrics, *task.slices, *([task.unscored] if task.unscored else ()))
        ]

    def of(self, suite: Suite) -> list[TaskContents]:
        """Tasks of one suite."""
        return [task for task in self.tasks if task.suite == suite]


@collector.paused()
def read(
    run: RunFolder,
    *,
    ratings: Iterable[RatingSummary] = (),
    people: Iterable[RunRatings] = (),
    listed: int = LISTED,
    baseline: RunFolder | None = None,
) -> RunContents:
    """Read a run folder; of the samples only the analysis and the listed ones stay in memory.

    Args:
        run: The folder.
        baseline: The run to show it next to; None takes that of the verdict, where its folder is next to the run.
        ratings: ``audit.ratings.summary(database_url, run_id)`` where people rated.
        people: ``audit.ratings.results.of_run.results_of_run(database_url, run_id)`` where they rated in projects.
        listed: Samples listed per task at most.

    Raises:
        EvidenceInvalid: The files of the folder contradict each other.
        RunFolderError: A file of the folder is missing, broken or of a newer schema.
        ConfigError: The baseline is the run itself, or another one than that of the verdict.
    """
    numbers, records = evidence.check_files(run), Records(run)
    manifest = run.read_manifest()
    metrics, digest = read_metrics(run, manifest)
    decision, stale = decisions.current(run, manifest, metrics, digest, baseline, datetime.now(UTC).date(), numbers)
    stored = run.tasks()
    attributions = read_attributions(run, manifest)
    tasks, agreements = [], ScoringAgreements()
    for suite, task in _task_order(metrics, stored, attributions):
        mine = [metric for metric in metrics if (metric.suite, metric.task) == (suite, task)]
        if numbers:  # with the samples that are shown, so that they are read once
            numbers.check_task(suite, task, None, records)
        samples = records.samples(suite, task) if (suite, task) in stored else []
        analysis = analysis_of(run, manifest, metrics, suite, task, samples, listed) if samples else None
        agreements.add(suite, task, samples, mine)
        explained = [a for a in attributions if (a.suite, a.task) == (suite, task)]
        shown = frozenset(sample.sample_id for sample in samples if not is_hidden(sample))
        table = crossed(mine, samples, narrow=task in manifest.looked_at)
        tasks.append(replace(_task(suite, task, mine, analysis, explained, shown), crossed=table))
    remark = decisions.unchecked(run, decision, baseline) if decision else None
    other, why = _baseline(run, decision, baseline)
    return RunContents(
        manifest,
        digest,
        decision,
        stale,
        tasks,
        list(ratings),
        people=list(people),
        drivers=run.read_drivers(),
        path=run.path,
        baseline=other,
        no_baseline=why,
        unchecked=remark,
        scoring=agreements.found(seed=_seed(manifest)),
    )


def _baseline(
    run: RunFolder, decision: Decision | None, baseline: RunFolder | None
) -> tuple[BaselineContents | None, str | None]:
    """The baseline, and why that of the verdict is not shown; comparing takes SciPy a second to import."""
    if baseline is None and (decision is None or decision.baseline is None):
        return None, None
    from audit.reports.comparison import baseline_contents  # noqa: PLC0415 - see above

    if baseline is not None:
        return baseline_contents.given(run, baseline, decision), None
    return baseline_contents.of_decision(run, decision) if decision else (None, None)


def analysis_of(
    run: RunFolder,
    manifest: RunManifest,
    metrics: Sequence[Metric],
    suite: Suite,
    task: str,
    samples: Sequence[Sample],
    listed: int = LISTED,
) -> ErrorAnalysis:
    """The error analysis of one task, bootstrapped with the run's own seed.

    Args:
        run: The folder.
        manifest: Of the run.
        metrics: Of the run.
        suite: Suite of the task.
        task: Its name.
        samples: All its samples.
        listed: Samples listed at most.

    Raises:
        RunFolderError: The file of its embeddings is broken.
    """
    mine = [metric for metric in metrics if (metric.suite, metric.task) == (suite, task)]
    embedded = read_embedded(run, manifest, suite, task)
    return analyse(suite, task, samples, mine, seed=_seed(manifest), listed=listed, embedded=embedded)


def _seed(manifest: RunManifest) -> int:
    """The run's seed of bootstraps."""
    return manifest.seeds.get("bootstrap", next(iter(manifest.seeds.values()), 0))


def read_attributions(run: RunFolder, manifest: RunManifest) -> list[Attribution]:
    """All attributions: by sample, then by method in the order of the configuration, then by what is explained.

    Raises:
        RunFolderError: One is broken or of a newer schema.
    """
    methods: list[str] = (manifest.config.get("explain") or {}).get("methods", [])

    def order(attribution: Attribution) -> tuple[str, int, str, str, str]:
        known = attribution.method in methods
        return (
            attribution.sample_id or "",
            methods.index(attribution.method) if known else len(methods),
            attribution.method,
            attribution.target,
            attribution.against or "",
        )

    return sorted(run.read_attributions(), key=order)


def _task(
    suite: Suite,
    task: str,
    metrics: Sequence[Metric],
    analysis: ErrorAnalysis | None,
    explained: list[Attribution],
    shown: frozenset[str],
) -> TaskContents:
    whole = [metric for metric in metrics if metric.slice is None and metric.metric != UNSCORED]
    return TaskContents(
        suite=suite,
        task=task,
        metrics=sorted(whole, key=lambda metric: not metric.primary),
        slices=[metric for metric in metrics if metric.slice is not None],
        unscored=next((metric for metric in metrics if metric.metric == UNSCORED and metric.slice is None), None),
        analysis=analysis,
        attributions=explained,
        shown=shown,
    )


def _task_order(
    metrics: Sequence[Metric], stored: Sequence[tuple[str, str]], attributions: Sequence[Attribution]
) -> list[tuple[Suite, str]]:
    """Every task that left a metric, a sample or an attribution: by suite, then as first met."""
    met = [(metric.suite, metric.task) for metric in metrics]
    met += [(suite, task) for suite in SUITES for other, task in stored if other == suite]
    met += [(a.suite, a.task) for a in attributions if a.suite and a.task]
    return sorted(dict.fromkeys(met), key=lambda pair: SUITES.index(pair[0]))
