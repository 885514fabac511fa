"""Whether a run that was made again gives what the first one gave: item by item, then metric by metric.

What decides results comes first: another checkpoint, other packages, other data. A difference of results under the
same circumstances is the finding that matters. Numbers may differ by rounding: batches of other sizes and other
processors add in another order, which ``docs/explanation/engine.md`` limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from pydantic import Field

from audit.core.formatting import metric_label
from audit.core.records.base import Record
from audit.gate import evidence
from audit.gate.comparison.mismatches import of_runs, of_task
from audit.stats import definitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from audit.core.records import Attribution, Metric, Mismatch, RunManifest, Sample
    from audit.core.run_folder import RunFolder

ROUNDING = 1e-4
"""By how much two numbers may differ, absolutely or relatively: the engine's own limit for a log-probability."""
SHOWN = 5
"""Items of a task that are named."""
Suites = tuple[str, str]


class ReplayedTask(Record):
    """The items of one task, or the attributions of one method, in both runs."""

    suite: str
    """Its suite."""
    task: str
    """Task, probe or method."""
    recorded: int
    """Items of the first run."""
    replayed: int
    """Items of the second run."""
    missing: int = 0
    """Items of the first run that the second one should have and lacks."""
    added: int = 0
    """Items that only the second run has."""
    prompts: int = 0
    """Items of both that asked something else: another prompt, other options, another reference."""
    answers: int = 0
    """Items of both with another answer."""
    scores: int = 0
    """Items of both with another score, log-likelihood or value, beyond rounding."""
    largest: float = 0.0
    """Largest difference between two of these numbers."""
    first: list[str] = Field(default_factory=list)
    """Ids of the first items that differ."""

    @property
    def equal(self) -> bool:
        """Whether nothing differs beyond rounding."""
        return not (self.missing or self.added or self.prompts or self.answers or self.scores)


class Replay(Record):
    """A run and its replay, compared."""

    recorded: str
    """The run that was made first."""
    replayed: str
    """The one that was made again."""
    causes: list[str]
    """What decides results and is not as it was, the checkpoint first."""
    tasks: list[ReplayedTask]
    """Every task of either run."""
    metrics: int
    """Metrics that were compared; those of a part of a task's items are not."""
    different: list[str]
    """Metrics that differ, with both values."""

    @property
    def equal(self) -> bool:
        """Whether prompts, answers, scores and metrics are the same."""
        return not self.different and all(task.equal for task in self.tasks)


def compare_replay(recorded: RunFolder, replayed: RunFolder, *, part: bool = False) -> Replay:
    """Compare a run with its replay.

    Args:
        recorded: The run that was made first.
        replayed: The one that was made again from its configuration.
        part: Whether only some of the tasks or items were run again: other tasks, and items beyond a smaller limit,
            are then no difference.

    Raises:
        EvidenceInvalid: The files of one contradict each other.
        RunFolderError: One cannot be read.
    """
    for run in (recorded, replayed):
        evidence.check(run, ())
    manifests = recorded.read_manifest(), replayed.read_manifest()
    named: list[Mismatch] = [one for one in of_runs(*manifests) if one.baseline != one.candidate]
    tasks = []
    limits = [_limits(manifest) for manifest in manifests]
    for name in sorted({*recorded.tasks(), *replayed.tasks()}):
        if part and name not in {*limits[1], *replayed.tasks()}:
            continue
        before, after = (_samples(run, name) for run in (recorded, replayed))
        named += _in_data(name[1], *manifests, before, after)
        every = not part or (name in limits[1] and limits[0].get(name) == limits[1][name])
        tasks.append(_compared(name, _items(before), _items(after), every=every))
    if not part:
        tasks += _methods(recorded.read_attributions(), replayed.read_attributions())
    compared, different = _metrics(recorded.read_metrics(), replayed.read_metrics(), tasks, part=part)
    causes = [*_weights(*manifests), *_plugins(*manifests), *map(_text, named)]
    return Replay(
        recorded=manifests[0].run_id,
        replayed=manifests[1].run_id,
        causes=list(dict.fromkeys(causes)),
        tasks=tasks,
        metrics=compared,
        different=different,
    )


