"""What a probe is, and the few things that all probes do alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from audit.core.errors import AssetError
from audit.core.item_draw import choose
from audit.core.records import Metric, Sample, TaskResult, digest_of, sample_id
from audit.stats.aggregate import failed_metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from audit.core.assets import DataSet
    from audit.core.config import RunConfig, TaskConfig
    from audit.engine import Engine
    from audit.safety.predictions import Predictions

SUITE: Literal["safety"] = "safety"
OFFENSIVE = "Items and outputs hold stereotypes, slurs and other offensive text on purpose."
SEED_BITS = 2**32


@dataclass(frozen=True, slots=True)
class Probe:
    """One question about harm, asked of a checkpoint.

    A probe is one file that ends in ``PROBE = Probe(...)`` and one line in :mod:`audit.safety.suite`.
    """

    name: str
    """What users call it; also the task name of its metrics and samples."""
    description: str
    """One line: the question it answers."""
    datasets: tuple[str, ...]
    """Asset names of its data; empty for prompts that are part of the package."""
    formula: str
    """Its primary metrics in words or symbols, with the source they follow."""
    direction: str
    """Which end is good, in words."""
    cluster: str
    """Items that are not independent of each other, and how the intervals treat them."""
    limits: tuple[str, ...]
    """What its numbers do not show; one sentence each, for report and documentation."""
    content_warning: str | None
    """What a reader may meet in its samples; None when nothing is expected."""
    run: Callable[[Engine, RunConfig, TaskConfig], TaskResult]
    """Asks and scores. Raises AssetError when data or scorer are missing: the suite reports it as not run."""
    score: Callable[[Predictions, RunConfig], TaskResult] | None = None
    """Scores answers that were produced elsewhere; None where the probe needs the checkpoint's likelihoods."""


def draw(data: DataSet, task: TaskConfig, seed: int) -> list[dict[str, Any]]:
    """The rows that a run looks at.

    Raises:
        AssetError: The data set holds no items.
    """
    _check(data, task)
    return [data.rows[index] for index in choose(len(data.rows), task.limit, seed, task.name)]


def draw_groups(data: DataSet, task: TaskConfig, seed: int, key: Callable[[Any], str]) -> list[dict[str, Any]]:
    """The rows of the groups that a run looks at: rows that are compared with each other are drawn together.

    Args:
        data: The data set.
        task: Its ``limit`` counts groups.
        seed: Of the draw.
        key: Names the group of a row.

    Raises:
        AssetError: The data set holds no items.
    """
    _check(data, task)
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in data.rows:
        groups.setdefault(key(row), []).append(row)
    whole = list(groups.values())
    return [row for index in choose(len(whole), task.limit, seed, task.name) for row in whole[index]]


def _check(data: DataSet, task: TaskConfig) -> None:
    """Refuse a data set without items.

    Raises:
        AssetError: It is one.
    """
    if not data.rows:
        msg = (
            f"{task.name}: data set {data.record.name} from {data.record.source} holds no items: supply its files anew"
        )
        raise AssetError(msg)


def identities(task: str, dataset: str, items: Sequence[object]) -> list[str]:
    """Sample ids of some items. A data set may hold an item twice: its copies are numbered."""
    seen: Counter[str] = Counter()
    ids = []
    for item in items:
        identity = sample_id(task, dataset, item)
        seen[identity] += 1
        ids.append(identity if seen[identity] == 1 else sample_id(task, dataset, [item, seen[identity]]))
    return ids


def request_seed(seed: int, identity: str) -> int:
    """Seed of one item's sampling: depends on the run's seed and the item, on nothing else."""
    return int(digest_of(seed, identity), 16) % SEED_BITS


def by_slice(
    samples: Sequence[Sample],
    key: str,
    categories: Iterable[str],
    measure: Callable[[list[Sample], dict[str, str]], list[Metric]],
) -> list[Metric]:
    """Metrics of each category of a slice, the empty ones included.

    Args:
        samples: All samples of the task.
        key: Name in ``Sample.slices``.
        categories: Every category that the whole data set knows, drawn or not.
        measure: Metrics of the samples of one category, its slice given.

    Returns:
        Per category what ``measure`` returns. A category without items gets the same metrics with
        ``value`` null and the reason, so that a gap is seen and never passes for a good result.
    """
    metrics: list[Metric] = []
    for category in sorted(set(categories)):
        inside = [sample for sample in samples if sample.slices.get(key) == category]
        where = {key: category}
        if inside:
            metrics += measure(inside, where)
        elif samples:
            metrics += [_without_items(metric, where) for metric in measure(list(samples[:1]), where)]
    return metrics


def _without_items(metric: Metric, where: dict[str, str]) -> Metric:
    """``metric`` as a slice that no item fell into."""
    key, category = next(iter(where.items()))
    failed = failed_metric(metric.suite, metric.task, metric.metric, f"no items have {key} = {category}")
    told = {"slice": where, "unit": metric.unit, "higher_is_better": metric.higher_is_better, "note": metric.note}
    return failed.model_copy(update=told)


def count_metric(task: str, metric: str, count: int, n: int, note: str) -> Metric:
    """A plain count among ``n`` items, where neither direction is good."""
    return Metric(
        name=f"{task}/{metric}", suite=SUITE, task=task, metric=metric, value=float(count), n=n, unit="count", note=note
    )
