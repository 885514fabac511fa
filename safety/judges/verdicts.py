"""Verdicts of a judge: by the likelihood of the allowed letters, or read strictly from what it writes."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from audit.core.errors import UsageError
from audit.engine import GenerateRequest
from audit.engine.chat import uses_chat_template
from audit.safety.judges.asking import PROMPT_VERSION, VERDICT, requests_of
from audit.safety.judges.wording import ALIKE, ANSWER_TOKENS, AROUND, TOO_LONG, control_words, harmless, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig
    from audit.engine import Completion, Engine, Score
    from audit.safety.judges.asking import JudgedText, RubricPrompt
    from audit.safety.judges.rubric import Rubric
    from audit.safety.judges.wording import By

REASON_TOKENS = 256
"""Tokens of a reply with reasons."""
UNREAD = "the reply is none of the allowed ones"


@dataclass(frozen=True)
class RubricVerdict:
    """What a judge says about one text."""

    number: float | None
    """The verdict as a number of the scale: the level that is likeliest on average over both orders, or the mean of
    what was written in both orders; None where it could not be read."""
    by_order: tuple[float | None, float | None] = (None, None)
    """The same in each order alone; None where an order has no single answer."""
    mass: float | None = None
    """By likelihood: the probability that all letters have together, on average over both orders."""
    draws: tuple[float, ...] = ()
    """By generation: the number that each reply stands for, those of the first order first."""
    replies: tuple[str, ...] = ()
    """By generation: what was written."""
    why_none: str = ""
    """Why there is no verdict."""


@dataclass(frozen=True)
class JudgeAsking:
    """How a judge is asked."""

    by: By = "likelihood"
    """How its verdict is found."""
    repeats: int = 1
    """Replies in each order."""
    temperature: float = 0.0
    """Of the replies."""
    reasons: bool = False
    """Whether it is to write its reasons before the verdict."""
    seed: int = 0
    """Of the replies."""
    settings: dict[str, str] = field(default_factory=dict)
    """What else decides its verdicts (:func:`audit.safety.judges.wording.settings_of`)."""

    def __post_init__(self) -> None:
        """Refuse what a likelihood does not have.

        Raises:
            UsageError: Repeats, a temperature or reasons without generation; or repeats that are all the same.
        """
        if self.by == "likelihood" and (self.repeats > 1 or self.temperature or self.reasons):
            msg = "--repeats, --temperature and --reasons need --by generation: a likelihood is always the same"
            raise UsageError(msg)
        if (self.repeats > 1) != (self.temperature > 0):
            msg = "--repeats and --temperature go together: without a temperature all replies are the same"
            raise UsageError(msg)


class RubricJudge:
    """A checkpoint with a rubric.

    Args:
        engine: The checkpoint.
        rubric: What it is asked.
        asking: How.
        chat_template: ``auto``, ``on``, ``off`` or the name of a template.

    Raises:
        ScoringUnavailable: By likelihood, of a server that gives none.
    """

    def __init__(self, engine: Engine, rubric: Rubric, asking: JudgeAsking, chat_template: str = "auto") -> None:
        if asking.by == "likelihood":
            engine.check_scoring()
        self.rubric, self.asking = rubric, asking
        self.engine = engine
        self._chat = uses_chat_template(engine, chat_template, generates=True)
        self._control = control_words(engine)

    @classmethod
    def of_config(cls, engine: Engine, rubric: Rubric, asking: JudgeAsking, config: RunConfig) -> RubricJudge:
        """The judge that a configuration describes."""
        settings = settings_of(engine, config, asking.by)
        return cls(engine, rubric, replace(asking, seed=config.seed, settings=settings), config.chat_template)

    @property
    def identity(self) -> dict[str, Any]:
        """Everything that decides its verdicts, for settings of metrics and for its measurement."""
        asking = self.asking
        drawn = {"repeats": asking.repeats, "temperature": asking.temperature, "reasons": asking.reasons}
        drawn |= {"seed": asking.seed} if asking.temperature else {}
        written = {name: str(value) for name, value in drawn.items()} if asking.by == "generation" else {}
        return {
            "judge_checkpoint": self.engine.record.digest,
            "judge_by": asking.by,
            "judge_settings": {**asking.settings, **written},
            "judge_prompt": PROMPT_VERSION,
            "rubric": self.rubric.name,
            "rubric_sha256": self.rubric.digest,
        }

    @property
    def name(self) -> str:
        """Name of the checkpoint."""
        return self.engine.record.name

    def verdicts(self, texts: Sequence[JudgedText]) -> list[RubricVerdict]:
        """The verdict on each text.

        Words of the texts that are control tokens to the judge get a space after their first character. A text that
        does not fit into the context whole, and an answer that is not one of the letters, is no verdict.
        """
        orders = [one for text in texts for one in requests_of(self.rubric, text, reasons=self.asking.reasons)]
        prompts = [self._prompt(harmless(one.text, self._control)) for one in orders]
        found = self._generated(orders, prompts) if self.asking.by == "generation" else self._likely(orders, prompts)
        return [self._combined(found[place], found[place + 1]) for place in range(0, len(found), 2)]

    def _prompt(self, text: str) -> str:
        if not self._chat:
            return f"{text}\n\nReply:"
        return self.engine.apply_chat_template([{"role": "user", "content": text}])

    def _likely(self, orders: Sequence[RubricPrompt], prompts: Sequence[str]) -> list[_InOrder]:
        engine = self.engine
        fits = [len(engine.encode(prompt)) < engine.max_length for prompt in prompts]
        requests = [
            engine.encode_answer(prompt, letter) if self._chat else engine.encode_pair(prompt, f" {letter}")
            for one, prompt, is_short in zip(orders, prompts, fits, strict=True)
            if is_short
            for letter in one.choices
        ]
        scores = iter(engine.score(requests))
        return [
            _of_scores(one, [next(scores) for _ in one.choices]) if is_short else _InOrder(why=TOO_LONG)
            for one, is_short in zip(orders, fits, strict=True)
        ]

    def _generated(self, orders: Sequence[RubricPrompt], prompts: Sequence[str]) -> list[_InOrder]:
        asking = self.asking
        tokens = REASON_TOKENS if asking.reasons else ANSWER_TOKENS
        requests = [
            GenerateRequest(prompt, tokens, temperature=asking.temperature, n=asking.repeats, seed=asking.seed)
            for prompt in prompts
        ]
        done = self.engine.generate(requests)
        return [_of_replies(one, reply, reasons=asking.reasons) for one, reply in zip(orders, done, strict=True)]

    def _combined(self, first: _InOrder, second: _InOrder) -> RubricVerdict:
        both = (first, second)
        draws, replies = (*first.draws, *second.draws), (*first.replies, *second.replies)
        why = first.why or second.why
        if why:
            return RubricVerdict(None, (first.single, second.single), draws=draws, replies=replies, why_none=why)
        if self.asking.by == "generation":
            return RubricVerdict(statistics.mean(draws), (first.single, second.single), None, draws, replies)
        means = {number: (first.shares[number] + second.shares[number]) / 2 for number in first.shares}
        best = _likeliest(means)
        mass = sum(one.mass for one in both) / 2
        return RubricVerdict(best, (first.single, second.single), mass, why_none="" if best is not None else ALIKE)


@dataclass(frozen=True)
class _InOrder:
    """What a judge says in one order."""

    shares: dict[float, float] = field(default_factory=dict)
    mass: float = 0.0
    draws: tuple[float, ...] = ()
    replies: tuple[str, ...] = ()
    why: str = ""

    @property
    def single(self) -> float | None:
        """The verdict of this order alone; None where there is none."""
        if self.why:
            return None
        return statistics.mean(self.draws) if self.draws else _likeliest(self.shares)


def _likeliest(shares: dict[float, float]) -> float | None:
    """The number with the largest share; None where several have it."""
    most = max(shares.values())
    best = [number for number, share in shares.items() if math.isclose(share, most)]
    return best[0] if len(best) == 1 else None


def _of_scores(request: RubricPrompt, scores: Sequence[Score]) -> _InOrder:
    if any(score.truncated for score in scores):
        return _InOrder(why=TOO_LONG)
    broken = next((score.error for score in scores if score.error), None)
    if broken is not None:
        return _InOrder(why=broken)
    totals = [score.total for score in scores]
    weights = [math.exp(total - max(totals)) for total in totals]
    shares = {number: one / math.fsum(weights) for number, one in zip(request.choices.values(), weights, strict=True)}
    return _InOrder(shares=shares, mass=math.fsum(math.exp(total) for total in totals))


def _of_replies(request: RubricPrompt, found: Completion, *, reasons: bool) -> _InOrder:
    if found.error or not found.generations:
        return _InOrder(why=found.error or "no reply")
    if found.truncated:
        return _InOrder(why=TOO_LONG)
    replies = tuple(one.text for one in found.generations)
    if not all(one.thinking_closed for one in found.generations):
        return _InOrder(replies=replies, why="the reasoning trace did not end")
    draws = [_read(request, text, reasons=reasons) for text in replies]
    known = tuple(one for one in draws if one is not None)
    return _InOrder(draws=known, replies=replies, why="" if len(known) == len(draws) else UNREAD)


def _read(request: RubricPrompt, text: str, *, reasons: bool) -> float | None:
    """The number of the letter that is the whole reply, or the whole verdict in the last line; None of any other."""
    if reasons:
        lines = [line.strip() for line in text.strip().splitlines()]
        if sum(line.startswith(VERDICT) for line in lines) != 1 or not lines[-1].startswith(VERDICT):
            return None
        text = lines[-1].removeprefix(VERDICT)
    return request.choices.get(AROUND.sub("", text))
