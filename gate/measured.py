"""The metrics of a run as a policy asks for them: by name and slice, by task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import slice_text
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, UNSCORED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audit.core.records import Metric

Key = tuple[str, frozenset[tuple[str, str]]]


def _key(name: str, subset: Mapping[str, str] | None) -> Key:
    return name, frozenset((subset or {}).items())


def target(metric: Metric) -> str:
    """A metric with its slice in brackets, as :attr:`audit.gate.policy.Rule.target` and the checks name it."""
    return f"{metric.name} [{slice_text(metric.slice)}]" if metric.slice else metric.name


class Measured:
    """All metrics of a run.

    Args:
        metrics: As in ``metrics.json``; of two with the same name and slice the first counts.
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.all = list(metrics)
        self._by_key: dict[Key, Metric] = {}
        self._by_task: dict[str, list[Metric]] = {}
        self._by_name: dict[str, list[Metric]] = {}
        for metric in self.all:
            self._by_key.setdefault(_key(metric.name, metric.slice), metric)
            self._by_task.setdefault(metric.task, []).append(metric)
            self._by_name.setdefault(metric.name, []).append(metric)

    def find(self, name: str, subset: Mapping[str, str] | None = None) -> Metric | None:
        """The metric of that name over a subset; over all items without one."""
        return self._by_key.get(_key(name, subset))

    def named(self, name: str) -> list[Metric]:
        """A metric over all items and all subsets."""
        return self._by_name.get(name, [])

    def of_task(self, task: str) -> list[Metric]:
        """Every metric of a task."""
        return self._by_task.get(task, [])

    def tasks(self) -> list[str]:
        """Tasks that left a metric."""
        return list(self._by_task)

    def unscored(self, metric: Metric) -> Metric | None:
        """The count of unscored samples of the metric's task."""
        found = self.find(f"{metric.task}/{UNSCORED}")
        return found if found is not None and found.suite == metric.suite else None

    def bounds_of_cut_answers(self, metric: Metric) -> list[Metric]:
        """The metric if every answer cut by the token limit is wrong, and if every one is right."""
        found = (self.find(f"{metric.name}{ending}", metric.slice) for ending in (IF_WRONG, IF_RIGHT))
        return [bound for bound in found if bound is not None and bound.suite == metric.suite]

    def lacks_bounds(self, metric: Metric) -> bool:
        """Whether cut answers leave a metric open over all items, and nobody knows how far over this slice."""
        if not metric.slice or self.bounds_of_cut_answers(metric):
            return False
        return bool(self.bounds_of_cut_answers(metric.model_copy(update={"slice": None})))
