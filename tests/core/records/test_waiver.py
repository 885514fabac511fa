"""A waiver survives JSON and holds no longer than 90 days."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.records import JudgedWaiver, Waiver

GIVEN: dict[str, Any] = {
    "id": "W-1", "rule": "t/accuracy", "slice": {"topic": "science", "kind": "b"}, "scope": {"model": "m"},
    "reason": "None.", "owner": "Ada", "approver": "Grace", "granted": "2024-02-28", "expires": date(2024, 5, 28),
}  # fmt: skip


def test_a_waiver_comes_back_from_json() -> None:
    judged = JudgedWaiver(**GIVEN, fault="unused")
    assert JudgedWaiver.model_validate_json(judged.model_dump_json()) == judged
    assert (judged.granted, judged.expires) == (date(2024, 2, 28), date(2024, 5, 28))  # 90 days: 2024 is a leap year


@pytest.mark.parametrize(
    "change", [{"expires": "2024-05-29"}, {"expires": "2024-02-27"}, {"scope": {}}, {"id": "a/b"}, {"granted": 0}]
)
def test_what_no_waiver_can_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Waiver(**GIVEN | change)
