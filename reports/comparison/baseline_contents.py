"""A run next to its baseline: the baseline's own numbers where they may be compared, and what was scored otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING

from audit.core.errors import AuditError, ConfigError, UsageError
from audit.core.formatting import counted
from audit.core.records.comparison import MIN_ALIGNED
from audit.gate.comparison.compare import ComparedRun, ComparisonWork, key_of
from audit.gate.rules.again import folder_of
from audit.reports.comparison.changes import task_changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.records import Decision, Metric, RunReference
    from audit.core.run_folder import RunFolder
    from audit.reports.comparison.changes import TaskChanges

Key = tuple[str, tuple[tuple[str, str], ...]]
LISTED = 5
"""Changed items that are kept of each task."""
NO_INTERVAL = {"ci_low": None, "ci_high": None, "ci_method": None}


@dataclass(frozen=True, slots=True)
class SharedItems:
    """How far the items of a task that may be compared are the same ones."""

    task: str
    """Its name."""
    both: int
    """Items that both runs scored."""
    baseline: int
    """Items that the baseline scored."""
    run: int
    """Items that the run scored."""

    @property
    def is_apart(self) -> bool:
        """Whether a run scored items that the other did not: the two numbers are then not of the same items."""
        return not self.both == self.baseline == self.run

    @property
    def counts(self) -> str:
        """How many, in one line: ``40 here, 20 in the baseline, 20 in both``."""
        return f"{self.run:,} here, {self.baseline:,} in the baseline, {self.both:,} in both"


@dataclass(frozen=True)
class BaselineContents:
    """What a report shows of a baseline."""

    reference: RunReference
    """Which run it is."""
    metrics: Mapping[Key, Metric]
    """Its own metrics by :func:`audit.gate.comparison.compare.key_of`; only those that may be compared."""
    not_compared: dict[str, list[Metric]] = field(default_factory=dict)
    """Primary metrics that may not, or that one of the runs lacks, by the reason."""
    changes: list[TaskChanges] = field(default_factory=list)
    """Tasks in which items were scored or answered otherwise; the one that lost most comes first."""
    shared: list[SharedItems] = field(default_factory=list)
    """Tasks whose items were compared."""

    @property
    def none_changed(self) -> str:
        """The sentence for runs without a changed score: of how many items that is known."""
        items = sum(task.both for task in self.shared)
        known = f"None of the {counted(items, 'item')} that both scored changed its score."
        return known if items else "No item could be compared."

    def of(self, metric: Metric) -> Metric | None:
        """The baseline's metric of the same name and slice; None where it has none that may be compared."""
        return self.metrics.get(key_of(metric))


def of_decision(run: RunFolder, decision: Decision) -> tuple[BaselineContents | None, str | None]:
    """The baseline of a verdict, where its folder is next to the run.

    Returns:
        The baseline, or None; and why it is not shown though the verdict compares with one.
    """
    if decision.baseline is None:
        return None, None
    name = decision.baseline.run_id
    folder = folder_of(run, decision, None)
    if folder is None:
        return None, f"its folder, {name}, is not next to the run: give it with audit report --baseline {quote(name)}"
    try:
        return given(run, folder, decision), None
    except AuditError as error:
        return None, str(error)


def given(run: RunFolder, folder: RunFolder, decision: Decision | None) -> BaselineContents:
    """A baseline whose folder is at hand.

    Args:
        run: The run, its evidence checked.
        folder: The baseline.
        decision: The verdict on the run, accepted by :func:`audit.gate.decisions.current` with this baseline: one that
            compares with it has had its evidence checked there.

    Raises:
        EvidenceInvalid: The files of the baseline contradict each other.
        RunFolderError: It cannot be read, or has not ended.
        ConfigError: It is the run itself, or another baseline than that of the verdict.
    """
    judged = decision.baseline if decision else None
    sides = ComparedRun(folder, check="nothing" if judged else "files"), ComparedRun(run, check="nothing")
    reference = sides[0].reference
    if reference.run_id == sides[1].reference.run_id:
        msg = f"{folder.path}: the baseline is the run itself: give the run to compare it with"
        raise ConfigError(msg)
    if judged is not None and judged.metrics_sha256 != reference.metrics_sha256:
        msg = f"{folder.path}: the verdict compares with other metrics, those of {judged.run_id}: give that run"
        raise ConfigError(msg)
    across = decision.across if decision and judged else ()
    aligned = (decision.min_aligned if decision else None) or MIN_ALIGNED
    work = ComparisonWork(*sides, across=across, margin=None, min_aligned=aligned, confidence=0.95)
    metrics: dict[Key, Metric] = {}
    refused: dict[str, list[Metric]] = {}
    changes: list[TaskChanges] = []
    shared: list[SharedItems] = []
    of_task = _by_task(sides[1].metrics)
    for task in dict.fromkeys([*of_task, *sides[0].tasks]):
        sides[0].check_task(*task)
        mine = of_task.get(task, [])
        known = [metric for metric in mine if key_of(metric) in sides[0].by_key]
        reasons = [(metric, _hindrance(work, metric)) for metric in known]
        comparable = [metric for metric, reason in reasons if reason is None]
        for metric, reason in reasons:
            if reason is not None and _is_listed(metric):
                refused.setdefault(reason, []).append(metric)
        looked_at = task[1] in sides[0].manifest.looked_at
        for metric in comparable:
            other = sides[0].by_key[key_of(metric)]
            metrics[key_of(metric)] = other.model_copy(update=NO_INTERVAL) if looked_at else other
        for found, items in _changes(sides, task, comparable):
            shared.append(items)
            changes += [found] if found.changed or found.reworded else []
    for where, having, lacking in (("this run", sides[1], sides[0]), ("the baseline", sides[0], sides[1])):
        alone = [one for key, one in having.by_key.items() if key not in lacking.by_key and _is_listed(one)]
        if alone:
            refused[f"measured in {where} alone"] = alone
    changes.sort(key=lambda one: one.loss, reverse=True)
    return BaselineContents(reference, metrics, refused, changes, shared)


def _is_listed(metric: Metric) -> bool:
    """Whether reports name a metric that was not compared."""
    return metric.primary and metric.slice is None and metric.suite != "explain"


def _by_task(metrics: Sequence[Metric]) -> dict[tuple[str, str], list[Metric]]:
    """Metrics by suite and task, so that the samples of each are read once."""
    tasks: dict[tuple[str, str], list[Metric]] = {}
    for metric in metrics:
        tasks.setdefault((metric.suite, metric.task), []).append(metric)
    return tasks


def _hindrance(work: ComparisonWork, metric: Metric) -> str | None:
    try:
        return work.hindrance(metric)
    except (TypeError, UsageError) as error:  # of a newer version or another package
        return str(error)


def _changes(
    sides: tuple[ComparedRun, ComparedRun], task: tuple[str, str], comparable: Sequence[Metric]
) -> Iterator[tuple[TaskChanges, SharedItems]]:
    """What changed in a task, of which items; nothing where none of its primary metrics may be compared."""
    primary = next((one for one in comparable if one.primary and one.slice is None), None)
    if primary is None or not all(side.records.holds(*task) for side in sides):
        return
    before, after = (side.records.samples(*task) for side in sides)
    found = task_changes(
        task[1],
        before,
        after,
        higher_is_better=primary.higher_is_better,
        most=LISTED,
    )
    scored = [sum(one.error is None and one.score is not None for one in samples) for samples in (before, after)]
    yield found, SharedItems(task[1], found.n, *scored)
