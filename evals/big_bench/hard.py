"""Scores of answers to BIG-Bench Hard (Suzgun et al. 2022, arXiv:2210.09261): exact match of the stated answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from audit.core.assets.readers.big_bench import BRACKETS, NUMBER, OPTION, WORDS
from audit.evals.answer_scores import UNPARSED
from audit.evals.numbers.reader import last_number, same_number

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CHARACTERS = 2_000
"""Of a stated answer: no reference has more than 300."""
_SAID = re.compile(r"answer(?: is|:)[ \t:*]*", re.IGNORECASE)
_OPTION = re.compile(r"[^\w(]*(?:[Oo]ption )?\(([A-Z])\)(.*)\Z", re.DOTALL)
_LETTER = re.compile(r"[^\w(]*(?:[Oo]ption )?([A-Z])(\W*\Z|[.:)].*\Z)", re.DOTALL)
_DENIED = re.compile(r"\b(?:not|never|no)\b|n't|≠", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!](?:\s|\Z)")
_BRACKET = re.compile(r"[\[\](){}<>]")
_FOREIGN = re.compile(r"[A-Za-z]")


def hard(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """What follows the last "the answer is", or an answer of one line, against column ``answer``, read by its form.

    Returns:
        ``exact_match``; a text that states no answer of the form that was asked for is no match, and is marked
        ``unparsed_answer``.
    """
    given = _stated(results[0])
    reader = _READERS.get(doc["form"], _word)
    answer = reader(given, doc) if given else None
    right = answer is not None and _same(answer, reader(doc["answer"], doc) or doc["answer"], doc["form"])
    return {"exact_match": float(right), UNPARSED: float(answer is None)}


def _stated(text: str) -> str:
    """The rest of the line after the last "the answer is"; the text itself if it is one line; else nothing."""
    said = list(_SAID.finditer(text))
    lines = text[said[-1].end() :].splitlines() if said else text.strip().splitlines()
    found = lines[0] if lines and (said or len(lines) == 1) else ""
    return found.strip() if len(found) <= MOST_CHARACTERS else ""


def _same(answer: str, reference: str, form: str) -> bool:
    """Whether two answers that were read are the same."""
    return same_number(float(answer), float(reference)) if form == NUMBER else answer == reference


def _option(text: str, doc: dict[str, Any]) -> str | None:
    """``(B)`` of ``(B)``, ``B.`` or ``(B) 12/24/2024`` where that is the option's own text.

    None where anything else stands with it, such as ``not (B)``, ``(A) or (B)`` or ``(B) is wrong``.
    """
    for said in (text, _SENTENCE.split(text, maxsplit=1)[0]):
        found = _OPTION.match(said) or _LETTER.match(said)
        if found and (not _plain(found[2]) or _plain(found[2]) == _text_of(found[1], doc)):
            return f"({found[1]})"
    return None


def _plain(text: str) -> str:
    """The words of a text in lower case."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _text_of(letter: str, doc: dict[str, Any]) -> str | None:
    """What an option says in the question."""
    listed = re.findall(rf"^\({letter}\) (.*)$", str(doc.get("question", "")), re.MULTILINE)
    return _plain(listed[-1]) if listed else None


def _number(text: str, _doc: dict[str, Any]) -> str | None:
    """The number of the first sentence; none where the sentence denies it."""
    sentence = _SENTENCE.split(text, maxsplit=1)[0]
    number = None if _DENIED.search(sentence) else last_number(sentence)
    return None if number is None else repr(number)


def _brackets(text: str, _doc: dict[str, Any]) -> str | None:
    """The closing brackets, without anything between them."""
    return None if _FOREIGN.search(text) else "".join(_BRACKET.findall(text)) or None


def _words(text: str, _doc: dict[str, Any]) -> str | None:
    """The words in lower case, however they are separated."""
    return " ".join(re.sub(r"[,*\"`]|\.\Z", " ", text).casefold().split()) or None


def _word(text: str, doc: dict[str, Any]) -> str | None:
    """The one of the allowed words that the answer begins with, such as ``yes``."""
    first = re.match(r"\W*(\w+)", text)
    allowed = str(doc["form"]).casefold().split(" or ")
    return first[1].casefold() if first and first[1].casefold() in allowed else None


_READERS: dict[str, Callable[[str, dict[str, Any]], str | None]] = {
    OPTION: _option,
    NUMBER: _number,
    BRACKETS: _brackets,
    WORDS: _words,
}
"""By the form of the answer; all others are a choice between words."""
