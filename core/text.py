"""Model text is untrusted: how it is made safe to show in a terminal or a log line."""

from __future__ import annotations

import re
import unicodedata

NAME_LIMIT = 100
"""Characters of a name in a message."""
ESCAPED = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that can move the cursor, reorder text or break a line, or show nothing."""
_FORMULA = re.compile(r"^[=+\-@\t\r\n＝＋－＠]")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def printable(text: str, limit: int | None = None) -> str:
    """One harmless line: control, format and surrogate characters escaped, newlines shown as ``⏎``.

    Args:
        text: Anything, e.g. a generated answer with terminal escapes or bidirectional overrides.
        limit: Characters kept at most; a cut is shown by ``…``.
    """
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    shown = []
    for character in text:
        if character == "\n":
            shown.append("⏎")
        elif unicodedata.category(character) in ESCAPED:
            shown.append(_escape(ord(character)))
        else:
            shown.append(character)
    return "".join(shown)


def named(name: str) -> str:
    """A name as messages show it, in which it may occur more than once: one line of at most 100 characters."""
    return printable(name, NAME_LIMIT)


def shortened(text: str, limit: int) -> str:
    """A text of at most about ``limit`` characters: the middle of a longer one is left out, and how much that is said.

    >>> shortened("abcdefghijkl", 6)
    'abcd [… 6 characters …] kl'
    """
    if len(text) <= limit:
        return text
    tail = limit // 3
    return f"{text[: limit - tail]} [… {len(text) - limit:,} characters …] {text[len(text) - tail :]}"


def first_line(error: BaseException, limit: int = 200) -> str:
    """Type and first line of an exception's message, for the one line that a user sees.

    Args:
        error: From a library, whose message may go on for pages.
        limit: Characters of the message at most.
    """
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {printable(lines[0], limit)}" if lines else type(error).__name__


def plain_text(text: str) -> str:
    r"""A foreign text as a cell of CSV that no spreadsheet executes and every encoding holds.

    One that a spreadsheet would take for a formula begins with an apostrophe; NUL and half characters of UTF-16 are
    written as ``\\u0000`` and so on.
    """
    safe = _NO_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return f"'{safe}" if _FORMULA.match(safe) else safe


def _escape(code: int) -> str:
    """A code point as Python writes it in a string."""
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
