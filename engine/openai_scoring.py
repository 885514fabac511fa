"""Log-probabilities of given tokens from a server that echoes prompts with them (vLLM, llama-cpp-python).

``/completions`` with ``echo``, ``logprobs: 1`` and ``max_tokens: 1`` returns the prompt's tokens with their
log-probabilities and one token more, which is cut: what lm-eval's ``local-completions`` asks for. ``max_tokens: 0``
would do for vLLM; llama-cpp-python takes it as no bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import ScoringUnavailable
from audit.engine.requests import Score, ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audit.engine.openai_client import Call, Reply
    from audit.engine.openai_prompts import Prompts
    from audit.engine.openai_server import Server

PROBE = "The capital of France is Paris, and the capital of Italy is Rome."
SETTINGS = {"echo": True, "logprobs": 1, "max_tokens": 1, "temperature": 0}
EXTRA = 2
"""Tokens of the context that a target cannot have: one before it, one generated behind it."""
LONGER_THAN_CONTEXT = "target longer than the model's context"
NOT_AS_TEXT = "the server takes no token ids, and these tokens do not survive being sent as text"


@dataclass(frozen=True)
class Echo:
    """A prompt as the server read it; one entry per prompt token."""

    tokens: tuple[str, ...]
    """In the server's spelling."""
    log_probs: tuple[float | None, ...]
    """Natural-log probabilities; the first token has none."""
    is_argmax: tuple[bool, ...]


class EchoScorer:
    """Scores requests on a server.

    Args:
        server: Answers.
        prompts: Holds the tokenizer, which must be the server's.
    """

    def __init__(self, server: Server, prompts: Prompts) -> None:
        self.server = server
        self.prompts = prompts
        self._as_ids: bool | None = None
        self._unavailable: str | None = None
        self._told: set[str] = set()

    def check(self) -> None:
        """Ask once whether the server can do it at all.

        Raises:
            ScoringUnavailable: It cannot, or there is no tokenizer to make tokens with.
        """
        if self._as_ids is None and self._unavailable is None:
            self._probe()
        if self._unavailable is not None:
            raise ScoringUnavailable(self._unavailable)

    def work(
        self, requests: Sequence[ScoreRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Score], int]]:
        """Scores by index as they arrive, and the number of tokens that went through the server's model for them.

        Raises:
            ScoringUnavailable: See :meth:`check`; or moments are wanted, which no server gives.
        """
        self.check()
        if any(requests[index].moments for index in missing):
            msg = f"{self.server.name}: a server does not return the whole distribution: use a local checkpoint"
            raise ScoringUnavailable(msg)
        known = {index: score for index in missing if (score := self._without_server(requests[index])) is not None}
        if known:
            yield known, 0
        asked = [index for index in missing if index not in known]
        sequences = [self._sequence(requests[index]) for index in asked]
        for position, reply in self.server.client.ask_all([self._call(ids) for ids in sequences]):
            request, ids = requests[asked[position]], sequences[position]
            score = _score(reply, request, len(ids))
            if score.error and score.error not in self._told:
                self._told.add(score.error)
                say(score.error)
            yield {asked[position]: score}, len(ids)

    def _probe(self) -> None:
        """Find out whether the server takes ids or text, and whether its tokens are the tokenizer's."""
        tokenizer, where = self.prompts.tokenizer, self.server.name
        if tokenizer is None:
            self._unavailable = (
                f"{where}: log-probabilities need the checkpoint's tokenizer: name a folder, asset or hub id with it "
                "by --tokenizer"
            )
            return
        problem = "it has no /completions"
        ids: list[int] = tokenizer(PROBE)["input_ids"]
        for as_ids in (True, False) if not self.server.chat else ():
            self._as_ids = as_ids
            reply = self.server.client.ask(self._call(ids))
            if reply.error and reply.status is None:
                self._as_ids = None
                msg = f"{where}: {reply.error}"
                raise ScoringUnavailable(msg)
            try:
                _check_tokens(read_echo(reply, len(ids)), ids)
            except ValueError as error:
                problem = str(error)
            else:
                return
        self._as_ids = None
        self._unavailable = f"{where}: the server does not return log-probabilities of given tokens ({problem})"

    def _without_server(self, request: ScoreRequest) -> Score | None:
        """The score of a target that needs no server, or that it cannot take."""
        if len(request.target_ids) > self.prompts.max_length - EXTRA:
            return Score((), (), error=LONGER_THAN_CONTEXT)
        if not request.target_ids:
            return Score((), ())
        if not self._as_ids and not self._survives(self._sequence(request)):
            return Score((), (), error=NOT_AS_TEXT)
        return None

    def _survives(self, ids: list[int]) -> bool:
        """Whether ids come back from their text."""
        tokenizer = self.prompts.tokenizer
        return tokenizer is not None and tokenizer(self._text(ids))["input_ids"] == ids

    def _sequence(self, request: ScoreRequest) -> list[int]:
        """Context and target, cut from the left."""
        return list((request.context_ids + request.target_ids)[-(self.prompts.max_length - 1) :])

    def _text(self, ids: list[int]) -> str:
        """Ids as text, without what the server's tokenizer adds."""
        return self.prompts.without_prefix(self.prompts.decode(ids))

    def _call(self, ids: list[int]) -> Call:
        """The question about one sequence."""
        return self.server.call(ids if self._as_ids else self._text(ids), SETTINGS)


