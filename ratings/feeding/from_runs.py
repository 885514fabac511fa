"""Items from run folders: what raters see is copied, so that ratings hold without the folders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.core.errors import RunFolderError, UsageError, did_you_mean
from audit.core.sensitive import is_hidden
from audit.core.text import named
from audit.ratings.feeding.choosing import Candidate, Filter, choose
from audit.ratings.feeding.rateable import rateable
from audit.ratings.projects.item import ItemContent, RatedOutput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder
    from audit.ratings.feeding.choosing import Way


@dataclass(frozen=True, slots=True)
class Feed:
    """Which items to take."""

    count: int = 100
    """How many of each task."""
    way: Way = "random"
    """How they are chosen."""
    tasks: tuple[str, ...] = ()
    """Only these tasks; all where empty."""
    only: Filter = field(default_factory=Filter)
    """What they have in common."""
    by: str | None = None
    """Slice whose values are the strata of ``stratified``."""
    every: bool = False
    """Each sampled text instead of the output alone."""


@dataclass(slots=True)
class Fed:
    """Items that were found, and what was left out."""

    items: list[ItemContent] = field(default_factory=list)
    """The items."""
    unrateable: int = 0
    """Samples of these tasks that nobody can judge."""
    same: int = 0
    """Items on which two runs gave the same text: there is nothing to prefer."""


def items_of(runs: Sequence[RunFolder], feed: Feed) -> Fed:
    """Items from one run, or from the items that two runs share.

    Args:
        runs: One or two run folders.
        feed: Which items.

    Raises:
        UsageError: There are no runs or more than two, no such task, no item, or samples lack what the way goes by.
        RunFolderError: A file of a run is broken.
    """
    if not 1 <= len(runs) <= 2:
        msg = f"{len(runs)} runs: name one run, or two to compare"
        raise UsageError(msg)
    if len({run.run_id for run in runs}) < len(runs):
        msg = f"{runs[0].path}: named twice: name two runs to compare"
        raise UsageError(msg)
    found, names = Fed(), names_of_checkpoints(runs)
    for suite, task in _tasks(runs, feed.tasks):
        candidates = _candidates([run.read_samples(suite, task) for run in runs], feed, found)
        better = _higher_is_better(runs[0], task) if feed.way == "worst" else None
        run_ids = [run.run_id for run in runs]
        chosen = choose(candidates, feed.way, feed.count, run_ids[0], higher_is_better=better, by=feed.by)
        found.items += [item_from(one, run_ids, names) for one in chosen]
    if not found.items:
        left = f" ({found.unrateable:,} samples have no text that people can judge)" if found.unrateable else ""
        msg = f"{', '.join(str(run.path) for run in runs)}: no items to rate{left}: choose other tasks or filters"
        raise UsageError(msg)
    return found


def rateable_of(run: RunFolder, suite: str, task: str) -> list[Sample]:
    """The samples of a task that people can judge, by their outputs."""
    return rateable(run.read_samples(suite, task))


def names_of_checkpoints(runs: Sequence[RunFolder]) -> list[str]:
    """What must not be read by raters: the names of the checkpoints of some runs."""
    models = [run.read_manifest().model for run in runs]
    names = [name for model in models for name in (model.name, model.source.rsplit("/", 1)[-1])]
    return list(dict.fromkeys(name for name in names if name))


def item_from(one: Candidate, run_ids: Sequence[str], names: Sequence[str]) -> ItemContent:
    """The item of a sample, or of two of the same item.

    Args:
        one: The sample, or both.
        run_ids: Their runs.
        names: Of the checkpoints, for raters not to read.
    """
    samples = [one.first, *([one.second] if one.second else [])]
    return ItemContent(
        suite=one.first.suite,
        task=one.first.task,
        prompt=one.first.prompt,
        outputs=[
            RatedOutput.of(run, sample.sample_id, sample.output or "", _scores(sample))
            for run, sample in zip(run_ids, samples, strict=True)
        ],
        options=one.first.choice.options if one.first.choice else [],
        may_offend=any(map(is_hidden, samples)),
        hidden_names=list(names),
    )


def _tasks(runs: Sequence[RunFolder], wanted: tuple[str, ...]) -> list[tuple[str, str]]:
    """Suite and task of the tasks that all runs have."""
    shared = [task for task in runs[0].tasks() if all(task in run.tasks() for run in runs)]
    names = [name for _, name in shared]
    for name in wanted:
        if name not in names:
            where = "both runs" if len(runs) > 1 else str(runs[0].path)
            there = f"there are {', '.join(map(named, names)) or 'none'}.{did_you_mean(name, names)}"
            msg = f"--tasks {named(name)}: no such task in {where}: {there}"
            raise UsageError(msg)
    return [(suite, task) for suite, task in shared if not wanted or task in wanted]


def _candidates(of_runs: list[list[Sample]], feed: Feed, found: Fed) -> list[Candidate]:
    """The rateable items of a task that pass the filter."""
    rated = [rateable(samples, every=feed.every) for samples in of_runs]
    found.unrateable += sum(map(len, of_runs)) - sum(map(len, rated)) if not feed.every else 0
    kept = [sample for sample in rated[0] if feed.only.accepts(sample)]
    if len(rated) == 1:
        return [Candidate(sample) for sample in kept]
    others = {sample.sample_id: sample for sample in rated[1]}
    pairs = [Candidate(one, others[one.sample_id]) for one in kept if one.sample_id in others]
    different = [one for one in pairs if one.second is not None and one.first.output != one.second.output]
    found.same += len(pairs) - len(different)
    return different


def _higher_is_better(run: RunFolder, task: str) -> bool | None:
    """Direction of a task's scores, as its primary metrics say."""
    try:
        metrics = run.read_metrics()
    except RunFolderError:
        return None
    directions = {one.higher_is_better for one in metrics if one.task == task and one.primary and one.slice is None}
    return next(iter(directions)) if len(directions) == 1 else None


def _scores(sample: Sample) -> dict[str, float]:
    """All automatic scores of an output."""
    scores = {name: float(value) for name, value in sample.scores.items() if value is not None}
    return scores if sample.score is None else {"score": sample.score, **scores}
