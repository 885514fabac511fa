"""Results in words."""

from __future__ import annotations

from typing import Any

from audit.app.elements.results import WORDS, heading, list_text, result_cell
from audit.core.records import Choice, Flag, Sample
from audit.reports.browsing.selection import RESULTS, Selection


def sample(**more: Any) -> Sample:
    values = {"sample_id": "1", "suite": "evals", "task": "t", "prompt": "p", "output": " no", "reference": " yes"}
    return Sample(**values | more)


def test_the_heading_says_what_it_came_to_and_why() -> None:
    chosen = {"choice": Choice(options=[" no", " yes"], chosen=0, right=1)}
    cases = [
        (sample(**chosen), "wrong", "✕ Wrong: it chose “no”, the right answer is “yes”"),
        (sample(), "wrong", "✕ Wrong: it answered “no”, the right answer is “yes”"),
        (sample(reference=None), "wrong", "✕ Wrong: it answered “no”"),
        (sample(output=" "), "right", "✓ Right: it answered nothing"),
        (sample(flags=[Flag.UNPARSED_ANSWER]), "wrong", "✕ Wrong: the answer could not be read, or is empty"),
        (sample(error="no answer\nTraceback"), "not scored", "! Not scored: no answer"),
        (sample(), "not scored", "! Not scored: it has no score"),
        (sample(score=0.25), "scored", "Scored: 0.25"),
        (sample(), "found", "● Found: the probe finds what it looks for in this answer"),
    ]
    for one, result, said in cases:
        assert heading(one, result, is_masked=False) == said
    masked = heading(sample(output="vile", reference="vile"), "wrong", is_masked=True)
    assert masked == "✕ Wrong: what it answered is not the right answer"


def test_foreign_text_in_a_heading_is_short_and_harmless() -> None:
    bad = "\x1b[31m\u202e\ud800" + "x" * 10**6
    for one, result in ((sample(output=bad, reference=bad), "wrong"), (sample(error=bad), "not scored")):
        told = heading(one, result, is_masked=False)
        assert len(told) < 250
        assert not any(character in told for character in "\x1b\u202e\ud800")


def test_every_result_has_a_word_a_sign_and_a_colour() -> None:
    assert set(WORDS) == set(RESULTS)
    assert (result_cell("right").text, result_cell("right").tone) == ("✓ Right", "good")


def test_a_list_is_named_by_its_filters() -> None:
    assert list_text(Selection(), 1) == "1 sample"
    assert list_text(Selection(result="wrong", tasks=("evals/boolq",)), 1234) == "1,234 wrong answers of evals/boolq"
    assert list_text(Selection(result="found", text="x"), 1) == "1 finding that fit the filters"
    assert list_text(Selection(tasks=("a/b", "c/d")), 3) == "3 samples that fit the filters"
