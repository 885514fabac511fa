"""Reviews of EvalScope as items: the repeats of a sample are completions of one item."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.records import Flag, SampledText, digest_of
from audit.gate.importers.contract import ImportedItem, bad, contradicts
from audit.gate.importers.files import count, member, number, optional, read_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

USABLE = frozenset({"success", "fallback"})
"""Statuses of a score that counts."""
CUT = frozenset({"length", "max_tokens", "model_length"})
"""Stop reasons of an answer that was cut."""


@dataclass(frozen=True)
class Review:
    """One line: a sample in one repeat, with its score where it has been reviewed."""

    place: str
    """Where it is, for messages."""
    row: dict[str, Any]
    """The review; empty if the prediction was not reviewed."""
    prediction: dict[str, Any]
    """The prediction; empty if there is none."""

    @property
    def sample_score(self) -> dict[str, Any]:
        """Score, group and metadata."""
        return optional(self.row, "sample_score", dict, self.place) or {}

    @property
    def scored(self) -> dict[str, Any]:
        """The score: values by name, status, what failed."""
        return optional(self.sample_score, "score", dict, self.place) or {}

    @property
    def values(self) -> dict[str, Any]:
        """Values by the name of the score, as written."""
        return optional(self.scored, "value", dict, self.place) or {}

    @property
    def group(self) -> object:
        """What the repeats of a sample have in common."""
        group = optional(self.sample_score, "group_id", (str, int), self.place)
        return self.index if group is None else group

    @property
    def index(self) -> int:
        """Its number in the log."""
        return int(member(self.row or self.prediction, "index", int, self.place))

    @property
    def repeat(self) -> int:
        """Which repeat of the sample."""
        return optional(self.sample_score, "generation_index", int, self.place) or 0

    def broken(self) -> tuple[str, ...]:
        """Metrics that raised an error: the tool writes 0 for them."""
        details = optional(self.scored, "metadata", dict, self.place) or {}
        return tuple(map(str, optional(details, "metric_errors", dict, self.place) or {}))

    def value_of(self, name: str) -> float | None:
        """A score; None where there is none, where it is not usable, or where its metric raised an error.

        Raises:
            UsageError: It is no finite number.
        """
        if name not in self.values or self.failure() or is_about(name, self.broken()):
            return None
        found = number(self.values[name])
        if found is None:
            raise bad(self.place, f"its score {name} is not a finite number")
        return found

    def failure(self) -> str | None:
        """Why it has no score; None if it has one."""
        if error := self.request_error():
            return f"the tool failed on it: {error}"
        if not self.row:
            return "the tool did not review the answer"
        status = optional(self.scored, "status", str, self.place) or "success"
        if status not in USABLE:
            return f"the tool could not score it: {str(status)[:100]}"
        return None

    def _messages(self) -> list[dict[str, Any]]:
        found = optional(self.row or self.prediction, "messages", list, self.place) or []
        return [message for message in found if isinstance(message, dict)]

    def prompt(self) -> str:
        """Everything before the first answer: one message as it is, several with their roles."""
        asked: list[tuple[str, str]] = []
        for message in self._messages():
            if message.get("role") == "assistant" and message.get("source") != "input":
                break
            asked.append((str(message.get("role")), _text(message.get("content"))))
        return asked[0][1] if len(asked) == 1 else "\n".join(f"[{role}] {text}" for role, text in asked)

    def answer(self) -> str | None:
        """What came back; None if nothing did."""
        said = [message for message in self._messages() if message.get("role") == "assistant"]
        return _text(said[-1].get("content")) if said else None

    def targets(self) -> list[str]:
        """The right answers."""
        found = self.row.get("target")
        return [str(one) for one in found] if isinstance(found, list) else [] if found is None else [str(found)]

    def _output(self) -> dict[str, Any]:
        return optional(self.prediction, "model_output", dict, self.place) or {}

    def request_error(self) -> str | None:
        """Why the request failed, if the predictions are there; the tool scores the empty answer all the same."""
        error = self._output().get("error")
        return " ".join(str(error).split())[:300] or None if error else None

    def finish_reason(self) -> str | None:
        """Why the answer ended, if the predictions are there."""
        choices = self._output().get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        reason = first.get("stop_reason") if isinstance(first, dict) else None
        return reason if isinstance(reason, str) else None

    def tokens(self, name: str) -> int:
        """Tokens by the usage of the prediction."""
        usage = self._output().get("usage")
        return (count(usage.get(name)) if isinstance(usage, dict) else None) or 0


def is_about(score: str, metrics: Sequence[str]) -> bool:
    """Whether a score is of one of some metrics: ``Rouge-L-R`` is of ``Rouge``."""
    return any(score.lower().startswith(metric.lower()) for metric in metrics)


def _text(content: object) -> str:
    """The text of a message: itself, or the text parts of a list."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type") == "text"]
        return "\n".join(_text(part.get("text")) for part in parts)
    return content if isinstance(content, str) else ""


