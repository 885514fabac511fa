"""An answer in one plain spelling of LaTeX, whatever characters, spaces and marks of layout it is written with."""

from __future__ import annotations

import re
import unicodedata

_CHARACTERS = str.maketrans(
    {
        "−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "⁄": "/", "∕": "/", "≤": "\\le ",
        "≥": "\\ge ", "π": "\\pi ", "∞": "\\infty ", "∪": "\\cup ", "±": "\\pm ", "，": ",", "、": ",", "；": ";",
        "（": "(", "）": ")", "［": "[", "］": "]", "｛": "{", "｝": "}", "＝": "=", "＋": "+", "－": "-", "％": "%",
        "°": " ", "%": " ", "$": " ", "~": " ", "\u00a0": " ", "\u2009": " ", "\u202f": " ", "٫": ".", "٬": ",",
        "،": ",", "\u200b": "", "\u200e": "", "\u200f": "", "\ufeff": "",
    }
)  # fmt: skip
_SUPERSCRIPTS = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_WRAPPED = re.compile(r"\\(?:text|math(?:rm|bf|it|sf)|mbox|hbox|operatorname)[a-z]*\s*\{([^{}]*)\}")
_LAYOUT = [
    (re.compile(r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits|,?\!)(?![A-Za-z])"), ""),
    (re.compile(r"\\[,;:> ]|\\q?quad(?![A-Za-z])|\\thinspace(?![A-Za-z])"), " "),
    (re.compile(r"\\[()\[\]]|\\[%#&$]"), " "),
    (re.compile(r"\{([.,])\}"), r"\1"),
    (re.compile(r"\^\s*(?:\\circ(?![A-Za-z])|\{\s*\\circ\s*\})|\\degree(?![A-Za-z])"), " "),
    (re.compile(r"\\[dtc]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\(?:cdot|times)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "/"),
    (re.compile(r"\\leq?(?![A-Za-z])"), r"\\le "),
    (re.compile(r"\\geq?(?![A-Za-z])"), r"\\ge "),
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"√\s*(\d+|[a-z])"), r"\\sqrt{\1}"),
    (re.compile(r"(?:√|(?<![\\A-Za-z])sqrt)\s*\(([^()]*)\)"), r"\\sqrt{\1}"),
    (re.compile(r"(?<![\\A-Za-z])pi(?![A-Za-z])"), r"\\pi "),
]
_WORDS = re.compile(r"(?<![\\A-Za-z])[A-Za-zÀ-ɏḀ-ỿ][A-Za-zÀ-ɏḀ-ỿ'.]+")
_LETTERS_ELSEWHERE = re.compile(r"[^\W\d_A-Za-zÀ-ɏḀ-ỿͰ-Ͽ]+")
_SPACE = re.compile(r"(?<![\d.])\s+|\s+(?![\d.])")
"""White space that does not part a number: ``3 4`` is not ``34``."""
_ONE_STOP = re.compile(r"[\s.。]+\Z")


def plain(text: str) -> str:
    r"""An answer with ASCII digits and signs, LaTeX's own commands, and nothing that only arranges it on the page.

    Percent and degree signs go; so does the wrapping of ``\text{…}``, whose content stays.
    """
    text = _SUPERSCRIPTS.sub(lambda match: f"^{{{unicodedata.normalize('NFKC', match[0])}}}", text)
    text = unicodedata.normalize("NFC", text).translate(_CHARACTERS)
    text = "".join(str(unicodedata.decimal(c)) if not c.isascii() and c.isdecimal() else c for c in text)
    text = _WRAPPED.sub(r" \1 ", text)
    for pattern, by in _LAYOUT:
        text = pattern.sub(by, text)
    return _ONE_STOP.sub("", " ".join(text.split()))


def without_words(text: str) -> str:
    """A :func:`plain` answer without its units: words of two letters or more, and words of other scripts."""
    text = "".join(letter for letter in text if not unicodedata.category(letter).startswith("M"))
    return " ".join(_WORDS.sub(" ", _LETTERS_ELSEWHERE.sub(" ", text)).split())


def folded(text: str) -> str:
    """A :func:`plain` answer as it is compared as text: without case and white space, but between digits."""
    return _SPACE.sub("", plain(text)).casefold()
