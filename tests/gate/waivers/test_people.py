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
