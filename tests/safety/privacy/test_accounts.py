"""Payment cards, bank accounts and wallets."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.safety.privacy.accounts import find_cards, find_wallets
from audit.safety.privacy.detectors import find
from tests.safety.privacy.cases.personal_values import luhn_digit, wallet

CARDS = [  # test numbers that payment processors publish
    "4111 1111 1111 1111",
    "4012888888881881",
    "5555-5555-5555-4444",
    "5105105105105100",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
    "30569309025904",
    "3530111333300000",
]


def test_an_iban_ends_where_it_ends() -> None:
    text = "IBAN GB82 WEST 1234 5698 7654 32 OR CASH"
    (finding,) = find(text)
    assert text[finding.start : finding.end] == "GB82 WEST 1234 5698 7654 32"


@given(st.sampled_from([c for c in CARDS if c.isdigit()]), st.data())
def test_no_card_survives_a_wrong_digit(number: str, data: st.DataObject) -> None:
    """Luhn's formula detects every single wrong digit."""
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    wrong = number[:place] + other + number[place + 1 :]
    assert [finding for finding in find(wrong) if finding.kind == "card"] == []


@given(st.sampled_from(["DE89370400440532013000", "NO9386011117947"]), st.data())
def test_no_iban_survives_a_wrong_digit(number: str, data: st.DataObject) -> None:
    """ISO 7064 mod 97-10 detects every single wrong digit."""
    place = data.draw(st.integers(2, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    wrong = number[:place] + other + number[place + 1 :]
    assert [finding for finding in find(wrong) if finding.kind == "iban"] == []


ISSUERS: list[tuple[str, set[int]]] = [
    ("4", {13, 16, 19}),
    *(
        (prefix, {16})
        for prefix in ("5100", "5599", "2221", "2229", "2230", "2299", "2300", "2699", "2700", "2710", "2719", "2720")
    ),
    *((prefix, {15}) for prefix in ("34", "37")),
    *((prefix, {16, 17, 18, 19}) for prefix in ("6011", "644", "649", "65", "3528", "3529", "3530", "3589", "62")),
    *((prefix, {14, 15, 16, 17, 18, 19}) for prefix in ("300", "305", "36", "38")),
    *((prefix, set(range(12, 20))) for prefix in ("5018", "5020", "5038", "56", "57", "58", "6304", "6390", "6759")),
    *((prefix, set(range(12, 20))) for prefix in ("6761", "6763")),
    *((prefix, set()) for prefix in ("1", "2220", "2721", "33", "3527", "3590", "306", "39", "5019", "5039", "59")),
    *((prefix, set()) for prefix in ("6012", "643", "66", "6303", "6391", "6758", "6760", "6764", "7", "8", "9", "0")),
]
"""First digits, with those at the ends of each range and next to them, and lengths after ISO/IEC 7812."""


def checked(prefix: str, length: int) -> str:
    """A number with its check digit."""
    body = f"{prefix}{'10293847561029384756'[: length - 1 - len(prefix)]}"
    return body + luhn_digit(body)


@pytest.mark.parametrize(("prefix", "lengths"), ISSUERS)
def test_a_card_has_its_issuers_first_digits_and_length(prefix: str, lengths: set[int]) -> None:
    numbers = {length: checked(prefix, length) for length in range(11, 21)}
    found = {length for length, number in numbers.items() if list(find_cards(f"it is {number}, so"))}
    assert found == lengths


def values(text: str) -> list[str]:
    return [text[one.start : one.end] for one in find(text) if not one.reserved]


@pytest.mark.parametrize("separator", [" ", "  ", "-", ".", "\t", " - ", " \u2013 ", " \u2014 ", " \u2015 "])
@pytest.mark.parametrize(
    "groups",
    ["3782 822463 10005", "3056 930902 5904", "4222 222 222 222", "4539 5787 6362 1486", "4539 5787 6362 1486 123"],
)
def test_a_card_may_be_grouped_as_it_is_printed(groups: str, separator: str) -> None:
    number = separator.join(groups.split())
    text = f"a card, {number}, it"
    assert [(one.kind, text[one.start : one.end], one.reserved) for one in find_cards(text)] == [
        ("card", number, False)
    ]


@pytest.mark.parametrize("length", [17, 18, 19])
def test_a_fifth_group_belongs_to_a_longer_number(length: int) -> None:
    digits = checked("6759", length)
    number = " ".join(digits[place : place + 4] for place in range(0, length, 4))
    assert values(f"a card, {number}, it") == [number]


@pytest.mark.parametrize("behind", [" 7", " 12", " 124", "exp", "EXP", "cvc", "CVV", "valid", "pin"])
def test_a_card_ends_before_what_is_written_next_to_it(behind: str) -> None:
    number = "4539 5787 6362 1486"
    assert values(f"a card, {number}{behind}, it") == [number]


@pytest.mark.parametrize(
    "text",
    [
        "4539-5787 6362-1486",
        "4539 5787 6362-1486",
        "3782 822463-10005",
        "4222 222-222 222",
        "4539 5787 6362   1486",
        "4539578763621486x",
        "4539578763621486x, exp 12",
        "x4539578763621486",
        "04539578763621486",
        "4539578763621486.5",
        f"{' '.join((checked('5018', 12)[:4], checked('5018', 12)[4:8], checked('5018', 12)[8:]))} 1234",
    ],
)
def test_what_is_no_card(text: str) -> None:
    assert list(find_cards(f"it is {text}, so")) == []


def test_a_card_is_found_behind_a_year_and_another_number() -> None:
    assert values("In 2024 4539 5787 6362 1486 was mine") == ["4539 5787 6362 1486"]


@pytest.mark.parametrize(
    "number",  # of the registry of IBANs: the shortest, the longest, with letters, with a letter at the end
    [
        "NO9386011117947",
        "MT84MALT011000012345MTLCAST001S",
        "LC55HEMM000100010012001200023015",
        "RU0304452522540817810538091310419",
        "BR1500000000000010932840814P2",
    ],
)
def test_ibans_of_every_length_are_found(number: str) -> None:
    assert [(one.kind, one.start, one.end) for one in find(f"to {number}, then")] == [("iban", 3, 3 + len(number))]
    assert values(f"to {number.lower()}, then") == [number.lower()]
    assert values(f"IBAN{number}") == [number]
    for separator in (" ", "  ", "-", ".", "\t", " - ", "\u2013", " \u2014 "):
        grouped = separator.join(number[place : place + 4] for place in range(0, len(number), 4))
        assert values(f"to {grouped}, then") == [grouped]


@pytest.mark.parametrize(
    "text",
    [
        "xNO9386011117947",
        "NO9386011117948",
        "NO93860111179471",
        "NO93860111179471 OR CASH",
        "NO9386011117947x",
        "no 9386011117947",
    ],
)
def test_what_is_no_iban(text: str) -> None:
    assert [one.kind for one in find(f"to {text}, then") if one.kind == "iban"] == []


@pytest.mark.parametrize("around", ["x{}", "{}x", "{}1", "_{}", "-{}", "/{}"])
@pytest.mark.parametrize(
    "address", ["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"]
)
def test_a_wallet_is_no_part_of_a_word_or_a_path(address: str, around: str) -> None:
    assert values(f"to {around.format(address)} then") == []


def test_wallets_of_every_kind_are_found() -> None:
    draws = random.Random(4)  # noqa: S311 - repeatable
    for _ in range(40):
        address = wallet(draws)
        found = [(one.kind, one.start, one.end, one.reserved) for one in find_wallets(f"to {address}, then")]
        assert found == [("wallet", 3, 3 + len(address), False)]
        wrong = address[:-1] + ("q" if address[-1] != "q" else "p")
        assert list(find_wallets(f"to {wrong}, then")) == []
    shortest = "11111111111111111111BZbvjr"  # 26 characters: a digest of zeros and a one
    assert [(one.start, one.end) for one in find_wallets(f"to {shortest}, then")] == [(3, 29)]
    assert list(find_wallets("to tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx, then")) == []  # BIP 173, of the test net
