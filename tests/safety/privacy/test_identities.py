"""Identity numbers by country."""

from __future__ import annotations

import pytest

from audit.safety.privacy.detectors import find


def spans(text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in find(text) if not one.reserved]


@pytest.mark.parametrize(
    "text",
    [
        "CPF 111.111.111-11",
        "CPF 00000000000",
        "NHS 999 999 9999",
        "TFN 000 000 000",
        "Aadhaar 2222 2222 2222",
        "SSN 111-11-1111",
        "SSN 123-45-6789",
        "SSN 000-12-3456",
        "DNI 00000000T",
        "radar 234123412346",
    ],
)
def test_numbers_that_nobody_has(text: str) -> None:
    assert spans(text) == []
