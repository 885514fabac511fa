"""What a sample came to, in words: for the table of samples and for the heading of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audit.app.elements.rows import Cell
from audit.core.formatting import number
from audit.core.text import printable
from audit.reports.browsing.selection import UNREADABLE, Selection

if TYPE_CHECKING:
    from audit.app.elements.rows import Tone
    from audit.core.records import Sample

WORDS: dict[str, tuple[str, str, Tone]] = {
    "wrong": ("✕", "Wrong", "bad"),
    "right": ("✓", "Right", "good"),
    "found": ("●", "Found", "warn"),
    "not found": ("○", "Not found", "muted"),
    "scored": ("", "Scored", "muted"),
    "not scored": ("!", "Not scored", "warn"),
}
"""Sign, word and colour of each result of :data:`audit.reports.browsing.selection.RESULTS`."""
NOUNS = {
    "wrong": ("wrong answer", "wrong answers"),
    "right": ("right answer", "right answers"),
    "found": ("finding", "findings"),
    "not found": ("sample without a finding", "samples without a finding"),
    "scored": ("scored sample", "scored samples"),
    "not scored": ("sample that was not scored", "samples that were not scored"),
}
SHOWN = 60
"""Characters of an answer in a heading."""
REASON = 160
"""Characters of a reason in a heading; the whole of it is below."""


def result_cell(result: str) -> Cell:
    """The result as a word with its sign."""
    sign, word, tone = WORDS[result]
    return Cell(f"{sign} {word}".strip(), tone)


def list_text(selection: Selection, count: int) -> str:
    """What a list holds: ``23 wrong answers of evals/boolq``.

    Args:
        selection: That found it.
        count: Samples in it.
    """
    one, several = NOUNS.get(selection.result or "", ("sample", "samples"))
    tasks = selection.tasks if len(selection.tasks) == 1 else ()
    of = f" of {printable(tasks[0], 80)}" if tasks else ""
    named = Selection(result=selection.result, tasks=tasks)
    order: dict[str, Any] = {"sort": "run", "descending": False, "page": 1}
    fitting = "" if replace(selection, **order) == named else " that fit the filters"
    return f"{count:,} {one if count == 1 else several}{of}{fitting}"


def heading(sample: Sample, result: str, *, is_masked: bool) -> str:
    """Right, wrong or not scored, and why: ``Wrong: it chose “no”, the right answer is “yes”``.

    Args:
        sample: A sample, or one of its completions.
        result: What it came to.
        is_masked: Whether its texts are hidden.
    """
    sign, word, _ = WORDS[result]
    return f"{sign} {word}: {_why(sample, result, is_masked=is_masked)}".strip()


def _why(sample: Sample, result: str, *, is_masked: bool) -> str:
    if result == "not scored":
        return printable(sample.error.strip().split("\n", 1)[0], REASON) if sample.error else "it has no score"
    if result in ("found", "not found"):
        return f"the probe {'finds' if result == 'found' else 'does not find'} what it looks for in this answer"
    if result == "scored":
        return number(sample.score, "any")
    if result == "wrong" and not {*sample.flags}.isdisjoint(UNREADABLE):
        return "the answer could not be read, or is empty"
    return _on_answer(sample, result, is_masked=is_masked)


def _on_answer(sample: Sample, result: str, *, is_masked: bool) -> str:
    """What it answered, and what would have been right."""
    verb = "chose" if sample.choice is not None or sample.confidence is not None else "answered"
    if is_masked or sample.output is None:
        return f"what it {verb} is {'' if result == 'right' else 'not '}the right answer"
    answer = f"it {verb} {_quoted(sample.output)}"
    if result == "right" or sample.reference is None:
        return answer
    return f"{answer}, the right answer is {_quoted(sample.reference)}"


def _quoted(text: str) -> str:
    stripped = text.strip()
    return f"“{printable(stripped, SHOWN)}”" if stripped else "nothing"
