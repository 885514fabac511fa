"""A sample that was to be explained and could not be: which one, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.sensitive import is_hidden

if TYPE_CHECKING:
    from audit.core.records import Sample
    from audit.explain.attempt import Failed


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A sample without an attribution."""

    name: str
    """``suite/task/sample_id``."""
    reason: str
    """Why there is none, in one line."""

    @classmethod
    def of(cls, sample: Sample, failed: Failed) -> Unexplained:
        """Of a sample whose text is hidden by default the reason is hidden, too: an error may quote the text.

        Args:
            sample: The sample.
            failed: What went wrong.
        """
        reason = "its text is hidden, and so is the reason" if is_hidden(sample) else failed.reason
        return cls(f"{sample.suite}/{sample.task}/{sample.sample_id}", reason)

    def __str__(self) -> str:
        """Name and reason, for readers."""
        return f"{self.name}: {self.reason}"
