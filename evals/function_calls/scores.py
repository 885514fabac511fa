"""Scores of answers with function calls; task files name these functions as ``process_results``."""

from __future__ import annotations

import json
from typing import Any

from audit.core.calls.parsing import read_calls
from audit.evals.answer_scores import UNPARSED
from audit.evals.function_calls.checking import are_right


def right_calls(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """The calls of an answer against columns ``functions``, ``accepted`` and ``category``.

    Returns:
        ``acc`` and ``macro_accuracy``, both 1 if the calls are the accepted ones and 0 otherwise; an answer that is not
        readable as calls is wrong and marked ``unparsed_answer``.
    """
    calls = read_calls(results[0])
    right = calls is not None and are_right(
        json.loads(doc["functions"]), calls, json.loads(doc["accepted"]), doc["category"]
    )
    return {"acc": float(right), "macro_accuracy": float(right), UNPARSED: float(calls is None)}


def no_call(_doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Whether an answer holds no readable call, as where no function helps: ``acc`` and ``macro_accuracy``."""
    right = float(not read_calls(results[0]))
    return {"acc": right, "macro_accuracy": right}


def any_call(_doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Whether an answer holds a call, whichever: ``acc``; other answers are marked ``unparsed_answer``."""
    calls = read_calls(results[0])
    return {"acc": float(bool(calls)), UNPARSED: float(calls is None)}