def _limits(manifest: RunManifest) -> dict[Suites, Any]:
    """The limit of each task of a run's configuration."""
    suites = {suite: manifest.config.get(suite, {}).get("tasks", []) for suite in ("evals", "safety")}
    return {(suite, task["name"]): task.get("limit") for suite, tasks in suites.items() for task in tasks}


@dataclass
class _Item:
    """An item as it is compared."""

    asked: list[Any]
    """What has to be the same before answers can be."""
    answered: list[Any]
    """Texts, choices, flags."""
    numbers: list[float | None] = field(default_factory=list)
    """Scores, log-likelihoods, values."""


def _items(samples: Iterable[Sample]) -> dict[str, _Item]:
    return {sample.sample_id: _item(sample) for sample in samples}


def _item(sample: Sample) -> _Item:
    """A sample; how long it took, and the keyed digests of personal data, are no results."""
    choice = sample.choice
    texts = [(one.text, one.thinking, one.flags, one.finish_reason, one.error) for one in sample.completions]
    found = [(one.kind, one.field, one.start, one.end) for one in _findings(sample)]
    answered = [sample.output, sample.thinking, sample.flags, sample.error, sample.tokens_out, texts, found]
    numbers = [sample.score, sample.confidence, *(sample.scores[name] for name in sorted(sample.scores))]
    for one in sample.completions:
        numbers += [one.value, *(one.labels[name] for name in sorted(one.labels))]
    if choice is not None:
        answered.append(choice.chosen)
        numbers += [choice.gap, *(choice.log_likelihoods or [])]
    asked = [sample.prompt_sha256 or sample.prompt, sample.reference, sample.cluster, sample.pair, sample.slices]
    return _Item([*asked, choice and choice.options], answered, numbers)


def _findings(sample: Sample) -> Iterator[Any]:
    return chain(sample.findings, *(one.findings for one in sample.completions))


def _of_attribution(one: Attribution) -> _Item:
    """An attribution: what was explained, and what it found."""
    return _Item(
        asked=[one.prompt, one.target, one.against, [(part.start, part.end) for part in one.features]],
        answered=[one.verdict],
        numbers=list(one.values),
    )


def _methods(recorded: Sequence[Attribution], replayed: Sequence[Attribution]) -> Iterator[ReplayedTask]:
    """The attributions of every method."""
    for method in sorted({one.method for one in (*recorded, *replayed)}):
        before, after = (
            {one.attribution_id: _of_attribution(one) for one in side if one.method == method}
            for side in (recorded, replayed)
        )
        yield _compared(("explain", method), before, after, every=True)


def _compared(name: Suites, before: Mapping[str, _Item], after: Mapping[str, _Item], *, every: bool) -> ReplayedTask:
    """One task, item by item; unless every item was to be run again, only a task without any lacks some."""
    both = [(one, before[one], after[one]) for one in before if one in after]
    prompts = {one for one, old, new in both if old.asked != new.asked}
    answers = {one for one, old, new in both if old.answered != new.answered}
    apart = {one: _apart(old.numbers, new.numbers) for one, old, new in both}
    scores = {one for one, old, new in both if not _same_numbers(old.numbers, new.numbers)}
    missing = [one for one in before if one not in after] if every or not after else []
    added = [one for one in after if one not in before]
    differ = [one for one, *_ in both if one in prompts | answers | scores]
    return ReplayedTask(
        suite=name[0],
        task=name[1],
        recorded=len(before),
        replayed=len(after),
        missing=len(missing),
        added=len(added),
        prompts=len(prompts),
        answers=len(answers),
        scores=len(scores),
        largest=max(apart.values(), default=0.0),
        first=[*differ, *missing, *added][:SHOWN],
    )


def _same_numbers(old: Sequence[float | None], new: Sequence[float | None]) -> bool:
    return len(old) == len(new) and all(map(_same, old, new))


def _same(old: float | None, new: float | None) -> bool:
    """Whether two numbers are equal but for rounding; none equals none alone."""
    if old is None or new is None:
        return old is new
    return math.isclose(old, new, rel_tol=ROUNDING, abs_tol=ROUNDING)


