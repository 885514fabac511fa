"""Results of a bundle of NeMo Evaluator as items: the repeats of a problem are completions of one item."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.records import Flag, SampledText, digest_of
from audit.gate.importers.contract import ImportedItem, bad, contradicts
from audit.gate.importers.files import count, member, number, optional, read_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INFERENCE = "inference_log.jsonl"
"""Written before an answer is judged; holds why it ended and its tokens."""
VERIFIED = "verified_log.jsonl"
"""Written when it has been judged."""
OWN = "byob_"
"""What ``method`` begins with where the reward is ``correct`` as a number."""
SCORER = "scorer:"
"""What the name of a further scorer begins with."""


@dataclass(frozen=True)
class NemoResult:
    """One line of the results: a problem in one repeat."""

    place: str
    """Where it is, for messages."""
    row: dict[str, Any]
    """All of it."""
    ended: dict[str, Any]
    """What the inference log says of it; empty if there is none."""

    @property
    def key(self) -> tuple[int, int]:
        """Problem and repeat."""
        return _key(self.row, self.place)

    @property
    def reward(self) -> float:
        """Its reward as the tool counts it.

        Raises:
            UsageError: It is no finite number.
        """
        found = number(member(self.row, "reward", (int, float, bool), self.place))
        if found is None:
            raise bad(self.place, "its reward is not a finite number")
        return found

    @property
    def details(self) -> dict[str, Any]:
        """How it was judged."""
        return optional(self.row, "scoring_details", dict, self.place) or {}

    def failure(self) -> str | None:
        """Why it has no score; None if it has one."""
        judge = self.details.get("judge")
        category = self.details.get("error_category")
        found = (self.details.get("error") or category) if category else None
        found = found or (judge.get("error") if isinstance(judge, dict) else None)
        return None if not found else f"the tool failed on it: {' '.join(str(found).split())[:300]}"

    @property
    def value(self) -> float | None:
        """Its reward; None if it failed."""
        return None if self.failure() else self.reward

    def value_of(self, label: str) -> float | None:
        """A score by its name; None if the result does not have it."""
        if label == "reward":
            return self.value
        found = self.details.get(f"{SCORER}{label}")
        if not isinstance(found, dict) or self.failure() or _is_broken(found):
            return None
        return number(bool(found.get("correct")))

    def broken_scorers(self) -> set[str]:
        """Names of the further scorers that raised an error: the tool counts them as 0."""
        found = (name for name, value in self.details.items() if isinstance(value, dict) and _is_broken(value))
        return {name.removeprefix(SCORER) for name in found if name.startswith(SCORER)}

    def answer(self) -> str | None:
        """What came back."""
        return None if self.failure() else optional(self.row, "model_response", str, self.place)

    def finish_reason(self) -> str | None:
        """Why the answer ended."""
        found = self.ended.get("finish_reason")
        return found if isinstance(found, str) and found else None

    @property
    def is_cut(self) -> bool:
        """Whether the token limit ended it."""
        return self.finish_reason() == "length"

    def asked(self) -> tuple[str, str]:
        """Prompt and right answer."""
        prompt = str(member(self.row, "prompt", str, self.place))
        expected = self.row.get("expected_answer")
        return prompt, "" if expected is None else str(expected)

    def check(self, judged: dict[str, Any]) -> None:
        """Check it against itself and the tool's two logs of the same result.

        Raises:
            EvidenceInvalid: They differ.
        """
        right, method = self.details.get("correct"), self.details.get("method")
        is_own = isinstance(right, bool) and isinstance(method, str) and method.startswith(OWN)
        if is_own and "judge" not in self.details and self.reward != float(bool(right)):
            raise contradicts(self.place, f"reward {self.reward:g}, but correct is {str(right).lower()}: it was edited")
        if judged and number(judged.get("reward")) != self.reward:
            raise contradicts(self.place, f"reward {self.reward:g}, in {VERIFIED} {judged.get('reward')}")
        if self.ended and self.ended.get("response") != self.row.get("model_response"):
            raise contradicts(self.place, f"its model_response is not the response in {INFERENCE}")


def _is_broken(scored: dict[str, Any]) -> bool:
    """Whether a further scorer raised an error, for which the tool writes no ``correct``."""
    return "error" in scored and "correct" not in scored


def _key(row: dict[str, Any], place: object) -> tuple[int, int]:
    return member(row, "problem_idx", int, place), member(row, "repeat", int, place)


class NemoResults:
    """The results of a bundle.

    Args:
        file: ``results.jsonl``.
        repeats: How often each problem was asked.

    Raises:
        UsageError: It cannot be read, or has a result twice.
        EvidenceInvalid: It contradicts itself.
    """

    def __init__(self, file: Path, repeats: int) -> None:
        self.file = file
        self.repeats = repeats
        inferred, judged = self._log(INFERENCE), self._log(VERIFIED)
        there = (file.parent / INFERENCE, file.parent / VERIFIED)
        self.files = (file, *(log for log in there if log.exists()))
        self.rows: dict[tuple[int, int], NemoResult] = {}
        for line, row in read_lines(file):
            place = f"{file}: line {line}"
            result = NemoResult(place, row, inferred.get(_key(row, place), {}))
            if result.key in self.rows:
                what = f"problem {result.key[0]}, repeat {result.key[1]} occurs twice: two logs were joined"
                raise bad(place, what)
            result.check(judged.get(result.key, {}))
            self.rows[result.key] = result
        self.problems: dict[int, list[NemoResult]] = {}
        for key in sorted(self.rows):
            self.problems.setdefault(key[0], []).append(self.rows[key])
        for results in self.problems.values():
            for other in results[1:]:
                if other.asked() != results[0].asked():
                    raise contradicts(other.place, f"problem {other.key[0]} has another prompt or answer than before")
        self.failed = sum(result.failure() is not None for result in self.rows.values())
        self.broken = {name for result in self.rows.values() for name in result.broken_scorers()}

    def _log(self, name: str) -> dict[tuple[int, int], dict[str, Any]]:
        """One of the tool's own logs next to the results; of a result that was resumed the last line counts."""
        file = self.file.parent / name
        if not file.exists():
            return {}
        lines = (line for line in read_lines(file) if line[1].get("_type") != "meta")
        return {_key(row, f"{file}: line {line}"): row for line, row in lines}

    @property
    def is_balanced(self) -> bool:
        """Whether every problem has every repeat with a score: a mean over results is then one over items."""
        return not self.failed and all(len(results) == self.repeats for results in self.problems.values())

    def mean_reward(self) -> float:
        """Mean over results, those that failed counted as 0."""
        return math.fsum(result.reward for result in self.rows.values()) / max(1, len(self.rows))

    def headline(self, name: str) -> float:
        """``mean_reward`` or ``pass@k`` over problems, results that failed counted as 0."""
        values = [_headline([result.reward for result in results], name) for results in self.problems.values()]
        known = [value for value in values if value is not None]
        return math.fsum(known) / max(1, len(known))

    def items(self, labels: Sequence[str]) -> list[ImportedItem]:
        """The items, by the number of their problem.

        Args:
            labels: Names of the scores, the primary one first.
        """
        names = list(dict.fromkeys(labels))
        return [self._item(results, names) for results in self.problems.values()]

    def _item(self, results: Sequence[NemoResult], labels: Sequence[str]) -> ImportedItem:
        """One item from its repeats."""
        first = results[0]
        prompt, expected = first.asked()
        scores = {label: self._score(results, label) for label in labels}
        failure = next((reason for result in results if (reason := result.failure())), None)
        metadata = optional(first.row, "metadata", dict, first.place) or {}
        return ImportedItem(
            place=first.place,
            digest=digest_of(prompt, expected),
            fields={**metadata, "problem_idx": first.key[0]},
            prompt=prompt,
            reference=expected,
            output=first.answer(),
            completions=[_completion(result, labels) for result in results] if len(results) > 1 else [],
            answered_by="generation",
            score=scores[labels[0]],
            scores=scores,
            flags=(Flag.TRUNCATED_OUTPUT,) if any(result.is_cut for result in results) else (),
            error=failure if all(value is None for value in scores.values()) else None,
            tokens_in=count(first.ended.get("prompt_tokens")) or 0,
            tokens_out=sum(count(result.ended.get("completion_tokens")) or 0 for result in results),
        )

    def _score(self, results: Sequence[NemoResult], label: str) -> float | None:
        """The item's score: the mean of its repeats, or pass@k if all of them have a reward."""
        if label.startswith("pass_at_"):
            rewards = [value for result in results if (value := result.value) is not None]
            return _headline(rewards, label.replace("_at_", "@")) if len(rewards) == len(results) else None
        known = [value for result in results if (value := result.value_of(label)) is not None]
        return math.fsum(known) / len(known) if known else None


def _headline(rewards: Sequence[float], name: str) -> float | None:
    """The tool's ``mean_reward`` or unbiased ``pass@k`` (Chen et al., 2021) of a problem; None with too few repeats."""
    if not name.startswith("pass@"):
        return math.fsum(rewards) / len(rewards)
    n, k, right = len(rewards), int(name.removeprefix("pass@")), sum(reward > 0 for reward in rewards)
    return None if n < k else 1 - math.comb(n - right, k) / math.comb(n, k)


def _completion(result: NemoResult, labels: Sequence[str]) -> SampledText:
    """One repeat's answer."""
    return SampledText(
        text=result.answer(),
        value=result.value,
        labels={label: result.value_of(label) for label in labels if not label.startswith("pass_at_")},
        flags=[Flag.TRUNCATED_OUTPUT] if result.is_cut else [],
        finish_reason=result.finish_reason(),
        tokens_out=count(result.ended.get("completion_tokens")) or 0,
        error=result.failure(),
    )
