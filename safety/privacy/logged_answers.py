"""Answers that are logged in full: those with personal data are taken out, as they are taken out of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Flag
from audit.safety.privacy.redaction import holds_personal_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.core.records import Sample
    from audit.core.records.logged import LoggedSample, LoggedTask

_CHANGED = frozenset({Flag.REDACTED, Flag.WITHHELD, Flag.THINKING_REDACTED, Flag.THINKING_WITHHELD})
"""Flags of an item whose record is not kept whole: an answer may repeat what stood in its reasoning trace."""


def without_personal_data(logged: LoggedTask, samples: Sequence[Sample]) -> LoggedTask:
    """A task's record without the answers that hold personal data.

    Args:
        logged: As the task made it.
        samples: As they are stored, of the same items.
    """
    if logged.config.get("output_type") != "generate_until":
        return logged
    stored = {sample.sample_id: sample for sample in samples}
    return logged.model_copy(update={"samples": [_clean(one, stored[one.sample_id]) for one in logged.samples]})


def _clean(logged: LoggedSample, sample: Sample) -> LoggedSample:
    """One item. The texts of its sample have been searched already; answer ``i`` is the completion ``SAMPLE_ID#i``."""
    searched = {sample.output, *(one.text for one in sample.completions)}
    others = [text for text in _texts(logged.resps) if text not in searched]
    flags = sample.all_flags
    if _CHANGED.isdisjoint(flags) and not any(map(holds_personal_data, others)):
        return logged
    filters = [
        one.model_copy(update={"filtered_resps": None, "metrics": _numbers(one.metrics)}) for one in logged.filters
    ]
    return logged.model_copy(update={"resps": None, "filters": filters})


def _numbers(metrics: dict[str, Any]) -> dict[str, Any]:
    """Values of metrics; null for those that are more than a number: corpus metrics hold the answer itself."""
    return {name: value if isinstance(value, bool | int | float) else None for name, value in metrics.items()}


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - nested lists of texts
    """The texts in nested lists."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
