"""Word problems of several steps, drawn from templates: the same ones in every run."""

from __future__ import annotations

import random
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DATASET = "trace_questions"
NUMBER, CHOICE = "number", "choice"
DRAWS = 5
"""Items of each template and kind."""
Term = list[Any]
"""A factor, then the names of the numbers that it is multiplied by."""


def rows(source: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every template with other numbers, as a question for a number and as one with options.

    Args:
        source: The content of the YAML file.
    """
    for name, template in source["templates"].items():
        for kind in (NUMBER, CHOICE):
            for place in range(DRAWS):
                draws = random.Random(f"{DATASET}/{name}/{kind}/{place}")  # noqa: S311 - a draw, not a secret
                yield {"template": name, "kind": kind, **_row(source, template, kind, draws)}


def _row(source: dict[str, Any], template: dict[str, Any], kind: str, draws: random.Random) -> dict[str, Any]:
    """One item: numbers for which all options differ and are above 0."""
    while True:
        numbers = {name: draws.randint(*ends) for name, ends in template["draw"].items()}
        values = [_value(terms, numbers) for terms in (template["answer"], *template["wrong"])]
        if len(set(values)) == len(values) and min(values) > 0:
            break
    question = template["text"].format(**numbers)
    if kind == NUMBER:
        return {"text": source[NUMBER].format(question=question), "options": (), "right": values[0]}
    shuffled = draws.sample(values, len(values))
    lines = "\n".join(f"({letter}) {value}" for letter, value in zip("ABCD", shuffled, strict=True))
    text = source[CHOICE].format(question=question, options=lines)
    return {"text": text, "options": tuple(map(str, shuffled)), "right": shuffled.index(values[0])}


def _value(terms: Sequence[Term], numbers: dict[str, int]) -> int:
    """A sum of products."""
    return sum(factor * prod(numbers[name] for name in names) for factor, *names in terms)
