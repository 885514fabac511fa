"""Log-probabilities of a prompt as a server echoes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.engine.server.client import Reply


@dataclass(frozen=True)
class Echo:
    """A prompt as the server read it; one entry per prompt token."""

    tokens: tuple[str, ...]
    """In the server's spelling."""
    log_probs: tuple[float | None, ...]
    """Natural-log probabilities; the first token has none."""
    behind: tuple[float, ...]
    """Nats between a token and the likeliest one at its place; 0 for the likeliest, infinite for the first."""

    @property
    def is_argmax(self) -> tuple[bool, ...]:
        """Whether a token was the likeliest at its place."""
        return tuple(gap == 0.0 for gap in self.behind)


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
        gaps = [_gap(value, most) for value, most in zip(values, best, strict=True)]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError):
        msg = "its answer has none"
        raise ValueError(msg) from None
    if len(lengths) != 1 or lengths.pop() not in {count, count + 1}:
        msg = f"{count} tokens were sent, but log-probabilities of {len(tokens)} came back"
        raise ValueError(msg)
    return Echo(tuple(map(str, tokens[:count])), tuple(values), tuple(gaps))


def _gap(value: float | None, most: float) -> float:
    """Nats from a value to the largest at its place."""
    return math.inf if value is None or math.isnan(value) else max(0.0, most - value)
