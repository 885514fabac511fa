"""Words that say that a question cannot be answered from its text, however they are put."""

from __future__ import annotations

import re

_SHORT = re.compile(r"\b(is|was|are|were|do|does|did|has|have|had|would|could|should|must|might)n'?t\b", re.IGNORECASE)
_LONG: tuple[tuple[tuple[str, ...], re.Pattern[str], str], ...] = (
    (("nt", "n't"), _SHORT, r"\1 not"),
    (("can",), re.compile(r"\b(?:can'?t|cannot)\b", re.IGNORECASE), "can not"),
    (("'",), re.compile(r"\bwon't\b", re.IGNORECASE), "will not"),
    (("ts", "tſ", "'"), re.compile(r"\bit'?s\b", re.IGNORECASE), "it is"),
    (("es", "eſ", "ts", "tſ", "'"), re.compile(r"\b(there|that|here)'?s\b", re.IGNORECASE), r"\1 is"),
    (("'",), re.compile(r"\b(i|we|you|they)'d\b", re.IGNORECASE), r"\1 would"),
    (("'",), re.compile(r"\b(we|you|they)'re\b", re.IGNORECASE), r"\1 are"),
    (("'",), re.compile(r"\bi'm\b", re.IGNORECASE), "i am"),
    (("'",), re.compile(r"\b(i|we|you|they)'ve\b", re.IGNORECASE), r"\1 have"),
)
"""Short forms and what they stand for: ``isn't``, ``isnt``, ``cannot``, ``it's``, ``I'd``.

Before each, texts of which a form has at least one, in lower case: most lines have none, and searching them for that
is many times faster.
"""

FACTS = r"(?:info|information|context|evidence|details?|data|clues|proof|indication)"
_FOUND = (
    r"(?:determined|answered|known|told|said|inferred|decided|established|identified|concluded|ascertained|deduced"
    r"|tell|named)"
)
_FIND = (
    r"(?:know|say|tell|determine|answer(?! (?:such |these )?questions)|infer|identify|decide|conclude"
    r"|be sure|be certain|choose between)"
)
_TEXT = (
    r"(?:text|context|passage|question|story|paragraph|information|scenario|sentence|article|statement|description|it)"
)
_UNDECIDED = re.compile(
    r"\b(?:unknown|undetermined|undeterminable|indeterminable|indeterminate|unanswerable|undecidable|unclear|uncertain"
    r"|inconclusive|ambiguous|unspecified|unstated|unsure|idk)\b"
    r"|\bnot (?:\w+ly )?(?:known|answerable|determinable|determined|clear|certain|sure|specified|stated|mentioned|given"
    r"|provided)\b"
    rf"|\bnot (?:\w+ ){{0,2}}(?:enough|sufficient) (?:\w+ )?{FACTS}\b"
    rf"|\b(?:insufficient|no|lack of|lacks?|lacking|too little) (?:\w+ )?{FACTS}\b"
    rf"|\b{FACTS} (?:\w+ )?(?:is|are) (?:\w+ )?(?:insufficient|lacking|missing|not (?:sufficient|enough))\b"
    rf"|\bnot be (?:\w+ )?{_FOUND}\b|\bneither\b.{{0,60}}\bcan be {_FOUND}\b"
    r"|\b(?:i|we|you|one|nobody|no one) (?:really |simply |just |honestly )?"
    rf"(?:do|can|could) not (?:\w+ )?{_FIND}\b"
    rf"|^(?:do|can|could) not {_FIND}\b|\b(?:we|you|i) are not (?:told|given)\b"
    rf"|\b(?:impossible|hard|difficult|unable|not possible|not able|no way) (?:to|of) (?:\w+ )?(?:{_FIND}|\w+ing)\b"
    rf"|\b{_TEXT} (?:(?:does|did) not|never) (?:\w+ )?"
    r"(?:says?|specif(?:y|ies)|states?|mentions?|provides?|gives?|tells?|indicates?|contains?|reveals?|clarif(?:y|ies)"
    r"|includes?|identif(?:y|ies)|explains?|makes?)\b"
    rf"|\b{_TEXT} is silent\b"
    r"|\b(?:could|might|may) be either\b|\beither (?:one |person |of them )?(?:could|might|may)\b"
    r"|\b(?:nobody|no one) knows\b"
)
"""On lower case in long forms. ``the grandson did not tell …`` is about a person: only texts say nothing."""


def long_forms(text: str) -> str:
    """A text with ``is not`` for ``isn't``, ``it is`` for ``it's`` and so on, and without other apostrophes."""
    text = text.replace("’", "'")
    lower = text.lower()
    for parts, short, full in _LONG:
        if any(part in lower for part in parts):
            text = short.sub(full, text)
    return text.replace("'", "")


def says_undecided(text: str, *, at_start: bool = False) -> bool:
    """Whether a text says that the answer cannot be determined.

    The ten wordings of BBQ's own option (unknown, undetermined, not answerable, not known, not enough info, cannot be
    determined, …) are among them.

    Args:
        text: A sentence; names of people that hold such words should be taken out.
        at_start: Whether it must begin so.
    """
    plain = " ".join(long_forms(text).casefold().split()).strip(' .,;:!?"()*')
    found = _UNDECIDED.match(plain) if at_start else _UNDECIDED.search(plain)
    return bool(found)
