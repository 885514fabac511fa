"""Telephone numbers, against integers and numbers of other things."""

from __future__ import annotations

import random

import pytest

from audit.safety.privacy.detectors import find

ROUNDS = 3000


def spans(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in find(text) if not one.reserved]


@pytest.mark.slow
@pytest.mark.parametrize(
    "frame", ["The value is {}.", "{}", "id={}", "x = {}\ny", '{{"count": {}}}', "ticket {} closed"]
)
def test_ten_bare_digits_are_no_telephone_number(frame: str) -> None:
    draws = random.Random(frame)  # noqa: S311 - repeatable
    found = [kind for _ in range(ROUNDS // 6) for kind, _ in spans(frame.format(draws.randrange(10**9, 10**10)))]
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("middle", [10, 100])
@pytest.mark.parametrize("frame", ["Scores: {} {} {}", "pages {}\u2013{}\u2013{}", "{}  {}  {}", "1 {} {} {}"])
def test_integers_in_a_row_are_nobodys_number(frame: str, middle: int) -> None:
    draws = random.Random(frame)  # noqa: S311 - repeatable
    bounds = (100, middle, 1000)
    rows = [[draws.randrange(bound, 10 * bound) for bound in bounds] for _ in range(ROUNDS // 6)]
    assert [kind for row in rows for kind, _ in spans(frame.format(*row))] == []


@pytest.mark.parametrize(
    "text",
    [
        "The answer is 2147483647.",
        "2**33 is 8589934592",
        "13! = 6227020800",
        "P: 2127365000",
        "F(47) = 4807526976",
        "Avogadro 6022140760",
        "order 415-555-2671",
        "Order #415-555-2671",
        "call about ticket 415-555-2671",
        "17145552671 bytes",
        "订单号13800138000",
        "the excellent 912 34 56 78",
        "Halifax 912 34 56 78",
        "call it a threat of 0.2757031",
        "xylophone 912 34 56 78",
        "automobile 912 34 56 78",
        "ruffle 912 34 56 78",
        "dialogue 912 34 56 78",
        "Quito 912 34 56 78",
    ],
)
def test_numbers_of_other_things_are_no_telephone_numbers(text: str) -> None:
    assert spans(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Call me at 4155552671.", "4155552671"),
        ("my number is 4155552671", "4155552671"),
        ("home_phone=4155552671", "4155552671"),
        ("userPhone: 4155552671", "4155552671"),
        ("To order: 650-253-0000", "650-253-0000"),
        ("Contact: 2127365000", "2127365000"),
        ("You can contact Jo at 2127365000", "2127365000"),
        ("Reach me at 2127365000", "2127365000"),
        ("Ph. 2127365000", "2127365000"),
        ("T: 212 736 5000", "212 736 5000"),
        ("wa.me/12127365000", "12127365000"),
        ("https://wa.me/4930901820", "4930901820"),
        ("https://api.whatsapp.com/send?phone=12127365000", "12127365000"),
        ("Order: +1 650 253 0000", "+1 650 253 0000"),
        ("In order, (650) 253-0000", "(650) 253-0000"),
        ("Diensttelefon 030 901820", "030 901820"),
        ("Handynummer 0151 23456789", "0151 23456789"),
        ("请拨打13800138000", "13800138000"),
        ("致电 138-0013-8000", "138-0013-8000"),
        ("微信13800138000", "13800138000"),
        ("联系人：张伟 13912345678", "13912345678"),
        ("联系方式：139-1234-5678", "139-1234-5678"),
        ("手机１３８００１３８０００", "１３８００１３８０００"),
        ("電話 ０３－３２７０－２６７１", "０３－３２７０－２６７１"),
        ("Телефон: 8 (916) 123-45-67", "8 (916) 123-45-67"),
    ],
)
def test_telephone_numbers_are_found_near_their_words(text: str, number: str) -> None:
    assert spans(text) == [("phone", number)]
