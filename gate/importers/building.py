"""From what a reader found to the samples and metrics of a run."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audit.core.errors import did_you_mean
from audit.core.records import Flag, Sample, digest_of, sample_id
from audit.core.records.files.finite import finite
from audit.core.text import printable
from audit.gate.importers.contract import bad, contradicts
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUTS, failed_metric, unscored_metric
from audit.stats.definitions import Count, Mean, measured

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Metric
    from audit.gate.importers.contract import ImportedItem, ImportOptions, Stated, Task
    from audit.stats.definitions import Definition

MOST_SLICES = 1_000
"""Values of a field to report by; an id has as many as there are items."""
EQUAL = 1e-9
"""How far a recomputed value may be from the log's, relative to the larger one or to 1."""


def samples_of(task: Task, options: ImportOptions) -> list[Sample]:
    """The records of a task's items.

    The id of a sample is a digest of task, data set and the item's content, so that runs of other models on the same
    items pair up, and other items under the same numbers do not. Equal items are numbered.

    Raises:
        UsageError: An item lacks the field for clusters or slices, or a slice has too many values.
    """
    seen: Counter[str] = Counter()
    samples = []
    for item in task.items:
        copy = f"/{seen[item.digest]}" if seen[item.digest] else ""
        seen[item.digest] += 1
        samples.append(finite(_sample(task, item, sample_id(task.name, task.data, item.digest + copy), options)))
    for name in options.slices:
        values = {sample.slices[name] for sample in samples}
        if len(values) > MOST_SLICES:
            what = f"{name} has {len(values):,} values, a field to report by at most {MOST_SLICES:,}"
            raise bad(task.file or task.name, f"{what}: leave --slice {name} out")
    return samples


def _sample(task: Task, item: ImportedItem, identity: str, options: ImportOptions) -> Sample:
    error = item.error
    if error is None and item.score is None and all(value is None for value in item.scores.values()):
        error = "the log has no score for it"
    cut = item.output is not None and not item.output.strip() and not error
    return Sample(
        sample_id=identity,
        suite="evals",
        task=task.name,
        cluster=digest_of(_field(item, options.cluster))[:16] if options.cluster else None,
        prompt=item.prompt or "",
        prompt_sha256=_prompt_digest(item),
        reference=item.reference,
        output=item.output,
        thinking=item.thinking,
        completions=item.completions,
        choice=item.choice,
        answered_by=item.answered_by,
        score=None if error else item.score,
        scores={} if error else dict(item.scores),
        slices={name: _text(_field(item, name)) for name in options.slices},
        flags=[*item.flags, *([Flag.EMPTY_OUTPUT] if cut else [])],
        error=error,
        tokens_in=item.tokens_in,
        tokens_out=item.tokens_out,
    )


def _prompt_digest(item: ImportedItem) -> str | None:
    """SHA-256 of the prompt, or over the options' prompts; None where the log has none."""
    if len(item.prompts) > 1:
        return digest_of(*item.prompts)
    if item.prompt is None:
        return None
    return hashlib.sha256(item.prompt.encode("utf-8", "surrogatepass")).hexdigest()


def _field(item: ImportedItem, name: str) -> Any:  # noqa: ANN401 - whatever the log has
    """A field of an item.

    Raises:
        UsageError: The item has no such field.
    """
    if item.fields.get(name) is None:
        known = printable(", ".join(map(str, item.fields)), 200) or "none"
        raise bad(item.place, f"no field {name!r}.{did_you_mean(name, map(str, item.fields))} Its fields: {known}")
    return item.fields[name]


