"""Log-likelihoods in lm-eval's logs, and scores that contradict them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.gate.importers.contract import contradicts
from audit.gate.importers.files import member, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import Choice
    from audit.gate.importers.contract import ImportedItem
    from audit.gate.importers.lm_eval_line import Line


def check_accuracy(items: Sequence[ImportedItem], output_type: str | None) -> None:
    """Check that each item was right where its own log-likelihoods say so, as lm-eval's tasks have it.

    Left out: items whose likeliest options are equally likely, and those whose target is both the position of one
    option and the text of another.

    Args:
        items: Of a task that leaves its scores to lm-eval.
        output_type: lm-eval's kind of task.

    Raises:
        EvidenceInvalid: One contradicts them.
    """
    for item in items:
        said = item.scores.get("accuracy")
        right = _is_right(item.choice, item.scores) if item.choice else None
        if output_type == "loglikelihood":
            right = item.output is not None
        if said in {0.0, 1.0} and right is not None and said != right and not item.error:
            words = "right" if right else "wrong"
            raise contradicts(item.place, f"acc is {said:g}, by its log-likelihoods it is {words}: it was edited")


def _is_right(choice: Choice, scores: Mapping[str, float | None]) -> bool | None:
    """Whether the likeliest option is the right one; None where that depends on how lm-eval reads the item."""
    if choice.right is None or choice.chosen is None:
        return None
    totals = [scores[f"log_likelihood_{place}"] for place in range(len(choice.options))]
    texts = [option.strip() for place, option in enumerate(choice.options) if place != choice.right]
    if totals.count(totals[choice.chosen]) > 1 or str(choice.right) in texts:
        return None
    return choice.chosen == choice.right


def without_likelihood(lines: Sequence[Line]) -> int:
    """In how many lines of a choice an option has no log-likelihood: lm-eval's argmax then chooses any of them."""
    return sum(
        any(log_likelihood(one) is None for one in member(line.row, "resps", list, line.place)) for line in lines
    )


def log_likelihood(answer: object) -> float | None:
    """Of one request, in nats: lm-eval writes ``[["-28.9", "False"]]``, numbers as text.

    Returns:
        Minus infinity for a text that the model holds impossible; None where there is no number.
    """
    while isinstance(answer, list) and answer:
        answer = answer[0]
    try:
        found = float(answer) if isinstance(answer, str) else answer
    except ValueError:
        return None
    return -math.inf if found == -math.inf else number(found)


def is_greedy(answer: object) -> bool:
    """Whether the text of a request was the greedy continuation: the second entry of the innermost list."""
    while isinstance(answer, list) and answer and isinstance(answer[0], list):
        answer = answer[0]
    return isinstance(answer, list) and bool(answer) and str(answer[-1]) == "True"
