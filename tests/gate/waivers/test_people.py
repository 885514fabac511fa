"""Names that may be of one person are found whatever their letters are made of; different names are not one."""

from __future__ import annotations

import pytest

from audit.gate.waivers.people import mixes_alphabets, same_person


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "Ada"),
        ("Ada Lovelace", "  ada   LOVELACE "),
        ("ada", "@ada"),
        ("Ada Lovelace", "Ada\u00a0Lovelace"),
        ("Ada", "\uff21\uff44\uff41"),  # full-width letters
        ("Ada", "A\u200bd\u00ada"),  # letters that show nothing
        ("Zoë", "Zoe\u0308"),
        ("Weiß", "WEISS"),
        ("Ada <ada@example.org>", "ADA@Example.org"),
        ("Ada (ada@example.org)", "Release team <ada@example.org>"),
    ],
)
def test_one_person(one: str, other: str) -> None:
    assert same_person(one, other)
    assert same_person(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("Ada", "Grace"), ("ada@example.org", "grace@example.org"), ("Ada B.", "Ada C."), ("李", "王")]
)
def test_two_people(one: str, other: str) -> None:
    assert not same_person(one, other)


def test_letters_of_another_alphabet_inside_a_word_are_found() -> None:
    assert mixes_alphabets("Gr\u0430ce Hopper")  # a Cyrillic letter
    assert mixes_alphabets("gr\u03b1ce")  # a Greek one
    assert not mixes_alphabets("Grace Hopper")
    assert not mixes_alphabets("Анна Smith")
    assert not mixes_alphabets("Zoë 2")


@pytest.mark.parametrize("letter", ["\u0430", "\u03b1", "\u0561"])  # Cyrillic, Greek, Armenian
def test_each_alphabet_mixes_with_each_other(letter: str) -> None:
    assert mixes_alphabets(f"Ada Gr{letter}ce")
    assert mixes_alphabets("\u0430\u03b1")
    assert not mixes_alphabets(f"Ada {letter}{letter}")
    assert not any(mixes_alphabets(f"Ada{between}{letter}") for between in ("_", "-", "__-", " . "))
    assert not mixes_alphabets(f"\u30e6Ada\u674e {letter}\u30e6 2{letter}3")  # scripts that look like none of these
    assert mixes_alphabets(f"\uff21{letter}")  # a full-width letter


def test_folding_case_neither_hides_a_letter_nor_its_mark() -> None:
    """Of U+2121 the compatible form is ``TEL``; of U+01F0 the folded form has the mark apart."""
    assert same_person("\u2121", "tel")
    assert not same_person("\u01f0", "j")


def test_one_address_in_common_is_one_person() -> None:
    assert same_person("Ada <ada@x.org>, team@y.org", "Grace (team@y.org)")
    assert same_person("Ada: a.d.a@x.org;", "ada@x.org")
    assert not same_person("Ada <ada@x.org>", "Grace <grace@x.org>")
    assert not same_person("Ada @ work", "Grace @ work")


def test_numbers_and_letters_without_a_name_are_of_no_alphabet() -> None:
    """U+10140 is a number of ancient Greek; Python 3.11 has no name for letters of Tangut (U+17000)."""
    assert not mixes_alphabets("Ada\U00010140")
    assert not mixes_alphabets("Ada\U00017000")
