"""Typography: what looks like a space, a hyphen or a digit is read as one, and offsets are those of the original."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.safety.privacy.detectors import find
from audit.safety.privacy.plain_text import readings

SPACES = [chr(code) for code in range(0x3001) if unicodedata.category(chr(code)) == "Zs"]
HYPHENS = ["-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\ufe63", "\uff0d"]
HIDDEN = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e"]
GROUPED = {
    "card": ("card {}", ["4539", "5787", "6362", "1486"]),
    "iban": ("IBAN {}", ["DE89", "3704", "0044", "0532", "0130", "00"]),
    "ssn": ("SSN {}", ["536", "90", "4399"]),
    "in_aadhaar": ("Aadhaar {}", ["2341", "2341", "2346"]),
    "uk_nhs": ("NHS {}", ["943", "476", "5870"]),
    "au_tfn": ("TFN {}", ["123", "456", "782"]),
    "de_tax_id": ("Steuer-ID {}", ["36", "574", "261", "809"]),
    "fr_nir": ("numéro {}", ["2", "95", "10", "99", "126", "111", "93"]),
    "cn_ric": ("身份证 {}", ["110105", "19491231", "002X"]),
    "phone": ("call {}", ["415", "555", "2671"]),
}
"""Kind to a sentence and the groups of a published example."""


def spans(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in find(text)]


@pytest.mark.parametrize("kind", list(GROUPED))
def test_groups_may_be_parted_by_any_space_and_hyphen(kind: str) -> None:
    frame, groups = GROUPED[kind]
    for separator in [*SPACES, *HYPHENS]:
        value = separator.join(groups)
        assert spans(f"My {frame.format(value)}, yes") == [(kind, value)], f"{ord(separator):04x}"


@pytest.mark.parametrize("kind", sorted(GROUPED.keys() - {"phone", "cn_ric"}))
@pytest.mark.parametrize("separator", [".", "  "])
def test_groups_with_a_check_may_be_parted_by_dots_and_two_spaces(kind: str, separator: str) -> None:
    frame, groups = GROUPED[kind]
    value = separator.join(groups)
    assert spans(f"My {frame.format(value)}, yes") == [(kind, value)]


@pytest.mark.parametrize("kind", ["card", "iban"])
@pytest.mark.parametrize("separator", ["\t", " - ", " \u2013 ", " \u2014 ", " \u2011 "])
def test_groups_of_accounts_may_be_parted_by_tabs_and_dashes_between_spaces(kind: str, separator: str) -> None:
    frame, groups = GROUPED[kind]
    value = separator.join(groups)
    assert spans(f"My {frame.format(value)}, yes") == [(kind, value)]


@pytest.mark.parametrize("zero", [0x660, 0x966, 0xE50, 0xFF10, 0x1D7CE], ids=lambda one: f"{one:x}")
def test_digits_of_other_scripts_are_digits(zero: int) -> None:
    value = "".join(chr(zero + int(digit)) for digit in "4539578763621486")
    assert spans(f"card: {value} .") == [("card", value)]


@pytest.mark.parametrize("hidden", HIDDEN, ids=lambda one: f"{ord(one):04x}")
@pytest.mark.parametrize(
    ("kind", "value"),
    [("email", "jane@gm|ail.com"), ("card", "4539|5787|6362|1486"), ("iban", "DE89370400|440532013000")],
)
def test_characters_without_width_hide_nothing(hidden: str, kind: str, value: str) -> None:
    value = value.replace("|", hidden)
    assert spans(f"it is {value} then") == [(kind, value)]


def test_a_zero_width_space_parts_a_number_from_a_word_as_well() -> None:
    assert spans("Nummer\u200b4539578763621486") == [("card", "4539578763621486")]


@pytest.mark.parametrize(
    "text",
    [
        "IBANDE89370400440532013000",
        "iban: DE89370400440532013000",
        "IBAN\u00a0DE89\u202f3704\u202f0044\u202f0532\u202f0130\u202f00",
    ],
)
def test_an_iban_may_touch_its_name(text: str) -> None:
    assert [kind for kind, _ in spans(text)] == ["iban"]


def test_dashes_that_part_clauses_hide_no_number() -> None:
    assert spans("my card—4539578763621486—is new") == [("card", "4539578763621486")]
    assert spans("call me –415-555-2671– today") == [("phone", "415-555-2671")]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_readings_keep_the_places(text: str) -> None:
    *without, whole = readings(text)
    assert len(whole.text) == len(text)
    for reading in (*without, whole):
        assert len(reading.places) == len(reading.text)
        assert list(reading.places) == sorted(set(reading.places))
        for place, character in zip(reading.places, reading.text, strict=True):
            same = unicodedata.normalize("NFKC", text[place]) == character
            assert character == text[place] or same or character in " -" or character.isdigit()


@given(st.text(alphabet=[chr(code) for code in range(128)], max_size=60))
def test_ascii_is_read_as_it_is(text: str) -> None:
    assert [reading.text for reading in readings(text)] == [text]


def test_full_width_forms_of_what_values_consist_of_are_read_as_ascii() -> None:
    ascii_forms = [chr(code) for code in range(0x21, 0x7F)]
    (reading,) = readings("".join(chr(ord(one) + 0xFEE0) for one in ascii_forms))
    kept = "".join(one for one in ascii_forms if one.isalnum() or one in "@.-_+%()")
    assert "".join(one for one in reading.text if one.isascii()) == kept


def test_long_dashes_are_hyphens_between_digits_and_before_a_check_letter_alone() -> None:
    (reading,) = readings("1–2—3―4, 5–K, 6–KX, 7–K8, 8–Kx, x–9, 9 – 9")
    assert reading.text == "1-2-3-4, 5-K, 6–KX, 7–K8, 8–Kx, x–9, 9 – 9"


HIDDEN_OF_UNICODE = (
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\ufeff"
)


def test_what_has_no_width_is_left_out_between_ascii_characters() -> None:
    for one in (*HIDDEN_OF_UNICODE, HIDDEN_OF_UNICODE):
        without, whole = readings(f"a{one}b c{one}d")
        length = len(one)
        assert (without.text, without.places) == ("ab cd", [0, 1 + length, 2 + length, 3 + length, 4 + 2 * length])
        assert whole.text == f"a{one}b c{one}d"


@pytest.mark.parametrize("text", ["naïve", "می\u200cخواهم", "\u200babc", "abc\u200b"])
def test_a_text_without_hidden_characters_between_ascii_is_read_once(text: str) -> None:
    assert [reading.text for reading in readings(text)] == [text]
