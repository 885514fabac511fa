"""What a run works with."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import RunConfig
from audit.pipeline.context import expected_lines


@pytest.mark.parametrize(
    ("explain", "lines"),
    [
        ({"methods": []}, 2),
        ({"methods": ["occlusion"], "drivers": 0}, 3),
        ({"methods": ["occlusion"], "drivers": 20}, 4),
    ],
)
def test_lines_of_progress_are_counted(explain: dict[str, Any], lines: int) -> None:
    config = RunConfig.model_validate(
        {"evals": {"tasks": [{"name": "boolq"}]}, "safety": {"tasks": [{"name": "bbq"}]}, "explain": explain}
    )
    assert expected_lines(config) == lines