def _text(value: object) -> str:
    """A field as a slice shows it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def metrics_of(task: Task, samples: Sequence[Sample], options: ImportOptions) -> list[Metric]:
    """The metrics of a task, each recomputed from its samples by a definition, primary ones first.

    Raises:
        EvidenceInvalid: The samples do not give what the log says.
    """
    metrics = [metric for stated in task.stated for metric in _metrics(task, stated, samples, options)]
    cut = Count(flags=(Flag.TRUNCATED_OUTPUT.value,))
    if any(Flag.TRUNCATED_OUTPUT in sample.flags for sample in samples):
        metrics.append(
            measured(
                cut, samples, metric=TRUNCATED_OUTPUTS, unit="count", higher_is_better=False, about=("evals", task.name)
            )
        )
    metrics.append(unscored_metric("evals", task.name, samples))
    settings = dict(task.settings)
    metrics = [metric.model_copy(update={"settings": settings | metric.settings}) for metric in metrics]
    return sorted(metrics, key=lambda metric: not metric.primary)


def _metrics(task: Task, stated: Stated, samples: Sequence[Sample], options: ImportOptions) -> Iterator[Metric]:
    """A metric over all items and over each slice, with the bounds that cut answers leave open."""
    whole = _whole(task, stated, samples, options)
    yield whole
    if whole.value is None or stated.definition is None:
        return
    definition = replace(stated.definition, seed=options.seed)
    for name in options.slices:
        parts: dict[str, list[Sample]] = {}
        for sample in samples:
            parts.setdefault(sample.slices[name], []).append(sample)
        for value, part in sorted(parts.items()):
            yield _measured(task, stated, definition, part, slice={name: value})
    yield from _bounds(task, stated, definition, samples)


def _whole(task: Task, stated: Stated, samples: Sequence[Sample], options: ImportOptions) -> Metric:
    """A metric over all items, or null with the reason.

    Raises:
        EvidenceInvalid: The definition is certainly the tool's, and the samples give another value.
    """
    if task.incomplete:
        return _failed(task, stated, f"{task.incomplete}; the log's value is {_shown(stated.value)}", len(samples))
    if stated.definition is None:
        reason = stated.reason or "no definition is known that gives it from the samples"
        return _failed(task, stated, f"{reason}; the log says {_shown(stated.value)}", 0)
    made = _measured(task, stated, replace(stated.definition, seed=options.seed), samples)
    if stated.value is None or is_equal(made.value, stated.value, stated.rounding):
        return made
    difference = f"the log says {_shown(stated.value)}, the samples give {_shown(made.value)}"
    if not stated.certain:
        return _failed(task, stated, f"{difference} by the nearest definition", 0)
    what = f"{task.name}/{stated.metric}: {difference}: the log was edited, or mixes two runs"
    raise contradicts(task.file or task.name, what)


def _measured(
    task: Task,
    stated: Stated,
    definition: Definition,
    samples: Sequence[Sample],
    slice: dict[str, str] | None = None,  # noqa: A002 - the record's field name
) -> Metric:
    return measured(
        definition,
        samples,
        metric=stated.metric,
        unit=stated.unit,
        higher_is_better=stated.higher_is_better,
        primary=stated.primary and slice is None,
        slice=slice,
        about=("evals", task.name),
    )


def _bounds(task: Task, stated: Stated, definition: Definition, samples: Sequence[Sample]) -> Iterator[Metric]:
    """The value of a share if every answer cut by the token limit is wrong, and if every one is right."""
    if not isinstance(definition, Mean) or not any(Flag.TRUNCATED_OUTPUT in sample.flags for sample in samples):
        return
    if not {value for _, value in definition.values(samples)} <= {0.0, 1.0}:
        return
    worst = 1.0 if stated.higher_is_better is False else 0.0
    for ending, end in ((IF_WRONG, worst), (IF_RIGHT, 1.0 - worst)):
        bound = replace(stated, metric=f"{stated.metric}{ending}", unit="share", primary=False)
        yield _measured(task, bound, replace(definition, if_cut=end), samples)


def _failed(task: Task, stated: Stated, reason: str, n: int) -> Metric:
    """A metric without a value."""
    failed = failed_metric("evals", task.name, stated.metric, reason, n, stated.primary)
    return failed.model_copy(update={"unit": stated.unit, "higher_is_better": stated.higher_is_better})


def is_equal(one: float | None, other: float, rounding: float = 0.0) -> bool:
    """Whether a recomputed value is the log's, which the tool may have rounded by as much as ``rounding``."""
    return one is not None and math.isclose(one, other, rel_tol=EQUAL, abs_tol=rounding + EQUAL)


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.10g}"