def read_reviews(file: Path, predictions: Path) -> list[Review]:
    """Reviews with their predictions, and predictions that were not reviewed, in the order of the samples.

    Raises:
        UsageError: A file cannot be read, or has a sample twice.
        EvidenceInvalid: A review is about another answer than the prediction.
    """
    predicted = _by_index(predictions) if predictions.exists() else {}
    reviewed = _by_index(file)
    found = []
    for index in sorted({*predicted, *reviewed}):
        place, row = reviewed.get(index) or (predicted[index][0], {})
        prediction = predicted.get(index, ("", {}))[1]
        review = Review(place, row, prediction)
        if prediction and review.answer() != Review(place, {}, prediction).answer():
            raise contradicts(place, f"its answer is not the one in {predictions.name}: one of them was edited")
        found.append(review)
    return found


def _by_index(file: Path) -> dict[int, tuple[str, dict[str, Any]]]:
    """The lines of a file by the number of their sample."""
    found: dict[int, tuple[str, dict[str, Any]]] = {}
    for line, row in read_lines(file):
        place = f"{file}: line {line}"
        index = member(row, "index", int, place)
        if index in found:
            raise bad(place, f"sample {index} occurs twice: two logs were joined")
        found[index] = place, row
    return found


def items(reviews: Sequence[Review], labels: Mapping[str, tuple[str, int | None]]) -> list[ImportedItem]:
    """The items, in the order of their samples.

    Args:
        reviews: All of a subset, by their number in the log.
        labels: Name of the score in a review by name here, the primary one first; with it the k of pass@k, or None
            for the mean of the repeats.

    Raises:
        EvidenceInvalid: Repeats of a sample differ in prompt or target.
    """
    groups: dict[object, list[Review]] = {}
    for review in reviews:
        groups.setdefault(review.group if review.row else ("not reviewed", review.index), []).append(review)
    return [_item(sorted(found, key=lambda one: one.repeat), labels) for found in groups.values()]


def _item(reviews: Sequence[Review], labels: Mapping[str, tuple[str, int | None]]) -> ImportedItem:
    """One item from its repeats."""
    first = reviews[0]
    prompt, targets = first.prompt(), first.targets()
    for other in reviews[1:]:
        if (other.prompt(), other.targets()) != (prompt, targets):
            raise contradicts(other.place, "its prompt or target is not that of the sample's other repeats")
    scores = {label: _score([review.value_of(name) for review in reviews], k) for label, (name, k) in labels.items()}
    cut = any(review.finish_reason() in CUT for review in reviews)
    failure = next((reason for review in reviews if (reason := review.failure())), None)
    metadata = optional(first.sample_score, "sample_metadata", dict, first.place) or {}
    return ImportedItem(
        place=first.place,
        digest=digest_of(prompt, targets),
        fields={"index": first.index, **metadata},
        prompt=prompt,
        reference="\n".join(targets) or None,
        output=first.answer(),
        completions=[_completion(review, labels) for review in reviews] if len(reviews) > 1 else [],
        answered_by="generation",
        score=next(iter(scores.values()), None),
        scores=scores,
        flags=(Flag.TRUNCATED_OUTPUT,) if cut else (),
        error=failure if all(value is None for value in scores.values()) else None,
        tokens_in=first.tokens("input_tokens"),
        tokens_out=sum(review.tokens("output_tokens") for review in reviews),
    )


def _score(values: Sequence[float | None], k: int | None) -> float | None:
    """The mean of the repeats, or the unbiased pass@k (Chen et al., 2021) if all of them have a score."""
    known = [value for value in values if value is not None]
    if k is None:
        return math.fsum(known) / len(known) if known else None
    n, right = len(known), int(math.fsum(known))
    return None if n < max(k, len(values)) or not 0 <= right <= n else 1 - math.comb(n - right, k) / math.comb(n, k)


def _completion(review: Review, labels: Mapping[str, tuple[str, int | None]]) -> SampledText:
    """One repeat's answer."""
    values = {label: review.value_of(name) for label, (name, k) in labels.items() if k is None}
    return SampledText(
        text=review.answer(),
        value=next(iter(values.values()), None),
        labels=values,
        flags=[Flag.TRUNCATED_OUTPUT] if review.finish_reason() in CUT else [],
        finish_reason=review.finish_reason(),
        tokens_out=review.tokens("output_tokens"),
        error=review.failure(),
    )