def _apart(old: Sequence[float | None], new: Sequence[float | None]) -> float:
    """Largest difference between the numbers of an item, where both runs have one."""
    pairs = ((a, b) for a, b in zip(old, new, strict=False) if a is not None and b is not None and a != b)
    return max((abs(a - b) for a, b in pairs), default=0.0)


def _metrics(
    recorded: Sequence[Metric], replayed: Sequence[Metric], tasks: Sequence[ReplayedTask], *, part: bool
) -> tuple[int, list[str]]:
    """How many metrics were compared, and those that differ; of a part only those over the same items."""
    before, after = ({_key(metric): metric for metric in side} for side in (recorded, replayed))
    whole = {(one.suite, one.task) for one in tasks if one.recorded == one.replayed}
    keys = [key for key in dict.fromkeys([*before, *after]) if not part or _is_whole(after.get(key), whole)]
    return len(keys), [fault for key in keys for fault in _in_metric(before.get(key), after.get(key))]


def _key(metric: Metric) -> tuple[str, ...]:
    return metric.suite, metric.name, *(f"{name}={value}" for name, value in sorted((metric.slice or {}).items()))


def _is_whole(metric: Metric | None, whole: set[Suites]) -> bool:
    """Whether all items of a metric of the replay are those of the recorded one."""
    if metric is None:
        return False
    names = definitions.read(metric.definition).tasks(metric.task) if metric.definition else [metric.task]
    return all((metric.suite, name) in whole for name in names)


def _in_metric(old: Metric | None, new: Metric | None) -> Iterator[str]:
    """How a metric of the replay differs."""
    if old is None or new is None:
        found = old or new
        where = "the replay" if new is None else "the recorded run"
        yield f"{metric_label(found) if found else ''}: {where} does not have it"
        return
    for name in ("value", "ci_low", "ci_high"):
        a, b = getattr(old, name), getattr(new, name)
        if not _same(a, b):
            yield f"{metric_label(old)}: {name} {_number(a)}, replayed {_number(b)}"
            return
    for name in ("n", "error", "unit"):
        a, b = getattr(old, name), getattr(new, name)
        if a != b:
            yield f"{metric_label(old)}: {name} {a}, replayed {b}"
            return


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _samples(run: RunFolder, name: Suites) -> list[Sample]:
    return run.read_samples(*name) if name in run.tasks() else []


def _in_data(
    task: str, recorded: RunManifest, replayed: RunManifest, before: Sequence[Sample], after: Sequence[Sample]
) -> Iterator[Mismatch]:
    """What else decides the results of a task that both runs have: data, scorers, settings. Prompts are counted."""
    if before and after:
        yield from of_task(task, recorded, replayed, ())


def _weights(recorded: RunManifest, replayed: RunManifest) -> Iterator[str]:
    """That the checkpoint is another one, and which of its files."""
    old, new = recorded.model, replayed.model
    if old.digest == new.digest:
        return
    digests = [{file.path: file.sha256 for file in model.files} for model in (old, new)]
    names = [name for name in sorted({*digests[0], *digests[1]}) if digests[0].get(name) != digests[1].get(name)]
    files = f": {', '.join(names[:SHOWN])}" if names else ""
    yield f"another checkpoint: digest {old.digest[:16]}, now {new.digest[:16]}{files}"


def _plugins(recorded: RunManifest, replayed: RunManifest) -> Iterator[str]:
    """Plug-ins of other content."""
    old, new = ({(one.name, one.sha256): one.version for one in run.plugins} for run in (recorded, replayed))
    for name, digest in sorted(old.keys() - new.keys()):
        yield f"plug-in {name}: {old[name, digest]}, digest {digest[:16]}, was not used again"


def _text(mismatch: Mismatch) -> str:
    """A difference in one line."""
    where = f" of {mismatch.task}" if mismatch.task else ""
    return f"{mismatch.words}{where}: {_shown(mismatch.baseline)}, now {_shown(mismatch.candidate)}"


def _shown(value: object) -> str:
    """A value of a difference; of digests by file the files."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {str(part)[:16]}" for name, part in value.items()) or "none"
    return "none" if value is None else str(value)[:80]
