"""Answers that are logged in full: those with personal data are taken out, as they are taken out of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Flag
from audit.safety.privacy.redaction import holds_personal_data

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from audit.core.records import Sample
    from audit.core.records.logged import LoggedSample, LoggedTask

_CHANGED = frozenset({Flag.REDACTED, Flag.WITHHELD, Flag.THINKING_REDACTED, Flag.THINKING_WITHHELD})
"""Flags of an answer that is not kept whole: it may repeat what stood in its reasoning trace."""


def without_personal_data(logged: LoggedTask, samples: Sequence[Sample]) -> LoggedTask:
    """A task's record without the answers that hold personal data; the other answers of their items stay.

    Args:
        logged: As the task made it.
        samples: As they are stored, of the same items.
    """
    if logged.config.get("output_type") != "generate_until":
        return logged
    stored = {sample.sample_id: sample for sample in samples}
    return logged.model_copy(update={"samples": [_clean(one, stored[one.sample_id]) for one in logged.samples]})


def _clean(logged: LoggedSample, sample: Sample) -> LoggedSample:
    """One item; the same object where all its answers stay.

    What filters made of the answers stays where an answer that stays holds it: nobody knows which answer it is from.
    """
    texts = list(dict.fromkeys(_texts(logged.resps)))
    kept = [text for text in texts if _stays(text, sample)]
    if len(kept) == len(texts):
        return logged
    filters = [
        one.model_copy(
            update={
                "filtered_resps": _without(one.filtered_resps, lambda text: any(text in answer for answer in kept)),
                "metrics": _numbers(one.metrics),
            }
        )
        for one in logged.filters
    ]
    return logged.model_copy(update={"resps": _without(logged.resps, kept.__contains__), "filters": filters})


def _stays(text: str, sample: Sample) -> bool:
    """Whether an answer is kept: the stored sample holds it as it is, or nothing was found in it nor in the sample."""
    answers = ((sample.output, sample.flags), *((one.text, one.flags) for one in sample.completions))
    if any(text == stored and _CHANGED.isdisjoint(flags) for stored, flags in answers):
        return True
    return _CHANGED.isdisjoint(sample.all_flags) and not holds_personal_data(text)


def _without(value: Any, stays: Callable[[str], bool]) -> Any:  # noqa: ANN401 - nested lists of texts
    """Nested lists with null in place of what goes; numbers are looked at as texts."""
    if isinstance(value, list):
        return [_without(inner, stays) for inner in value]
    return value if stays(str(value)) else None


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
