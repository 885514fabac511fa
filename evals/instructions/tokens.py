"""Words and marks of an answer by the rules of NLTK's tokenizer (Copyright 2001-2026 NLTK Project, Apache-2.0).

NLTK separates a full stop from its word at the end of a sentence alone, and finds sentences by a trained model (Punkt)
that is not part of the package. :func:`tokenizations` gives the tokens for every way to set those ends, so that a
caller can see whether they matter.
"""

from __future__ import annotations

import re
from itertools import pairwise, product
from typing import TYPE_CHECKING

from audit.evals.instructions.kinds import NotCheckable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_ENDS = 5
"""Doubtful ends of sentences up to which all ways are tried."""
MOST_CHARACTERS = 250_000
"""Characters that are cut into tokens for one answer, all ways together: about 0.3 s."""
NEEDS_PUNKT = "needs NLTK's model of sentence ends (Punkt)"
_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        ("([«“‘„]|[`]+)", r" \1 "),
        (r"^\"", r"``"),
        (r"(``)", r" \1 "),
        (r"([ \(\[{<])(\"|\'{2})", r"\1 `` "),
        (r"(?i)(?<!\w)(\')(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)", r"\1 "),
        (r'([^\.])(\.)([\]\)}>"\'»”’ ]*+)\s*$', r"\1 \2 \3 "),
        (r"([:,])([^\d])", r" \1 \2"),
        (r"([:,])$", r" \1 "),
        (r"\.{2,}", r" \g<0> "),
        (r"[;@#$%&]", r" \g<0> "),
        ("[\u2012-\u2015]", r" \g<0> "),
        (r'([^\.])(\.)([\]\)}>"\']*)\s*$', r"\1 \2\3 "),
        (r"[?!]", r" \g<0> "),
        (r"([^'])' ", r"\1 ' "),
        (r"[*]", r" \g<0> "),
        (r"[\]\[\(\)\{\}\<\>]", r" \g<0> "),
        (r"--", r" -- "),
        (r"^|$", " "),
        ("([»”’])", r" \1 "),
        (r"''", " '' "),
        (r'"', " '' "),
        (r"\s+", " "),
        (r"([^' ])('[sS]|'[mM]|'[dD]|') ", r"\1 \2 "),
        (r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", r"\1 \2 "),
        (r"(?i)\b(can)(not)\b", r" \1 \2 "),
        (r"(?i)\b(d)('ye)\b", r" \1 \2 "),
        (r"(?i)\b(gim)(me)\b", r" \1 \2 "),
        (r"(?i)\b(gon)(na)\b", r" \1 \2 "),
        (r"(?i)\b(got)(ta)\b", r" \1 \2 "),
        (r"(?i)\b(lem)(me)\b", r" \1 \2 "),
        (r"(?i)\b(more)('n)\b", r" \1 \2 "),
        (r"(?i)\b(wan)(na)(?=\s)", r" \1 \2 "),
        (r"(?i) ('t)(is)\b", r" \1 \2 "),
        (r"(?i) ('t)(was)\b", r" \1 \2 "),
    )
)
_END = re.compile(r"(?<=[^.\s])\.(?=([\"')\]}»”’]*)(\s+\S|[)\";}\]*:@'({\[!?]))")
"""A full stop that may end a sentence, with closing marks behind it."""


def tokens_of(sentence: str) -> list[str]:
    """The words and marks of one sentence."""
    for pattern, replacement in _RULES:
        sentence = pattern.sub(replacement, sentence)
    return sentence.split()


def tokenizations(text: str, *, first: int = 0, last: int = 0) -> Iterator[list[str]]:
    """The tokens of a text, for each way to set the doubtful ends of its sentences.

    Args:
        text: Any text.
        first: Words at the start that matter.
        last: Words at the end that matter; both 0: all do.

    Raises:
        NotCheckable: Too many ends are doubtful for the length of the text.
    """
    words = [word.span() for word in re.finditer(r"\S+", text)]
    start = words[min(first, len(words)) - 1][1] if first and words else 0
    end = words[-min(last, len(words))][0] if last and words else len(text)
    ends = [one for one in _END.finditer(text) if not (first or last) or one.start() < start or one.start() >= end]
    if len(ends) > MAX_ENDS or len(text) * 3 ** len(ends) > MOST_CHARACTERS:
        raise NotCheckable(NEEDS_PUNKT)
    for cuts in product(*((None, one.end(), one.end(1)) for one in ends)):
        places = sorted({0, len(text), *(cut for cut in cuts if cut is not None)})
        yield [token for sentence in _parts(text, places) for token in tokens_of(sentence)]


def _parts(text: str, places: Sequence[int]) -> Iterator[str]:
    """The text between places, without the white space between two sentences."""
    for start, end in pairwise(places):
        yield text[start:end].strip()
