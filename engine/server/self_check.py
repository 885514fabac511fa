"""Whether a server's log-probabilities match its own text.

Log-probabilities that are shifted by one token look like any others. So the server continues a sentence greedily, and
the continuation is scored with one more token that the server would not have chosen: each token of its own must be the
likeliest at its place, the added one must not be, and the values must be those that the server gave while generating. A
repeated sequence must get the same values as the first time: with vLLM's prefix cache it did not
(vllm-project/vllm#42019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.engine.server.answer import choice_of, text_of
from audit.engine.server.echo import read_echo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.engine.server.client import Reply
    from audit.engine.server.echo import Echo
    from audit.engine.server.prompts import Prompts

    Ask = Callable[[list[int], dict[str, Any] | None], Reply]

PROMPTS = ("The capital of France is Paris, and the capital of Italy is", "Question: What is 2 + 2? Answer:", "One two")
"""Prompts tried in turn until one has a continuation whose tokens come back from its text."""
GENERATE = {"max_tokens": 8, "temperature": 0, "logprobs": 1}
FEWEST = 3
"""Minimum tokens of a continuation for a check."""
TIE = 0.1
"""Nats by which a chosen token may fall below the likeliest: reading and generating round differently."""
AGREEMENT = 0.25
"""Nats between two values for one token, for the same reason."""


@dataclass(frozen=True)
class ServedContinuation:
    """A server's continuation of a prompt."""

    prompt: list[int]
    """Token ids."""
    own: list[int]
    """Ids of its greedy text; none if they do not come back from it."""
    log_probs: list[float]
    """Values given while generating; none if it gave none, or for other tokens."""


def check_greedy(ask: Ask, prompts: Prompts, known: list[int], before: Echo, *, as_ids: bool) -> None:
    """Check once.

    Args:
        ask: Calls the server with token ids: with settings one for text, without for log-probabilities.
        prompts: Holds the tokenizer.
        known: A sequence that the server has scored before.
        before: What it gave.
        as_ids: Whether the server gets ids; else tokens must come back from their text.

    Raises:
        ValueError: The log-probabilities are wrong, or cannot be checked.
    """
    for prompt in PROMPTS:
        found = _continue(ask, prompts, prompt)
        other = _other(found, prompts, as_ids=as_ids)
        if other is None:
            continue
        sequence = [*found.prompt, *found.own[:-1], other]
        echo = read_echo(ask(sequence, None), len(sequence))
        _check_order(echo, len(found.own))
        _check_values(echo.log_probs[len(found.prompt) : -1], found.log_probs[: len(found.own) - 1])
        _check_values(read_echo(ask(known, None), len(known)).log_probs, before.log_probs)
        return
    msg = "its own greedy text does not come back from its tokens, so that they cannot be checked"
    raise ValueError(msg)


def _continue(ask: Ask, prompts: Prompts, prompt: str) -> ServedContinuation:
    """The server's greedy continuation of a prompt.

    Raises:
        ValueError: There is none.
    """
    ids = prompts.ids(prompt)
    reply = ask(ids, GENERATE)
    if reply.error:
        msg = f"it gives no text for {prompt!r}: {reply.error}"
        raise ValueError(msg)
    choice = choice_of(reply.body)
    text, found = text_of(choice) or "", choice.get("logprobs")
    tokens, values = _listed(found, "tokens"), _listed(found, "token_logprobs")
    if tokens and all(str(token).startswith("token_id:") for token in tokens):
        own = [int(str(token).removeprefix("token_id:")) for token in tokens]
    else:
        whole = prompts.ids(prompt + text.split("\ufffd")[0])
        own = whole[len(ids) :] if whole[: len(ids)] == ids else []
    usable = len(values) == len(tokens) >= len(own) and all(isinstance(value, int | float) for value in values)
    return ServedContinuation(ids, own, list(map(float, values)) if usable else [])


def _listed(found: object, name: str) -> list[Any]:
    """A list of an answer's ``logprobs``; empty where there is none."""
    values = found.get(name) if isinstance(found, dict) else None
    return values if isinstance(values, list) else []


def _other(found: ServedContinuation, prompts: Prompts, *, as_ids: bool) -> int | None:
    """A token that greedy decoding would not put last; None if nothing can be checked."""
    if len(found.own) < FEWEST:
        return None
    candidates = [token for token in dict.fromkeys(reversed(found.prompt[1:])) if token != found.own[-1]]
    start = [*found.prompt, *found.own[:-1]]
    return next((token for token in candidates if as_ids or prompts.survives([*start, token])), None)


def _check_order(echo: Echo, count: int) -> None:
    """Check that the last of ``count`` tokens is not the likeliest at its place and the others are.

    Raises:
        ValueError: It is otherwise.
    """
    behind = echo.behind[-count:]
    if max(behind[:-1]) > TIE or behind[-1] == 0.0:
        msg = "they do not match its own greedy text: shifted, or from another model"
        raise ValueError(msg)


def _check_values(one: Sequence[float | None], other: Sequence[float | None]) -> None:
    """Check that two values for one token agree.

    Raises:
        ValueError: They are not.
    """
    pairs = [pair for pair in zip(one, other, strict=False) if None not in pair]
    apart = max((abs(float(a or 0.0) - float(b or 0.0)) for a, b in pairs), default=0.0)
    if not apart <= AGREEMENT:
        msg = f"it gave one token two values, {apart:.2g} nats apart"
        raise ValueError(msg)