def read_echo(reply: Reply, count: int) -> Echo:
    """Log-probabilities of a prompt of ``count`` tokens.

    Raises:
        ValueError: They are not there.
    """
    if reply.error:
        raise ValueError(reply.error)
    try:
        found = reply.body["choices"][0]["logprobs"]
        tokens, log_probs, top = found["tokens"], found["token_logprobs"], found["top_logprobs"]
        lengths = {len(tokens), len(log_probs), len(top)}
        best = [max(entry.values()) if entry else math.inf for entry in top[:count]]
        values = [None if value is None else float(value) for value in log_probs[:count]]
        greedy = [value is not None and value >= most for value, most in zip(values, best, strict=True)]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
        msg = "its answer holds none"
        raise ValueError(msg) from None
    if len(lengths) != 1 or lengths.pop() not in {count, count + 1}:
        msg = f"{count} tokens were sent, log-probabilities of {len(tokens)} came back"
        raise ValueError(msg)
    return Echo(tuple(map(str, tokens[:count])), tuple(values), tuple(greedy))


def _check_tokens(echo: Echo, ids: Sequence[int]) -> None:
    """Compare what the server read with what was meant.

    Raises:
        ValueError: A value is not finite, or the server's tokenizer is another one.
    """
    if not all(value is not None and math.isfinite(value) for value in echo.log_probs[1:]):
        msg = "some of them are not finite"
        raise ValueError(msg)
    if [f"token_id:{token}" for token in ids] == list(echo.tokens):
        return
    spelt = "".join(echo.tokens).replace("Ġ", " ").replace("▁", " ")
    if not spelt.rstrip().endswith(PROBE):
        msg = "its tokenizer is not the one at hand: name the checkpoint's own by --tokenizer"
        raise ValueError(msg)


def _score(reply: Reply, request: ScoreRequest, count: int) -> Score:
    """The score of a request from the echo of its sequence."""
    cut = len(request.context_ids) + len(request.target_ids) - count
    try:
        echo = read_echo(reply, count)
    except ValueError as error:
        return Score((), (), truncated=cut, error=f"no log-probabilities from the server: {error}")
    wanted = len(request.target_ids)
    log_probs = tuple(math.nan if value is None else value for value in echo.log_probs[-wanted:])
    if not all(map(math.isfinite, log_probs)):
        return Score((), (), truncated=cut, error="the server's log-probabilities are NaN or infinite")
    return Score(log_probs, echo.is_argmax[-wanted:], truncated=cut)
