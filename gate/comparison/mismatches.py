"""In what two runs differ apart from the weights: whatever it is, a difference of metrics may be due to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Mismatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.core.records import Metric, RunManifest, Sample
    from audit.core.records.comparison import MismatchKind

TOLERATED: tuple[MismatchKind, ...] = ("package",)
"""Kinds that are named and never keep two runs from being compared."""
OF_FILES: tuple[tuple[str, MismatchKind], ...] = (("tokenizer", "tokenizer"), ("chat_template", "chat_template"))
"""Kinds of a checkpoint's files that decide what it reads, and the kind of mismatch."""

OF_ASSETS: tuple[tuple[str, MismatchKind], ...] = (("dataset", "data"), ("scorer", "scorer"))
"""Kinds of assets that decide a task's numbers, and the kind of mismatch."""


def of_runs(baseline: RunManifest, candidate: RunManifest) -> Iterator[Mismatch]:
    """What differs between the runs as a whole: tokenizer, chat template, versions of packages."""
    for kind, named in OF_FILES:
        ours, theirs = _files(baseline, kind), _files(candidate, kind)
        if ours != theirs:  # one file more or less is a difference, too
            yield Mismatch(kind=named, what=kind.replace("_", " "), baseline=ours, candidate=theirs)
    yield from _both("package", None, baseline.packages, candidate.packages)


def of_task(
    task: str, baseline: RunManifest, candidate: RunManifest, pairs: Sequence[tuple[Sample, Sample]]
) -> Iterator[Mismatch]:
    """What differs between the runs of one task: version, settings, data sets, scorer, prompts of items that both have.

    Args:
        task: Its name.
        baseline: Manifest of the baseline.
        candidate: Manifest of the candidate.
        pairs: The samples of both runs of each item that both have.
    """
    yield from _settings(task, None, baseline.tasks.get(task, {}), candidate.tasks.get(task, {}))
    for kind, named in OF_ASSETS:
        yield from _both(named, task, *(_assets(manifest, kind, task) for manifest in (baseline, candidate)))
    other = sum(not _same_prompt(*pair) for pair in pairs)
    if other:
        yield Mismatch(kind="prompts", task=task, what=f"{other:,} of {len(pairs):,}")


def of_metric(baseline: Metric, candidate: Metric) -> Iterator[Mismatch]:
    """What differs between two metrics of the same name: settings, and arguments of the definition but its seed."""
    yield from _settings(candidate.task, candidate.name, baseline.settings, candidate.settings)
    arguments = [
        {name: value for name, value in (metric.definition or {}).items() if name not in ("seed", "resamples")}
        for metric in (baseline, candidate)
    ]
    yield from _settings(candidate.task, candidate.name, *arguments)


def _settings(
    task: str, metric: str | None, baseline: Mapping[str, Any], candidate: Mapping[str, Any]
) -> Iterator[Mismatch]:
    """Settings by name; one that only one side has differs."""
    for name in sorted({*baseline, *candidate}):
        ours, theirs = baseline.get(name), candidate.get(name)
        if ours != theirs:
            kind: MismatchKind = "version" if name == "version" else "settings"
            yield Mismatch(kind=kind, task=task, metric=metric, what=name, baseline=ours, candidate=theirs)


def _both(
    kind: MismatchKind, task: str | None, baseline: Mapping[str, str], candidate: Mapping[str, str]
) -> Iterator[Mismatch]:
    """What both have in two forms."""
    for name in sorted(baseline.keys() & candidate.keys()):
        if baseline[name] != candidate[name]:
            yield Mismatch(kind=kind, task=task, what=name, baseline=baseline[name], candidate=candidate[name])


def _files(manifest: RunManifest, kind: str) -> dict[str, str]:
    """Digests of a checkpoint's files of one kind, by name."""
    return {file.path: file.sha256 for file in manifest.model.files if file.kind == kind}


def _assets(manifest: RunManifest, kind: str, task: str) -> dict[str, str]:
    """Digests of a task's data sets or scorers, by name; those of all tasks where the run did not record which."""
    used = manifest.task_assets.get(task)
    found = (asset for asset in manifest.assets if asset.kind == kind and (used is None or asset.name in used))
    return {asset.name: asset.sha256 for asset in found}


def _same_prompt(baseline: Sample, candidate: Sample) -> bool:
    """Whether an item's prompt was the same; without its digest its text decides, and without both nobody knows."""
    if baseline.prompt_sha256 is not None and candidate.prompt_sha256 is not None:
        return baseline.prompt_sha256 == candidate.prompt_sha256
    return baseline.prompt == candidate.prompt != ""
