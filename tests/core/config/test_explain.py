"""Nothing is explained unless it is asked for, and counts are counts."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from audit.core.config.explain import ExplainConfig


def test_nothing_is_explained_by_default() -> None:
    assert ExplainConfig().methods == []


def test_counts_are_no_less_than_zero_and_features_no_less_than_one() -> None:
    for wrong in ({"errors": -1}, {"drivers": -1}, {"flips": 0.5}, {"max_features": 0}, {"error": 1}):
        with pytest.raises(ValidationError):
            ExplainConfig.model_validate(wrong)
    assert ExplainConfig(errors=0, drivers=0, max_features=1).max_features == 1
