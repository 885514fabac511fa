"""What metrics are computed from: the samples of a task or of a group's members, or attributions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from audit.core.records import Sample
from audit.stats import definitions
from audit.stats.definitions.indexed_samples import IndexedSamples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from audit.core.records import Attribution, Drivers, Metric, Suite
    from audit.core.run_folder import RunFolder

DRIVERS: tuple[Suite, str] = ("explain", "drivers")
"""Suite and task that look for what drives answers across samples."""
BELIEVABLE = "believable"
"""1 for an attribution whose verdict is believable, else 0."""


class Records:
    """Samples and attributions of a run folder, read when a metric needs them.

    Args:
        folder: The run folder. Its broken files raise RunFolderError when they are read.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._tasks = set(folder.tasks())
        self._last: tuple[tuple[str, str], IndexedSamples] | None = None

    def holds(self, suite: str, task: str) -> bool:
        """Whether a task has samples."""
        return (suite, task) in self._tasks or ((suite, task) == DRIVERS and self._folder.drivers_path.exists())

    def samples(self, suite: str, task: str) -> IndexedSamples:
        """All samples of a task, none where it left none; those of the last one are kept: metrics come task by task."""
        if self._last is None or self._last[0] != (suite, task):
            self._last = (suite, task), IndexedSamples(self._read(suite, task))
        return self._last[1]

    def _read(self, suite: str, task: str) -> list[Sample]:
        if (suite, task) in self._tasks:
            return self._folder.read_samples(suite, task)
        drivers = self._folder.read_drivers() if (suite, task) == DRIVERS else None
        return of_drivers(drivers) if drivers else []

    def of(self, metric: Metric) -> list[Sample]:
        """All samples that the definition of a metric uses, task by task.

        Raises:
            TypeError: The metric has no definition, or one that cannot be followed.
        """
        definition = definitions.read(metric.definition or {})
        if definition.explained is not None:
            return of_attributions(metric.task, definition.explained, self._by_id)
        tasks = definition.tasks(metric.task)
        if len(tasks) == 1:
            return self.samples(metric.suite, tasks[0])
        return [sample for task in tasks for sample in self.samples(metric.suite, task)]

    @cached_property
    def _by_id(self) -> dict[str, Attribution]:
        return {one.attribution_id: one for one in self._folder.read_attributions()}


def of_attributions(task: str, wanted: Iterable[str], attributions: Mapping[str, Attribution]) -> list[Sample]:
    """Attributions as samples, so that metrics over them are functions of samples like any other.

    Args:
        task: Name of the method.
        wanted: What was to be explained, in order: ids of attributions, and a name for each sample without one.
        attributions: Attributions by id.

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


def of_drivers(drivers: Drivers) -> list[Sample]:
    """The samples explained to find what drives answers; those that could not be explained have an error."""
    suite, task = DRIVERS
    reasons = [reason for group in drivers.groups for reason in [*[None] * group.samples, *group.failures]]
    return [
        Sample(sample_id=str(place), suite=suite, task=task, prompt="", score=None if reason else 1.0, error=reason)
        for place, reason in enumerate(reasons)
    ]
