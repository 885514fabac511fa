r"""The steps of a reasoning trace: its sentences and lines, with formulas and code in one step.

Checkpoints do not mark steps, so the text decides. A step is a sentence or a line
(:mod:`audit.core.reasoning.sentences`, any script); sentences are the steps of Bogdan et al. 2025, "Thought Anchors:
Which LLM Reasoning Steps Matter?" (arXiv:2506.19143). Nothing is cut inside

- a formula: ``\[ … \]``, ``\( … \)``, ``$$ … $$``, ``$ … $`` on one line, ``\begin{…} … \end{…}``;
- a block of code between lines of three backticks or tildes;
- an equation over several lines: a line that begins with ``=``, ``≤``, ``⇒``, … goes on with the line before it, and so
  does a formula on lines of its own after a line without a full stop.

A line that ends with a colon introduces the next one, and what has no letter and no digit (a rule, a lone bullet) is no
step by itself.

Limits: a sentence may hold two thoughts, and a thought several sentences. A formula that is opened and never closed
protects nothing. What is written without punctuation and line breaks is one step.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate, pairwise

from audit.core.reasoning.sentences import sentence_ends

MOST_STEPS = 24
"""Steps of a trace at most, unless a caller wants another number."""
NEAR = 200
"""Characters looked at before an end."""
LONGEST_INLINE = 500
"""Characters of a formula between single dollars."""
_OPENING = re.compile(
    r"(?<!\\)\\[\[(]|\$\$|(?<![\\$\w])\$(?=[^\s$])|\\begin\{([A-Za-z]{1,24}\*?)\}|^[ \t]*(?:`{3}|~{3})", re.MULTILINE
)
"""How a stretch begins that is not cut. A single dollar touches what follows it."""
_CLOSING = {"\\[": "\\]", "\\(": "\\)", "$$": "$$"}
_INLINE_END = re.compile(r"(?<=[^\s\\])\$(?!\d)|\n")
"""The dollar that ends a formula touches what comes before it, and no digit follows: ``$5 and $6`` is none."""
_FENCE_END = {mark: re.compile(rf"^[ \t]*{mark}{{3,}}[ \t]*$", re.MULTILINE) for mark in "`~"}
_RELATION = re.compile(r"\s*(?:[=≈≡≠≤≥⇒→⟹∴×÷]|\\(?:approx|equiv|leq?|geq?|implies|therefore|Rightarrow)\b)")
"""How a line begins that goes on with the equation of the line before it."""
_DISPLAY = re.compile(r"\s*(?:\\\[|\$\$|\\begin\{)")
_STOPS = frozenset(".!?…。！？")
_INTRODUCES = re.compile(r"[:：][*_]{0,3}\s*\Z")
_SUBSTANCE = re.compile(r"[^\W_]")


def steps_of(trace: str, most: int = MOST_STEPS) -> list[str]:
    """The steps of a trace, in order; together they are the trace, character by character.

    More than ``most`` are merged: neighbours become one step, so that all have about the same length.

    Args:
        trace: Of a checkpoint: any text.
        most: Steps at most, 1 or more.

    Returns:
        None of them is empty; none for a trace without a character.
    """
    if not trace:
        return []
    starts = [0, *_cuts(trace), len(trace)]
    return _merged([trace[start:end] for start, end in pairwise(starts)], most)


def _cuts(trace: str) -> list[int]:
    """Offsets at which a step begins, other than the first."""
    protected = _protected(trace)
    firsts = [start for start, _ in protected]
    kept: list[int] = []
    looked, holds = 0, False
    for end in sentence_ends(trace):
        holds = holds or _SUBSTANCE.search(trace, looked, end) is not None
        looked = end
        place = bisect_left(firsts, end) - 1
        inside = place >= 0 and end < protected[place][1]
        if holds and not inside and end < len(trace) and not _goes_on(trace, end):
            kept.append(end)
            holds = False
    # What is left at the end without any substance belongs to the step before it.
    return kept if holds else kept[:-1]


def _goes_on(trace: str, end: int) -> bool:
    """Whether the sentence or line that ends here, with the white space behind it, goes on in the next one."""
    before = trace[max(0, end - NEAR) : end]
    said = before.rstrip()
    if "\n" not in before[len(said) :]:
        return False
    if _DISPLAY.match(trace, end) and said[-1:] not in _STOPS:
        return True
    return bool(_RELATION.match(trace, end) or _INTRODUCES.search(before))


def _protected(trace: str) -> list[tuple[int, int]]:
    """Stretches that are not cut, in order and without overlap: where each begins, and the offset behind it."""
    found = []
    position = 0
    absent: set[str] = set()
    while (opened := _OPENING.search(trace, position)) is not None:
        end = _end_of(trace, opened, absent)
        position = opened.end() if end is None else end
        if end is not None:
            found.append((opened.start(), end))
    return found


def _end_of(trace: str, opened: re.Match[str], absent: set[str]) -> int | None:
    """Offset behind a stretch that was opened; None where it is never closed.

    Args:
        trace: The text.
        opened: Where the stretch begins.
        absent: How stretches end that do not end any more: a long text is searched for them once. Is added to.
    """
    mark = opened.group().strip()
    if mark == "$":
        closed = _INLINE_END.search(trace, opened.end(), opened.end() + LONGEST_INLINE)
        return closed.end() if closed is not None and closed.group() == "$" else None
    closing = f"\\end{{{opened[1]}}}" if opened[1] else _CLOSING.get(mark, mark[0])
    if closing in absent:
        return None
    if closing in _FENCE_END:
        closed = _FENCE_END[closing].search(trace, opened.end())
        end = None if closed is None else closed.end()
    else:
        start = trace.find(closing, opened.end())
        end = None if start < 0 else start + len(closing)
    if end is None:
        absent.add(closing)
    return end


def _merged(parts: list[str], most: int) -> list[str]:
    """Neighbours merged into at most ``most`` steps, each part where the middle of its characters lies."""
    if len(parts) <= most:
        return parts
    ends = list(accumulate(map(len, parts)))
    merged: dict[int, list[str]] = {}
    for part, end in zip(parts, ends, strict=True):
        merged.setdefault(int((end - len(part) / 2) * most / ends[-1]), []).append(part)
    return ["".join(group) for group in merged.values()]
