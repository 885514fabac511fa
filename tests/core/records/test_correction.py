"""A correction keeps the ratings that decided, and no impossible number."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.records import Correction, RatedAs

GIVEN: dict[str, Any] = {"raw": 0.75, "outputs": 300, "labels": 2, "ratings": {"a": [5], "b": [1, 4]}}


def test_it_comes_back_from_json() -> None:
    found = Correction(**GIVEN, agreement=0.5, bias=-0.1, tuning=0.8, method="powered_strata")
    assert Correction.model_validate_json(found.model_dump_json()) == found
    asked = RatedAs(at_least=4, labels=100)
    assert (asked.at_most, RatedAs.model_validate_json(asked.model_dump_json())) == (None, asked)


def test_what_is_not_known_is_null() -> None:
    found = Correction(**GIVEN)
    assert (found.disagreements, found.agreement, found.bias, found.tuning, found.method) == (None,) * 5


@pytest.mark.parametrize("change", [{"agreement": 1.1}, {"tuning": -0.1}, {"ratings": {"a": ["good"]}}, {"more": 1}])
def test_what_no_correction_can_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Correction(**GIVEN | change)
