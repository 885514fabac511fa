"""What metrics are computed from: the samples of their task, of the members of their group, or attributions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from audit.core.records import Sample
from audit.stats import definitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from audit.core.records import Attribution, Metric
    from audit.core.run_folder import RunFolder

BELIEVABLE = "believable"
"""1 for an attribution that is read as believable, else 0."""


class Records:
    """Samples and attributions of a run, each read when a metric needs it.

    Args:
        read: Gives the samples of a task; none for one that has none.
        attributions: Gives all attributions.
    """

    def __init__(
        self, read: Callable[[str, str], Sequence[Sample]], attributions: Callable[[], Iterable[Attribution]]
    ) -> None:
        self._read = read
        self._attributions = attributions
        self._last: tuple[tuple[str, str], Sequence[Sample]] | None = None

    @classmethod
    def in_folder(cls, folder: RunFolder) -> Records:
        """Those of a run folder; broken files raise RunFolderError when they are read."""
        there = set(folder.tasks())
        return cls(
            lambda suite, task: folder.read_samples(suite, task) if (suite, task) in there else [],
            folder.read_attributions,
        )

    def samples(self, suite: str, task: str) -> Sequence[Sample]:
        """All samples of a task; those of the last one are kept, since metrics come task by task."""
        if self._last is None or self._last[0] != (suite, task):
            self._last = (suite, task), self._read(suite, task)
        return self._last[1]

    def of(self, metric: Metric) -> list[Sample]:
        """All samples that the definition of a metric takes, those of several tasks one after the other.

        Raises:
            TypeError: The metric has no definition, or one that cannot be followed.
        """
        definition = definitions.read(metric.definition or {})
        if definition.explained is not None:
            return of_attributions(metric.task, definition.explained, self._by_id)
        return [sample for task in definition.tasks(metric.task) for sample in self.samples(metric.suite, task)]

    @cached_property
    def _by_id(self) -> dict[str, Attribution]:
        return {one.attribution_id: one for one in self._attributions()}


def of_attributions(task: str, wanted: Iterable[str], attributions: Mapping[str, Attribution]) -> list[Sample]:
    """Attributions as samples, so that metrics over them are functions of samples like any other.

    Args:
        task: Name of the method.
        wanted: What was to be explained, in order: ids of attributions, and a name for each sample without one.
        attributions: By id.

    Returns:
        One per entry: ``scores`` has what was measured of its faithfulness, and ``believable``; an entry without an
        attribution has an error.
    """
    return [_of_attribution(task, name, attributions.get(name)) for name in wanted]


def _of_attribution(task: str, name: str, found: Attribution | None) -> Sample:
    bare = Sample(sample_id=name, suite="explain", task=task, prompt="")
    if found is None:
        return bare.model_copy(update={"error": "it was not explained"})
    believable = float(found.verdict == BELIEVABLE)
    return bare.model_copy(update={"score": believable, "scores": {**found.faithfulness, BELIEVABLE: believable}})
