"""Text with numbers in one plain spelling, whether written in LaTeX, Unicode, HTML or Markdown."""

from __future__ import annotations

import html
import re
import unicodedata

UNREADABLE = "\ue000"
"""Marks a number whose value is not read, such as a root; a private-use character."""
THIN = "\u2009"
"""Every space that does not break a line, which between digits can only group them."""

_THIN_SPACES = "\u00a0\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f"
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
_DASHES = "\u2010\u2011\u2012\u2013\ufe58\ufe63\uff0d\u2796"
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
_SIGNS = {"⁺": "+", "⁻": "-"}
# "，" and "：" stay: between digits they separate, where "," and ":" may belong to one number.
_FULL_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code) not in "，："}
_CHARACTERS = str.maketrans(
    _FULL_WIDTH
    | dict.fromkeys(_THIN_SPACES, THIN)
    | dict.fromkeys(_INVISIBLE, "")
    | dict.fromkeys(_DASHES, "-")
    | dict.fromkeys("’‘ʼ´`", "'")
    | dict.fromkeys("·⋅∙✕✖⨯∗", "×")
    | dict(zip("\u3000⁄∕∶٫٬￥〜～﹩﹪", " //:.,¥~~$%", strict=True))
)
_SYMBOLS = {
    "times": "×", "cdot": "×", "div": "÷", "pm": "±", "pi": "π", "approx": "≈", "degree": "°", "circ": "°", "le": "≤",
    "leq": "≤", "ge": "≥", "geq": "≥", "pounds": "£", "euro": "€", "yen": "¥", "left": "", "right": "",
}  # fmt: skip
_BRACE = re.compile(r"\\f?box(?:ed)?\s*\{|[{}]")
_LATEX = [
    (re.compile(r"\\!"), ""),
    (re.compile(r"\{([.,])\}"), r"\1"),
    (re.compile(r"\\[,;: ]|\\thinspace(?![A-Za-z])"), THIN),
    (re.compile(r"\\([$%#&_])"), r"\1"),
    (re.compile(r"\\\\"), "\n"),
    (re.compile(r"\\[()\[\]]"), " "),
    (re.compile(r"\\(?:text|math|operatorname|mbox|underline|bm)[a-z]*\s*\{([^{}]*)\}"), r"\1"),
    (re.compile(r"(?<![0-9.,])[0-9.,]*\\(?:overline|bar|dot)\s*\{[^{}]*\}"), UNREADABLE),
    (re.compile(r"\\sqrt\s*(?:\[[^\]]*\])?\s*(?:\{[^{}]*\}|[0-9])"), UNREADABLE),
    (re.compile(r"\\[dtc]?frac\s*(?:\{\s*([^{}]*?)\s*\}|([0-9]))\s*(?:\{\s*([^{}]*?)\s*\}|([0-9]))"), "frac"),
    (re.compile(r"\\[dtc]?frac(?![A-Za-z])"), UNREADABLE),
    (re.compile(r"\^\s*\{?\s*\\circ\s*\}?"), "°"),
    (re.compile(r"\\([A-Za-z]+)"), "symbol"),
    (re.compile(r"\^\s*\{\s*([^{}]*?)\s*\}"), r"^\1"),
    (re.compile(r"[{}]"), ""),
]
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*=[^<>]*)?/?>")
_RAISED = re.compile(r"<sup>\s*([^<>]*?)\s*</sup>", re.IGNORECASE)
_EMPHASIS = re.compile(r"(?<![\w)*])(\*{1,3}|_{2,3})(?=[^\s*])([^*\n]*?)(?<=[^\s*])\1(?![\w(*])")
_ROOT = re.compile(r"(?:[√∛]|(?<![A-Za-z])(?:sqrt|cbrt)(?=\s*[({0-9]))\s*[({]?[0-9.,]*[)}]?")
_PLAIN_NUMBER = re.compile(r"-?[0-9][0-9.,]*")
_SMALL_FRACTION = re.compile(rf"([{_SUPERSCRIPTS}]+)[/⁄]([{_SUBSCRIPTS}]+)")
_SUPERSCRIPT = re.compile(rf"[⁺⁻]?[{_SUPERSCRIPTS}]+")
_WIDE_SPACE = re.compile(rf"[ {THIN}]{{3,}}")
_WIDE_COMMA = re.compile(r"(?<=[０-９])，(?=[０-９]{3})")


def plain_text(text: str) -> str:
    """A text in ASCII digits and signs, without LaTeX, HTML and Markdown.

    Numbers keep their separators, since what these mean depends on the language. Superscripts become
    ``^2``, fractions ``1/2``, dashes shorter than an em dash ``-``; what is a number but not a plain one
    becomes :data:`UNREADABLE`.
    """
    text = _RAISED.sub(r"^\1", html.unescape(text))
    text = _TAG.sub("", text)
    for pattern, by in _LATEX:
        text = pattern.sub({"frac": _fraction, "symbol": _symbol}.get(by, by), text)
    text = _EMPHASIS.sub(r"\2", _ROOT.sub(UNREADABLE, _plain_characters(text)))
    return _WIDE_SPACE.sub("  ", text)


def boxed(text: str) -> str | None:
    r"""The content of the last closed ``\boxed{…}``; None if nothing is boxed."""
    opened: list[tuple[int, bool]] = []
    last: tuple[int, str] | None = None
    for brace in _BRACE.finditer(text):
        if brace[0] != "}":
            opened.append((brace.end(), brace[0] != "{"))
        elif opened:
            start, is_box = opened.pop()
            if is_box and (last is None or start > last[0]):
                last = start, text[start : brace.start()]
    return last[1] if last else None


def _plain_characters(text: str) -> str:
    """Characters of other scripts and sizes as their plain equals."""
    text = _WIDE_COMMA.sub(",", text)
    text = _SMALL_FRACTION.sub(lambda match: f" {_digits(match[1])}/{_digits(match[2])}", text)
    text = _SUPERSCRIPT.sub(lambda match: "^" + _digits(match[0]), text)
    text = re.sub(r"[¼-¾⅐-⅞↉]", lambda match: f" {unicodedata.normalize('NFKC', match[0])}", text)
    text = text.translate(_CHARACTERS)
    return "".join(
        str(unicodedata.decimal(letter)) if not letter.isascii() and letter.isdecimal() else letter for letter in text
    )


def _digits(small: str) -> str:
    """Superscripts or subscripts as digits and signs."""
    return "".join(_SIGNS.get(letter) or str(unicodedata.digit(letter)) for letter in small)


def _fraction(match: re.Match[str]) -> str:
    r"""``\frac`` of two numbers as ``a/b``, separate from a whole number before it; of anything else unreadable."""
    above, below = (match[1] or match[2] or "").strip("$ "), (match[3] or match[4] or "").strip("$ ")
    if not _PLAIN_NUMBER.fullmatch(above) or not _PLAIN_NUMBER.fullmatch(below):
        return UNREADABLE
    apart = " " if match.string[: match.start()][-1:].isdigit() else ""
    return f"{apart}{above}/{below}"


def _symbol(match: re.Match[str]) -> str:
    """The sign that a LaTeX command prints; a space for one that prints nothing relevant here."""
    return _SYMBOLS.get(match[1], " ")
