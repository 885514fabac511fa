"""The error analysis on the card: every part of it, of samples whose texts and names are hostile."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import Choice
from audit.reports import contents
from audit.reports.errors.scoring import ScoringAgreement
from audit.reports.render.card import render
from tests.reports.pages import HOSTILE, Page, assert_inert

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


def samples(records: Records) -> list[Any]:
    """80 questions, one topic always wrong; the first of two options is nearly always chosen."""
    draw = random.Random(3)  # noqa: S311 - made-up data
    options = [f" {HOSTILE}", " other"]
    found = []
    for i in range(80):
        right, hard = i // 2 % 2, i % 2
        chosen = (1 - right) if hard else right
        found.append(
            records["sample"](
                "boolq",
                i,
                prompt=f"{HOSTILE} {' '.join(options)} {draw.random()}",
                reference=options[right],
                output=options[chosen],
                score=float(chosen == right),
                confidence=draw.uniform(0.5, 1),
                choice=Choice(options=options, chosen=chosen, right=right),
                slices={HOSTILE: HOSTILE if hard else "easy"},
                answered_by="generation",
                flags=["unparsed_answer"] if i == 1 else [],
            )
        )
    return found


@pytest.mark.slow
def test_all_parts_of_the_analysis_are_shown_and_inert(shared_run: RunFolder, records: Records) -> None:
    read = contents.read(shared_run)
    (place,) = [place for place, task in enumerate(read.tasks) if task.task == "boolq"]
    analysis = contents.analysis_of(shared_run, read.manifest, [], "evals", "boolq", samples(records))
    read.tasks[place] = replace(read.tasks[place], analysis=analysis)
    agreement = ScoringAgreement("evals", "boolq", HOSTILE, 40, 10, 5, 5, None, None, 0.2)
    html = render(replace(read, scoring=[agreement]))
    page = Page(html)
    assert page.open == []
    assert_inert(page)
    text = " ".join(" ".join(page.text).split())
    for expected in (
        "Where errors gather",
        "1 group of samples differs from the rest in error rate.",
        "From 1 of 80 generated texts no answer could be read",
        "By likelihood and by generation",
        "No answer is shown to be given more often than it is right (80 samples).",
        "Samples by right answer (rows) and given answer (columns)",
        "It is overconfident.",
        "Expected calibration error (ECE), bins of equal width",
        "share of answers kept, most confident first",
    ):
        assert expected in text, expected
    assert "easy" not in text.split("Where errors gather")[1].split("From 1 of 80")[0]  # the worse half is named
