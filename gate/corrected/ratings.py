"""The ratings that a decision rests on: from the database, or as the decision itself keeps them.

SQLAlchemy takes a second to import: only decisions with a rule on a corrected metric pay for it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision, Sample
    from audit.core.run_folder import RunFolder

Ratings = dict[tuple[str, ...], list[int]]
"""Ratings of each output, ascending."""


class RatedOutputs:
    """What people say about outputs.

    Args:
        read: Reads the ratings, when the first one is asked for.
        key: What an output is called in them.
    """

    def __init__(self, read: Callable[[], Ratings], key: Callable[[Sample], tuple[str, ...]]) -> None:
        self._read, self._key = read, key

    @classmethod
    def of_database(cls, url: str) -> RatedOutputs:
        """Those of a database; there are none where it does not exist.

        Reading them later raises UsageError where it cannot be opened.
        """
        return cls(lambda: _stored(url), _with_text)

    @classmethod
    def next_to(cls, run: RunFolder) -> RatedOutputs:
        """Those of the database in the folder of runs."""

        def read() -> Ratings:
            from audit.ratings import default_url  # noqa: PLC0415 - see above

            return _stored(default_url(run.path.resolve().parent))

        return cls(read, _with_text)

    @classmethod
    def of_decision(cls, decision: Decision) -> RatedOutputs:
        """Those that a decision keeps."""
        kept: Ratings = {
            (check.task, sample): found
            for check in decision.checks
            if check.corrected
            for sample, found in check.corrected.ratings.items()
        }
        return cls(lambda: kept, lambda sample: (sample.task, sample.sample_id))

    @cached_property
    def _known(self) -> Ratings:
        return self._read()

    def of(self, sample: Sample) -> list[int]:
        """The ratings of an output, ascending; the latest one of each rater counts."""
        return self._known.get(self._key(sample), [])


def _stored(url: str) -> Ratings:
    """All ratings of a database."""
    from audit.ratings import by_output  # noqa: PLC0415 - see above

    return dict(by_output(url).items())


def _with_text(sample: Sample) -> tuple[str, ...]:
    """An output by its text: ratings are about what the rater saw."""
    from audit.ratings import output_digest  # noqa: PLC0415 - see above

    return sample.suite, sample.task, sample.sample_id, output_digest(sample.output or "")


def changed_since(decision: Decision, run: RunFolder, ratings: RatedOutputs) -> int:
    """Outputs whose ratings are no longer those that a decision rests on.

    Args:
        decision: The decision.
        run: Its run.
        ratings: As they are now.

    Raises:
        RunFolderError: A file of the run is broken.
        UsageError: The ratings cannot be read.
    """
    kept = RatedOutputs.of_decision(decision)
    tasks = {check.task for check in decision.checks if check.corrected}
    samples = [sample for suite, task in run.tasks() if task in tasks for sample in run.read_samples(suite, task)]
    return sum(bool(found) and found != ratings.of(sample) for sample in samples for found in [kept.of(sample)])
