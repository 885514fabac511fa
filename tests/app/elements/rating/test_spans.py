"""Words of an output that can be marked: their offsets are those of the output."""

from __future__ import annotations

from audit.app.elements.rating.spans import words
from audit.app.untrusted import LONGEST


def test_words_have_the_offsets_of_the_text_and_hidden_characters_as_codes() -> None:
    text = "<b>One</b>  two\n\u202ethree \ud800\x00"
    found = words(text)
    assert [(word["start"], word["end"], word["gap"]) for word in found] == [
        (0, 10, False),
        (10, 12, True),
        (12, 15, False),
        (15, 16, True),
        (16, 22, False),
        (22, 23, True),
        (23, 25, False),
    ]
    assert [word["text"] for word in found[:4]] == ["<b>One</b>", "  ", "two", "\n"]
    assert "\u202e" not in found[4]["text"]
    found[6]["text"].encode()  # no half characters, which JSON for a browser cannot hold
    assert "\x00" not in found[6]["text"]


def test_a_text_without_end_is_cut() -> None:
    assert words("x" * (LONGEST + 5)) == [{"start": 0, "end": LONGEST, "text": "x" * LONGEST, "gap": False}]
