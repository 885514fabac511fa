"""How prompt and answer share the context."""

from __future__ import annotations


def share(prompt: int, answer: int, max_length: int) -> tuple[int, int]:
    """Number of prompt tokens that are kept, and of tokens that fit after them.

    The answer may take what the prompt leaves. Only a prompt that leaves neither the wanted tokens nor half of the
    context is cut, from the left.

    Args:
        prompt: Tokens of the prompt.
        answer: Tokens requested after it.
        max_length: Context length in tokens, at least 2.

    Returns:
        (kept, room); their sum is at most ``max_length``.
    """
    wanted = min(answer, max(max_length - prompt, max_length // 2))
    kept = min(prompt, max_length - wanted)
    return kept, max_length - kept
