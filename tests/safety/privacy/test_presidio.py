"""Presidio's recognisers by themselves."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from audit.safety.privacy import presidio as module
from audit.safety.privacy.presidio import proposals, recogniser

WALLET = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"  # bitcoin.it, invoice addresses


def test_a_place_is_proposed_without_the_white_space_around_it() -> None:
    text = f"send to {WALLET} today"
    ((start, end),) = proposals("CryptoRecognizer", text)
    assert text[start:end] == WALLET


def test_a_wrong_check_digit_is_no_proposal() -> None:
    assert list(proposals("CryptoRecognizer", f"send to {WALLET[:-1]}3 today")) == []


def test_a_recogniser_is_made_once_and_can_be_limited_to_patterns() -> None:
    whole = recogniser("UsSsnRecognizer")
    assert recogniser("UsSsnRecognizer") is whole
    assert len(whole.patterns) > 1
    name = whole.patterns[-1].name
    assert [one.name for one in recogniser("UsSsnRecognizer", name).patterns] == [name]


def test_an_unknown_recogniser_is_an_error() -> None:
    with pytest.raises(AttributeError):
        recogniser("NoRecognizer")


def test_white_space_at_both_ends_is_no_part_of_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a \t b c  d"
    place = SimpleNamespace(start=1, end=9)  # with two blanks and a tab before, and two blanks behind
    stub = SimpleNamespace(supported_entities=["X"], analyze=lambda *_: [place])
    monkeypatch.setattr(module, "recogniser", lambda *_: stub)
    ((start, end),) = proposals("Any", text)
    assert text[start:end] == "b c"
