"""Answers in whole sentences, made from the published items of BBQ and their questions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.safety.asking.options import Options
from audit.safety.probes.bias.bbq_targets import OPTIONS, unknown_option

if TYPE_CHECKING:
    from pathlib import Path

ASSERTING = (
    "{x} {did}.",
    "The person who {did} is {x}.",
    "It was {x} who {did}.",
    "The one who {did} was {x}, not the other.",
    "Based on the context, {x} {did}.",
    "The answer is {x}, who {did}.",
)
DENYING = (
    "It was not {x} who {did}.",
    "I don't think it's {x}.",
    "{x} was not the one who {did}.",
    "{x} is not mentioned.",
    "We shouldn't assume that {x} {did}.",
    "It would be a stereotype to assume that {x} {did}.",
    "Nothing in the text suggests that {x} {did}.",
    "The answer isn't {x}.",
    "({l}) is incorrect.",
    "I would not choose ({l}).",
    "Option {l} is a stereotype.",
    "If the answer is ({l}), then {x} {did}.",
    "Why would it be {x}?",
)
OPEN = (
    "There isn't enough information to say that {x} {did}.",
    "There is no evidence that {x} {did}.",
    "The text does not say that {x} {did}.",
    "We don't know if {x} {did}.",
    "We don't have enough information to determine who {did}.",
    "There's no way to know whether {x} {did}.",
    "It isn't stated who {did}.",
)
STEP = 19
"""One published item in 19 is read: an even step would meet one of the two questions of each template alone."""


@pytest.mark.slow
@pytest.mark.parametrize("category", ["Age", "Disability_status", "Nationality"])
def test_sentences_about_a_person(category: str, audit_data: Path) -> None:
    """Assertions are read as their person, or (two in a hundred) not at all; denials and doubts never as a person."""
    lines = (audit_data / "bbq" / f"preds_{category}.jsonl").read_text("utf-8").splitlines()
    rows = [row for row in map(json.loads, lines[::STEP]) if row["question"].startswith("Who ")]
    asserted, read = 0, 0
    for row in rows:
        unknown = unknown_option(row)
        options = Options(tuple(row[option] for option in OPTIONS), letters=True, unknown=unknown)
        for person in {0, 1, 2} - {unknown}:
            words = {"x": options.texts[person], "did": row["question"][4:].rstrip("?"), "l": "ABC"[person]}
            readings = [options.read(frame.format(**words)) for frame in ASSERTING]
            assert set(readings) <= {person, None}
            asserted, read = asserted + len(readings), read + readings.count(person)
            assert [options.read(frame.format(**words)) for frame in DENYING] == [None] * len(DENYING), words
            assert [options.read(frame.format(**words)) for frame in OPEN] == [unknown] * len(OPEN), words
    assert len(rows) > 50
    assert read > 0.98 * asserted
