"""Samples of Inspect's logs as items: the epochs of a sample are completions of one item."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.records import Flag, SampledText, digest_of
from audit.gate.importers.contract import ImportedItem, bad
from audit.gate.importers.files import count, member, number, optional

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Inspect's ``value_to_float``: correct, partial, incorrect, no answer."""
WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
ATTACHMENT = "attachment://"
"""What a text begins with that is kept in the sample's ``attachments``."""
CUT = frozenset({"max_tokens", "model_length"})
"""Stop reasons of an answer that was cut."""


@dataclass(frozen=True)
class Epoch:
    """One sample of the log: an item in one epoch."""

    place: str
    """Where it is, for messages."""
    row: dict[str, Any]
    """All of it."""

    @property
    def key(self) -> tuple[str, int]:
        """Id and epoch."""
        identity = member(self.row, "id", (str, int), self.place)
        return json.dumps(identity), optional(self.row, "epoch", int, self.place) or 1

    def text(self, value: object) -> str:
        """A text of the sample: itself, its attachment, or the text parts of a list."""
        if isinstance(value, list):
            parts = [part for part in value if isinstance(part, dict)]
            return "\n".join(self.text(part.get("text")) for part in parts if part.get("type") == "text")
        if not isinstance(value, str):
            return ""
        if not value.startswith(ATTACHMENT):
            return value
        kept = optional(self.row, "attachments", dict, self.place) or {}
        found = kept.get(value.removeprefix(ATTACHMENT))
        if not isinstance(found, str):
            raise bad(self.place, f"{value[:80]} is not among its attachments: the log is damaged")
        return found

    def message(self) -> dict[str, Any]:
        """The answer's message; empty if there was none."""
        output = optional(self.row, "output", dict, self.place) or {}
        choices = output.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else {}
        message = first.get("message") if isinstance(first, dict) else None
        return message if isinstance(message, dict) else {}

    def answer(self) -> str | None:
        """What came back; None if nothing did."""
        message = self.message()
        return self.text(message.get("content")) if message else None

    def thinking(self) -> str | None:
        """Reasoning trace before the answer."""
        content = self.message().get("content")
        parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        found = [self.text(part.get("reasoning")) for part in parts if part.get("type") == "reasoning"]
        return "\n".join(found) or None

    def stop_reason(self) -> str | None:
        """Why the answer ended."""
        choices = (optional(self.row, "output", dict, self.place) or {}).get("choices")
        first = choices[0] if isinstance(choices, list) and choices else {}
        reason = first.get("stop_reason") if isinstance(first, dict) else None
        return reason if isinstance(reason, str) else None

    def tokens(self, name: str) -> int:
        """Tokens by the output's usage."""
        usage = (optional(self.row, "output", dict, self.place) or {}).get("usage")
        return (count(usage.get(name)) if isinstance(usage, dict) else None) or 0

    def failure(self) -> str | None:
        """Why the sample failed; None if it did not."""
        error = optional(self.row, "error", dict, self.place)
        return None if error is None else f"the tool failed on it: {' '.join(str(error.get('message')).split())[:300]}"

    def prompt(self) -> str:
        """Everything before the first answer: one message as it is, several with their roles."""
        messages = optional(self.row, "messages", list, self.place) or []
        asked: list[tuple[str, str]] = []
        for message in messages:
            if not isinstance(message, dict) or (
                message.get("role") == "assistant" and message.get("source") != "input"
            ):
                break
            asked.append((str(message.get("role")), self.text(message.get("content"))))
        if not asked:
            value = self.row.get("input")
            return self.text(value) if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False)
        return asked[0][1] if len(asked) == 1 else "\n".join(f"[{role}] {text}" for role, text in asked)

    def content(self) -> str:
        """Digest of what the data set says: input, options and target, whatever number the item has."""
        given = self.row.get("input")
        asked = self.text(given) if isinstance(given, str) else _plain(given)
        return digest_of(asked, self.row.get("choices"), self.row.get("target"))


def _plain(value: Any) -> Any:  # noqa: ANN401 - messages of any form
    """Messages without their random ids."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return {k: _plain(v) for k, v in value.items() if k != "id"} if isinstance(value, dict) else value


def value_of(epoch: Epoch, scorer: str, key: str | None) -> float | None:
    """A score as Inspect makes a number of it; None where there is none or it cannot be read as one.

    Args:
        epoch: The sample.
        scorer: Name of the scorer.
        key: Entry of the score, if it is a dictionary.
    """
    scores = optional(epoch.row, "scores", dict, epoch.place) or {}
    score = scores.get(scorer)
    value = score.get("value") if isinstance(score, dict) else None
    if key is not None:
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, str):
        return number(value)
    if value in LETTERS:
        return LETTERS[value]
    try:
        return WORDS[value.lower()] if value.lower() in WORDS else number(float(value))
    except ValueError:
        return None


def items(epochs: Sequence[Epoch], labels: Mapping[str, tuple[str, str | None]]) -> list[ImportedItem]:
    """The items of a log, in its order.

    Args:
        epochs: All samples.
        labels: Scorer and key by the name of a score, the primary one first.

    Raises:
        UsageError: A sample occurs twice.
    """
    by_item: dict[str, list[Epoch]] = {}
    seen: set[tuple[str, int]] = set()
    for epoch in epochs:
        if epoch.key in seen:
            raise bad(epoch.place, f"sample {epoch.key[0]}, epoch {epoch.key[1]} occurs twice: two logs were joined")
        seen.add(epoch.key)
        by_item.setdefault(epoch.key[0], []).append(epoch)
    return [_item(sorted(found, key=lambda epoch: epoch.key[1]), labels) for found in by_item.values()]


def _item(epochs: Sequence[Epoch], labels: Mapping[str, tuple[str, str | None]]) -> ImportedItem:
    """One item from its epochs."""
    first = epochs[0]
    scores = {label: _mean([value_of(epoch, *source) for epoch in epochs]) for label, source in labels.items()}
    score = next(iter(scores.values()), None)
    target = first.row.get("target")
    metadata = optional(first.row, "metadata", dict, first.place) or {}
    cut = any(epoch.stop_reason() in CUT for epoch in epochs)
    failure = next((reason for epoch in epochs if (reason := epoch.failure())), None)
    return ImportedItem(
        place=first.place,
        digest=first.content(),
        fields={**metadata, "id": first.row["id"]},
        prompt=first.prompt(),
        reference="\n".join(map(str, target)) if isinstance(target, list) else None if target is None else str(target),
        output=first.answer(),
        thinking=first.thinking(),
        completions=[_completion(epoch, labels) for epoch in epochs] if len(epochs) > 1 else [],
        answered_by="generation",
        score=score,
        scores=scores,
        flags=(Flag.TRUNCATED_OUTPUT,) if cut else (),
        error=failure if all(value is None for value in scores.values()) else None,
        tokens_in=first.tokens("input_tokens"),
        tokens_out=sum(epoch.tokens("output_tokens") for epoch in epochs),
    )


def _completion(epoch: Epoch, labels: Mapping[str, tuple[str, str | None]]) -> SampledText:
    """One epoch's answer."""
    values = {label: value_of(epoch, *source) for label, source in labels.items()}
    return SampledText(
        text=epoch.answer(),
        thinking=epoch.thinking(),
        value=next(iter(values.values()), None),
        labels=values,
        flags=[Flag.TRUNCATED_OUTPUT] if epoch.stop_reason() in CUT else [],
        finish_reason=epoch.stop_reason(),
        tokens_out=epoch.tokens("output_tokens"),
        error=epoch.failure(),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
