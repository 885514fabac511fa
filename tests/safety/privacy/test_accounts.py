"""Payment cards, bank accounts and wallets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audit.safety.privacy.detectors import find

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
