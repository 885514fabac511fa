"""Items as a task leaves them, for tests of perturbations."""

from __future__ import annotations

from typing import Any

from audit.core.records import Choice, Sample, Span

LETTERED = "Question: Which town?\nA. Rome\nB. Oslo\nC. Bonn\nAnswer:"


def spans_of(prompt: str, **parts: str) -> list[Span]:
    """Fields by name (``option_A`` is option A) with the text that each has in the prompt."""
    return [
        Span(name=name.replace("_", " "), kind="field", start=(at := prompt.index(text)), end=at + len(text))
        for name, text in parts.items()
    ]


def item(
    prompt: str = LETTERED, options: tuple[str, ...] = (" A", " B", " C"), right: int = 1, **fields: Any
) -> Sample:
    """A sample of a choice; by default one of three lettered options."""
    lettered = {"question": "Which town?", "option_A": "Rome", "option_B": "Oslo", "option_C": "Bonn"}
    choice = Choice(options=list(options), log_likelihoods=[-2.0, -1.0, -3.0], chosen=1, right=right)
    given = {
        "sample_id": "a",
        "suite": "evals",
        "task": "towns",
        "prompt": prompt,
        "spans": spans_of(prompt, **lettered) if prompt == LETTERED else [],
        "choice": choice,
        "score": 1.0,
    }
    return Sample(**{**given, **fields})
