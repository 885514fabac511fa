"""The results of a run: each is searched for personal data, completed and on disk before the next one is asked for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from audit.core.records import TaskResult
from audit.core.records.files.finite import finite
from audit.safety.privacy.logged_answers import without_personal_data
from audit.safety.privacy.redaction import unsearched
from audit.safety.privacy.storing import handle
from audit.stats.aggregate import not_computed, sound, with_definitions, with_reasons

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audit.core.records import Metric, RawOutput, Sample, Status
    from audit.core.run_folder import RunFolder
    from audit.pipeline.context import RunContext


class Results:
    """The results of a run so far.

    Args:
        folder: Where they are kept.
        context: Of the run.

    Attributes:
        kept: In the order in which they came, as they are stored.
        fresh: Tasks that were measured since the limits changed last.
    """

    def __init__(self, folder: RunFolder, context: RunContext) -> None:
        self.kept: list[TaskResult] = []
        self.fresh: set[str] = set()
        self._stale: set[str] = set()
        self._folder, self._context = folder, context
        self._raw: list[RawOutput] = []

    def keep(self, result: TaskResult) -> None:
        """Store a result as it may be stored; a measurement that the run already has is dropped.

        Raises:
            WriteError: The disk takes no more.
        """
        others = [one for one in self.kept if one.task not in self._stale or one.task != result.task]
        new = _unless_taken(_as_read(result), others)
        if new is None:
            return
        stored, raw = self._without_personal_data(new)
        place = self._place(stored)
        self.kept[place : place + 1] = [stored]
        self._raw = [one for one in self._raw if not (one.task == stored.task and stored.task in self._stale)] + raw
        _write(self._folder, self.kept, self._raw if self._context.config.keep_raw else [], place)
        self.kept[place] = stored.model_copy(update={"logged": None})  # the rows of all tasks may be large
        self._stale.discard(stored.task)
        self.fresh.add(stored.task)

    def renew(self, tasks: set[str]) -> None:
        """These tasks are measured again with larger limits: their results hold until the new ones are there."""
        self._stale, self.fresh = set(tasks), set()

    def _place(self, result: TaskResult) -> int:
        """Where a result belongs: in place of the one that it renews, or at the end."""
        if result.task in self._stale:
            return next(place for place, one in enumerate(self.kept) if one.task == result.task)
        return len(self.kept)

    def status(self) -> Status:
        """Of the run, when nothing else is to come."""
        return _status(self.kept, self._context.optional)

    def _without_personal_data(self, result: TaskResult) -> tuple[TaskResult, list[RawOutput]]:
        """A result as it may be stored and reported, and its outputs as they were.

        A reader must know of outputs that were not kept because they could not be searched.
        """
        stored, raw = handle(result, self._context.key)
        if remark := unsearched(stored.samples):
            self._context.progress.say(remark)
        logged = without_personal_data(stored.logged, stored.samples) if stored.logged else None
        return stored.model_copy(update={"metrics": _reported(stored), "logged": logged}), raw


def _unless_taken(result: TaskResult, results: list[TaskResult]) -> TaskResult | None:
    """A result whose task's name is already in the run counts as not run; None where it is the same measurement.

    A group and one of its members may both be asked for, as may two groups with a member in common.
    """
    earlier = next((one for one in results if one.task == result.task and not one.not_run), None)
    if earlier is None:
        return result
    if _measured(earlier) == _measured(result):
        return None
    reason = f"a task called {result.task} is already in this run: run it separately"
    return TaskResult(suite=result.suite, task=result.task, not_run=reason, taken=True)


def _measured(result: TaskResult) -> tuple[object, ...]:
    """What was asked and how: two results with the same are one measurement."""
    asked = [(sample.sample_id, sample.prompt_sha256) for sample in result.samples]
    numbers = [(metric.metric, metric.n) for metric in result.metrics if metric.slice is None]
    return result.suite, result.settings, asked, numbers, result.not_run


def _as_read(result: TaskResult) -> TaskResult:
    """The result, each sample as a reader of the samples file will find it, with the digest of its prompt."""
    return result.model_copy(update={"samples": with_digests(map(finite, result.samples))})


def with_digests(samples: Iterable[Sample]) -> list[Sample]:
    """Samples with the digests of their prompts, where they have none yet."""
    return [
        sample
        if sample.prompt_sha256
        else sample.model_copy(
            update={"prompt_sha256": hashlib.sha256(sample.prompt.encode("utf-8", "surrogatepass")).hexdigest()}
        )
        for sample in samples
    ]


def _reported(stored: TaskResult) -> list[Metric]:
    """The metrics of a result as they may be reported: nothing that cannot be right, and what is missing is said."""
    return with_reasons(sound(with_definitions(stored.metrics, stored.samples)))


def _write(folder: RunFolder, results: list[TaskResult], raw: list[RawOutput], place: int = -1) -> None:
    """Put the newest result, at this place, on disk; what a result holds is never lost to a later failure."""
    if raw:
        folder.write_raw(raw)
    newest = results[place]
    others = [one for one in results if one is not newest]
    if newest.not_run and not any(one.task == newest.task for one in others):
        # A run that goes on may hold what the task left before.
        folder.samples_path(newest.suite, newest.task).unlink(missing_ok=True)
        folder.logged_path(newest.task).unlink(missing_ok=True)
        folder.embeddings_path(newest.suite, newest.task).unlink(missing_ok=True)
    if newest.samples and folder.samples_path(newest.suite, newest.task).exists():
        # A run that goes on replaces them: metrics of the ones before must not outlive them if it stops here.
        folder.write_metrics(_metrics(others))
    if newest.samples:
        folder.write_samples(newest.suite, newest.task, newest.samples)
    for attribution in newest.attributions:
        folder.write_attribution(attribution)
    if newest.logged:
        folder.write_logged(newest.logged)
    if newest.drivers:
        folder.write_drivers(newest.drivers)
    folder.write_metrics(_metrics(results))


def _metrics(results: list[TaskResult]) -> list[Metric]:
    """All metrics so far."""
    return [metric for result in results for metric in result.metrics]


def _status(results: list[TaskResult], optional: set[str]) -> Status:
    """Complete, or partial when a wanted task did not run or a metric could not be computed."""
    missing = any(one.not_run and not one.optional and one.task not in optional for one in results)
    return "partial" if missing or not_computed(_metrics(results)) else "complete"
