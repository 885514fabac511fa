"""Numbers of a run, derived again from its samples.

Derived are: how many samples a task has, how many could not be scored, how many answers and prompts were cut or could
not be parsed, and value, ``n`` and ``missing`` of every metric with a ``definition``. Of those that are judged, so is
the interval, whose bootstrap may take long, where the packages that compute it have the versions of the run. Metrics
without a definition (corpus BLEU, ICAT, gaps between groups, …) are tied to the run by the digest of ``metrics.json``
alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from audit.core import provenance
from audit.core.contradictions import in_records
from audit.core.errors import EvidenceInvalid
from audit.core.records import samples_file
from audit.stats.definitions.base import is_scored
from audit.stats.definitions.mean import TRUNCATED_OUTPUT
from audit.stats.recompute import differences, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from audit.core.records import Metric, RunManifest, Sample
    from audit.core.run_folder import RunFolder

FLAGS = {
    "truncated_outputs": TRUNCATED_OUTPUT,
    "truncated_prompts": "truncated_prompt",
    "unparsed_answers": "unparsed_answer",
}
"""Metrics that count the samples with a flag."""
COMPUTING = ("checkpoint-audit", "numpy", "scipy")
"""Packages that compute intervals: another version may draw other resamples, or take another method."""


def check(run: RunFolder, manifest: RunManifest, metrics: Sequence[Metric], judged: Collection[str] | None) -> None:
    """Compare the metrics of a run with what its manifest says and its samples give.

    Args:
        run: The folder.
        manifest: Its manifest.
        metrics: All of them.
        judged: Names of those whose intervals are computed again; None takes the primary ones.

    Raises:
        EvidenceInvalid: The first number that differs, or a value of a task that did not run.
        RunFolderError: A samples file is broken.
    """
    fault = in_records(manifest, metrics)
    if fault:
        msg = f"{run.manifest_path}: evidence invalid: {fault}"
        raise EvidenceInvalid(msg)
    versions = provenance.package_versions(COMPUTING)
    if any(manifest.packages.get(name) != versions.get(name) for name in COMPUTING):
        judged = ()
    mine: dict[tuple[str, str], list[Metric]] = defaultdict(list)
    for metric in metrics:
        mine[metric.suite, metric.task].append(metric)
    for suite, task in run.tasks():
        fault = next(_faults(run, suite, task, mine.pop((suite, task), []), judged), None)
        if fault:
            msg = f"{run.samples_path(suite, task)}: evidence invalid: {fault}"
            raise EvidenceInvalid(msg)
    lost = next((metric for rest in mine.values() for metric in rest if metric.definition), None)
    if lost is not None:
        path = run.samples_path(lost.suite, lost.task)
        msg = f"{path}: evidence invalid: it is missing, and {lost.name} was measured on it"
        raise EvidenceInvalid(msg)


def _faults(
    run: RunFolder, suite: str, task: str, metrics: Sequence[Metric], judged: Collection[str] | None
) -> Iterator[str]:
    """What is wrong with the samples of a task, or with its metrics."""
    samples = samples_file.read_numbers(run.samples_path(suite, task))
    stray = next((sample for sample in samples if (sample.suite, sample.task) != (suite, task)), None)
    if stray is not None:
        yield f"it holds a sample of {stray.suite}/{stray.task}"
    twice = next((name for name, times in Counter(sample.sample_id for sample in samples).items() if times > 1), None)
    if twice is not None:
        yield f"it holds sample {twice} twice"
    for metric in metrics:
        wanted = metric.primary if judged is None else metric.name in judged
        yield from _in_metric(metric, samples, interval=wanted)


def _in_metric(metric: Metric, samples: Sequence[Sample], *, interval: bool) -> Iterator[str]:
    """What the samples say about a metric, where it is not what the metric says."""
    n, missing, total = metric.n, metric.missing, len(samples)
    if n + missing > total:
        yield f"{metric.name} is about {n + missing} items, the task has {total} samples"
    unscored = sum(not is_scored(sample) for sample in samples) if _is_about_all(metric) else total
    if n + missing + unscored < total:
        told = f"n {n}, missing {missing}, unscored {unscored}"
        yield f"{metric.name} does not account for all {total} samples: {told}"
    counted = _count(metric, samples)
    if counted is not None and (metric.value, n) != (counted, total):
        yield f"{metric.name} is {shown(metric.value)} of {n}, the samples give {counted} of {total}"
    yield from differences(metric, samples, interval=interval)


def _is_about_all(metric: Metric) -> bool:
    """Whether a metric is about every item of its task: of a benchmark each is, probes look at parts too."""
    return metric.suite == "evals" and metric.slice is None and metric.value is not None and metric.unit != "count"


def _count(metric: Metric, samples: Sequence[Sample]) -> int | None:
    """What a plain count of samples must be; None for other metrics, and for slices."""
    if metric.slice is not None:
        return None
    if metric.metric == "unscored":
        return sum(not is_scored(sample) for sample in samples)
    flag = FLAGS.get(metric.metric)
    return None if flag is None else sum(flag in sample.flags for sample in samples)
