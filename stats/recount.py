"""Numbers of a run, derived from its samples and attributions and compared with the stored ones.

Value, ``n`` and ``missing`` are derived for every metric with a ``definition``, and for the counts that every task has
with or without one. Intervals, whose bootstrap may take long, are derived only for judged metrics, and only if the
packages that compute them have the versions of the run. Metrics without a definition (statistics of tasks from
elsewhere) are tied to the run only by the digest of ``metrics.json``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from audit.core import provenance
from audit.core.contradictions import MEMBERS, in_records
from audit.core.errors import EvidenceInvalid
from audit.core.names import has_definitions
from audit.core.records import Flag
from audit.core.records.flags import OF_ANSWER
from audit.stats.aggregate import UNSCORED
from audit.stats.cut_answers import bound_faults
from audit.stats.definitions import (
    Count,
    FlaggedCompletions,
    Members,
    Unscored,
    UnscoredCompletions,
    counts_pairs,
    read,
)
from audit.stats.definitions.base import is_scored
from audit.stats.recompute import called, differences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from audit.core.records import Metric, RunManifest, Sample
    from audit.core.run_folder import RunFolder
    from audit.stats.definitions import Definition
    from audit.stats.records import Records

COUNTS = {
    "unscored": Unscored(),
    "truncated_outputs": Count(flags=(Flag.TRUNCATED_OUTPUT,)),
    "truncated_prompts": Count(flags=(Flag.TRUNCATED_PROMPT,)),
    "unparsed_answers": Count(flags=(Flag.UNPARSED_ANSWER,)),
}
"""What metrics of these names count over all items of a task, with or without a definition."""
UNSCORED_TEXTS = UnscoredCompletions()
"""What ``unscored`` may count instead of samples."""
COMPUTING = ("checkpoint-audit", "numpy", "scipy")
"""Packages that compute intervals: another version may draw other resamples or use another method."""


class Recount:
    """The metrics of a run, compared task by task with what its samples give.

    Args:
        run: The folder.
        manifest: Its manifest.
        metrics: All of them.

    Raises:
        EvidenceInvalid: The manifest says that a task did not run, and a metric of it has a value.
    """

    def __init__(self, run: RunFolder, manifest: RunManifest, metrics: Sequence[Metric]) -> None:
        fault = in_records(manifest, metrics)
        if fault:
            raise _invalid(run.manifest_path, fault)
        self._run, self._manifest = run, manifest
        self._with_samples = run.tasks()
        self._compared: set[tuple[str, str] | tuple[str, str, int, bool]] = set()
        self._metrics: defaultdict[tuple[str, str], list[Metric]] = defaultdict(list)
        for metric in metrics:
            self._metrics[metric.suite, metric.task].append(metric)
        self.tasks = list(dict.fromkeys([*self._with_samples, *self._metrics]))
        """Suite and task of all samples and metrics; groups of tasks, which have no samples, after their members."""
        versions = provenance.package_versions(COMPUTING)
        self._same_packages = all(manifest.packages.get(name) == versions.get(name) for name in COMPUTING)

    def check(self, judged: Collection[str] | None, records: Records) -> None:
        """Compare the metrics of all tasks.

        Args:
            judged: Names of the metrics whose intervals are computed again; None takes the primary ones.
            records: The run's samples.

        Raises:
            EvidenceInvalid: The first number that differs, or one without a definition where every metric has one
                (:func:`audit.core.names.has_definitions`).
            RunFolderError: A samples file is broken.
        """
        for suite, task in self.tasks:
            self.check_task(suite, task, judged, records)

    def check_task(self, suite: str, task: str, judged: Collection[str] | None, records: Records) -> None:
        """Compare the metrics of one task; of a task that the run does not have, there are none.

        What an earlier call has compared is not compared again, only intervals that it left out.

        Args:
            suite: Suite of the task.
            task: Its name.
            judged: As in :meth:`check`.
            records: The run's samples.

        Raises:
            EvidenceInvalid: As :meth:`check`.
            RunFolderError: The samples file is broken.
        """
        run, metrics = self._run, self._metrics.get((suite, task), [])
        has_samples = (suite, task) in self._with_samples
        path, is_new = run.samples_path(suite, task), (suite, task) not in self._compared
        if has_samples and is_new:
            _refuse(path, _in_task(suite, task, records.samples(suite, task), metrics))
        for place, metric in enumerate(metrics):
            counted = COUNTS.get(metric.metric) if metric.slice is None else None
            if metric.definition is None and counted is not None and has_samples:
                metric = metric.model_copy(update={"definition": counted.written()})  # noqa: PLW2901
            if metric.definition is None and metric.value is not None and has_definitions(suite, task):
                fault = f"{called(metric)} has no definition, which all metrics of {task} have"
                raise _invalid(run.metrics_path, fault)
            wanted = self._same_packages and (metric.primary if judged is None else metric.name in judged)
            if (suite, task, place, True) in self._compared or (not wanted and not is_new):
                continue
            _refuse_metric(run, self._manifest, metric, records, interval=wanted)
            self._compared.add((suite, task, place, wanted))
        if has_samples and is_new:
            _refuse(path, bound_faults(metrics, records.samples(suite, task)))
        self._compared.add((suite, task))


def _refuse(path: Path, faults: Iterator[str]) -> None:
    """Raise EvidenceInvalid for the first of the faults of a file."""
    for fault in faults:
        raise _invalid(path, fault)


def _invalid(path: Path, fault: str) -> EvidenceInvalid:
    """One line for a fault in a file."""
    return EvidenceInvalid(fault, path)


def _in_task(suite: str, task: str, samples: Sequence[Sample], metrics: Sequence[Metric]) -> Iterator[str]:
    """Faults in the samples of a task, or in what its metrics say about their number."""
    stray = next((sample for sample in samples if (sample.suite, sample.task) != (suite, task)), None)
    if stray is not None:
        yield f"it holds a sample of {stray.suite}/{stray.task}"
    twice = next((name for name, times in Counter(sample.sample_id for sample in samples).items() if times > 1), None)
    if twice is not None:
        yield f"it holds sample {twice} twice"
    total, unscored = len(samples), sum(not is_scored(sample) for sample in samples)
    for metric in metrics:
        if metric.slice is not None or metric.metric not in COUNTS:
            yield from _in_numbers(metric, total, unscored)


def _in_numbers(metric: Metric, total: int, unscored: int) -> Iterator[str]:
    """Why a metric cannot cover this many samples.

    Args:
        metric: A metric of the task.
        total: Number of samples of the task.
        unscored: Number of samples that could not be scored.
    """
    n, missing = metric.n, metric.missing
    if metric.definition is None and n + missing > total:
        yield f"{metric.name} covers {n + missing} items, but the task has {total} samples"
    if _is_about_all(metric) and n + missing + unscored < total:
        counts = f"n {n}, missing {missing}, unscored {unscored}"
        yield f"{metric.name} does not account for all {total} samples: {counts}"


def _is_about_all(metric: Metric) -> bool:
    """Whether a metric covers every sample of its task.

    On benchmarks all do but those that count items that were asked several times; on probes some cover parts.
    """
    if metric.suite != "evals" or metric.slice is not None or metric.value is None or metric.unit == "count":
        return False
    return not counts_pairs(metric)


def _refuse_metric(run: RunFolder, manifest: RunManifest, metric: Metric, records: Records, *, interval: bool) -> None:
    """Raise EvidenceInvalid if a metric's samples or attributions are missing or give another result.

    Args:
        run: The folder.
        manifest: Its manifest.
        metric: Any of the run.
        records: Its samples and attributions.
        interval: Whether the interval is computed again, too.
    """
    if metric.definition is None:
        return
    path = run.samples_path(metric.suite, metric.task)
    try:
        definition = read(metric.definition)
        strange = metric.slice is None and not _counts_what_it_says(metric, definition, records)
    except TypeError as error:
        raise _invalid(path, f"{metric.name} has a definition that cannot be computed: {error}") from error
    if strange:
        raise _invalid(path, f"{metric.name} is defined as something else: {metric.definition}")
    if isinstance(definition, Members):
        fault = _in_group(metric, definition, manifest.tasks.get(metric.task, {}).get(MEMBERS))
        if fault:
            raise _invalid(run.metrics_path, fault)
    if definition.explained is not None:
        path = run.path / "attributions"
    else:
        lost = next((task for task in definition.tasks(metric.task) if not records.holds(metric.suite, task)), None)
        if lost is not None:
            lost_path = run.samples_path(metric.suite, lost)
            raise _invalid(lost_path, f"it is missing, although {metric.name} was measured on it")
    _refuse(path, differences(metric, records.of(metric), interval=interval))


def _in_group(metric: Metric, definition: Members, recorded: Collection[str] | None) -> str | None:
    """Why the score of a group is not the score of exactly its members; None if it is.

    Args:
        metric: A metric of a group.
        definition: Its definition.
        recorded: Names of the members, as the manifest has them; None where it does not.
    """
    if recorded is None:
        return f"{metric.name} is a score of several tasks, but the manifest does not list the members of {metric.task}"
    wrong = sorted(definition.members.keys() ^ set(recorded))
    if not wrong:
        return None
    return f"{metric.name} is not the score of the members of {metric.task}: {wrong[0]} is missing, or not a member"


def _counts_what_it_says(metric: Metric, definition: Definition, records: Records) -> bool:
    """Whether a metric with the name of a count is that count over all items; for a group, the sum over its members.

    Where items have several answers, answers with a flag may be counted instead of items.

    Args:
        metric: Without a slice.
        definition: Its definition, or that of a member.
        records: The run's samples.

    Raises:
        TypeError: The definition of a member cannot be followed.
    """
    counted = COUNTS.get(metric.metric)
    if counted is None:
        return True
    if isinstance(definition, Members):
        members = map(read, definition.members.values())
        return definition.total and all(_counts_what_it_says(metric, one, records) for one in members)
    # Seed and resamples change no count, and samples to be explained are listed.
    listed = None if metric.suite == "explain" else definition.explained
    same = replace(definition, seed=counted.seed, resamples=counted.resamples, explained=listed)
    if isinstance(counted, Count) and same == FlaggedCompletions(flags=counted.flags):
        flagged = (one for one in records.of(metric) if not set(counted.flags).isdisjoint(one.flags))
        return OF_ANSWER.issuperset(counted.flags) and all(one.completions for one in flagged)
    return same == counted or (metric.metric == UNSCORED and same == UNSCORED_TEXTS)
