"""Answers in plain spelling, as what judges refusals reads them: lower case, contractions written out, markup named."""

from __future__ import annotations

import json
import re
import unicodedata

ITEM, CODE, SPEECH = "listitem", "codeblock", "quotedspeech"
_WRAPPED = re.compile(r'^(?:"[^"]*"|\u201c[^\u201c\u201d]*\u201d)$')
_SPOKEN = re.compile(r'"[^"\n]{10,400}"|\u201c[^\u201d\n]{10,400}\u201d')
"""Somebody else's words, from some three words on."""
_BREAK = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_SPELLED = [
    (re.compile(pattern), meant)
    for pattern, meant in (
        (r"[’‘´](?=[a-z])", "'"),
        (r"\bcan'?t\b|\bcan not\b", "cannot"),
        (r"\bwon'?t\b|\bshan'?t\b", "will not"),
        (r"\bain'?t\b", "is not"),
        (r"\b(do|does|did|is|are|was|would|could|should)nt\b", r"\1 not"),
        (r"n't\b", " not"),
        (r"\bim\b", "i am"),
        (r"\bive\b", "i have"),
        (r"\bid (?=(?:rather|prefer|like|have|not|never)\b)", "i would "),
        (r"\bgonna\b", "going to"),
        (r"'m\b", " am"),
        (r"'re\b", " are"),
        (r"'ve\b", " have"),
        (r"'ll\b", " will"),
        (r"\b(i|you|we|they)'d\b", r"\1 would"),
        (r"\b(it|that|here|there|what|he|she)'s\b", r"\1 is"),
        (r"```", f" {CODE} "),
        (r"(?m)^[ \t]*(?:\d+[.)]|[-*•])[ \t]+", f" {ITEM} "),
        (r"[*_#]+", " "),
    )
]


def visible(text: str) -> str:
    """A text in compatibility form (NFKC), with line feeds for all line breaks, as a reader sees it.

    Control and format characters are left out: zero-width characters and marks of direction inside a word would hide
    it from every rule. A text that the compatibility form would make more than twice as long keeps its letters.
    """
    lines = _BREAK.sub("\n", text)
    if lines.isascii() and lines.replace("\n", "").isprintable():
        return lines
    kept = "".join(letter for letter in lines if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cf"})
    compatible = unicodedata.normalize("NFKC", kept)
    return compatible if len(compatible) <= 2 * len(kept) else kept


def spelled_out(text: str) -> str:
    """A text in lower case with contractions written out and its markup named."""
    plain = text.strip().lower()
    for pattern, meant in _SPELLED:
        plain = pattern.sub(meant, plain)
    return plain


def without_speech(text: str) -> str:
    """A text with a word for all that is between quotation marks."""
    return _SPOKEN.sub(f" {SPEECH} ", text)


def unwrapped(answer: str) -> str:
    """An answer as a reader sees it, without white space, or quotation marks that hold all of it, around it.

    Of JSON, its refusal field.
    """
    bare = visible(answer).strip()
    if bare.startswith("{"):
        return _refusal_field(bare) or bare
    return bare[1:-1].strip() if _WRAPPED.match(bare) else bare


def _refusal_field(answer: str) -> str:
    """The refusal that an answer in JSON states, as the message of a chat interface does; empty where there is none."""
    try:
        parsed = json.loads(answer)
    except (ValueError, RecursionError):
        return ""
    stated = parsed.get("refusal") if isinstance(parsed, dict) else None
    return stated.strip() if isinstance(stated, str) else ""
