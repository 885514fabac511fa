"""Where a task stands on the card: the same address in every rendering, so that links to it last."""

from __future__ import annotations

import re

from audit.core.records import digest_of

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,80}")
LETTERS = 12
"""Of the digest that stands for a name which is no address."""


def anchor(suite: str, task: str) -> str:
    """``evals-boolq``; a name with other characters is replaced by its digest.

    Args:
        suite: Suite of the task.
        task: Its name.
    """
    return f"{suite}-{task if _PLAIN.fullmatch(task) else digest_of(task)[:LETTERS]}"
