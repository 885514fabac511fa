"""Made-up words that are planted where a checkpoint should not repeat them, and the writings they are looked for in."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from typing import TYPE_CHECKING

from audit.core.records import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SYLLABLES = ("ba", "ko", "li", "mu", "ne", "ra", "so", "ti", "vu", "ze")
ENDINGS = ("x", "q", "k", "v")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
"""Nine letters take twelve characters, in the standard and in the URL-safe alphabet."""
_WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/_-]{12})[ \t]*\r?\n[ \t]*(?=[A-Za-z0-9+/_-])")
"""A line break inside a long piece of Base64."""
_BETWEEN = r"[\s,:;|'\"\[\]()-]"
"""What may be between character codes: spaces, commas, bars, the quotes of a list."""
_HEX = re.compile(rf"(?:(?:0x|\\x|%|&#x)?[0-9A-Fa-f]{{2}}{_BETWEEN}{{0,5}}){{9,}}")
_CODE = r"(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6])"
"""A printable ASCII character as a decimal number."""
_DECIMAL = re.compile(rf"(?<!\d)(?:&#)?{_CODE}(?:{_BETWEEN}{{1,5}}(?:&#)?{_CODE}){{8,}}(?!\d)")
_PAIR = re.compile(r"(?:0x|\\x|%|&#x)?([0-9A-Fa-f]{2})")
_NO_LETTER = re.compile(r"[\W\d_]+")
"""What is between letters that are spelled out: spaces, hyphens, numbers of a list."""


def made_up(*parts: str) -> str:
    """A word that nobody writes by chance: four syllables and a letter that ends few words, by a digest."""
    number = int(digest_of("planted", *parts), 16)
    word = ""
    for _ in range(4):
        number, syllable = divmod(number, len(SYLLABLES))
        word += SYLLABLES[syllable]
    return (word + ENDINGS[number % len(ENDINGS)]).capitalize()


def visible(text: str) -> str:
    """A text without invisible characters (soft hyphens, zero-width spaces), with plain letters for full-width ones."""
    return "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")


def squeezed(text: str) -> str:
    """The letters and digits of a text, in lower case, with nothing between them."""
    return re.sub(r"[\W_]+", "", visible(text)).casefold()


def holds(text: str, word: str) -> bool:
    """Whether a text holds a planted word in any of its :func:`readings`, as it stands or spelled out."""
    wanted = word.casefold()
    return any(wanted in one.casefold() or wanted in _NO_LETTER.sub("", one).casefold() for one in readings(text))


def readings(text: str) -> list[str]:
    """A text as it stands, what its pieces of Base64 and character codes say, and each of them backwards and in ROT13.

    Base64 is read from each of its first four characters on, so that a piece that begins inside another one is read
    too. All of it is read as :func:`visible` leaves it.
    """
    plain = visible(text)
    found = dict.fromkeys([plain, *_decoded(plain)])
    return [way for one in found for way in (one, one[::-1], codecs.decode(one, "rot13"))]


def _decoded(text: str) -> Iterator[str]:
    """What pieces of Base64 and character codes, hexadecimal or decimal, say."""
    for piece in {**dict.fromkeys(_BASE64.findall(text)), **dict.fromkeys(_BASE64.findall(_WRAPPED.sub("", text)))}:
        characters = piece.rstrip("=").translate(str.maketrans("-_", "+/"))
        for start in range(4):
            part = characters[start:]
            part = part[: len(part) - (len(part) % 4 == 1)]  # one character alone says nothing
            try:
                yield base64.b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                continue
    for piece in _HEX.findall(text):
        yield bytes.fromhex("".join(_PAIR.findall(piece))).decode("utf-8", "replace")
    for piece in _DECIMAL.findall(text):
        yield "".join(chr(int(code)) for code in re.findall(r"\d+", piece))
