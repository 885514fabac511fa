"""What a checkpoint itself answers to a prompt, where no target is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import UsageError
from audit.engine import GenerateRequest

if TYPE_CHECKING:
    from audit.engine import Engine

ANSWER_TOKENS = 32
"""Tokens of the answer at most."""


def own_answer(engine: Engine, prompt: str, how: str) -> str:
    """The greedy answer of a checkpoint.

    Args:
        engine: The checkpoint.
        prompt: The exact text that it sees.
        how: How the user names a target, for the error: ``name one with --target``.

    Raises:
        UsageError: The answer is empty, or comes after a reasoning trace.
    """
    completion = engine.generate([GenerateRequest(prompt, max_new_tokens=ANSWER_TOKENS)])[0]
    generation = completion.generations[0] if completion.generations else None
    if generation and (generation.thinking or not generation.thinking_closed):
        msg = f"the model reasons before it answers, so its answer depends on more than the prompt: {how}"
        raise UsageError(msg)
    text = generation.text if generation else ""
    if not text.strip():
        msg = f"the model gave no answer{f' ({completion.error})' if completion.error else ''}: {how}"
        raise UsageError(msg)
    return text
