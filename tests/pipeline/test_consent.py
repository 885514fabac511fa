"""Code that a recorded run names runs only if the user allows it."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import ConfigError
from audit.pipeline.consent import require_consent

RECORDED = RunConfig.model_validate(
    {"trust_remote_code": True, "plugins": ["/theirs/a.py"], "evals": {"include_path": ["/theirs/tasks"]}}
)
FILES = "[plugins /theirs/a.py] [include_path /theirs/tasks]"
ALL = {"trust_remote_code": True, "plugins": ["/theirs/a.py"], "evals": {"include_path": ["/theirs/tasks"]}}


def asked(config: RunConfig, given: dict[str, Any]) -> None:
    require_consent(config, given, "--resume x", lambda field, path: f"[{field} {path}]")


def test_what_is_allowed_or_has_no_code_goes_on() -> None:
    asked(RECORDED, ALL)
    asked(RunConfig(), {})


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({**ALL, "trust_remote_code": None}, "run code of its checkpoint: allow it with [trust_remote_code None]"),
        ({**ALL, "plugins": ["/mine/a.py"]}, "load code from a file: allow it with [plugins /theirs/a.py]"),
        ({**ALL, "evals": {}}, "load code from a file: allow it with [include_path /theirs/tasks]"),
        (
            {},
            f"run code of its checkpoint: allow it with [trust_remote_code None] {FILES}",
        ),
    ],
)
def test_one_line_names_all_that_has_to_be_allowed(given: dict[str, Any], missing: str) -> None:
    with pytest.raises(ConfigError) as refused:
        asked(RECORDED, given)
    assert str(refused.value) == f"--resume x: this run could {missing}"


@pytest.mark.parametrize(
    "given", [{**ALL, "trust_remote_code": "false"}, {**ALL, "evals": {"include_path": "/theirs/tasks"}}]
)
def test_only_values_of_the_right_type_allow_anything(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="--resume x"):  # or the letters of a path would allow the folders / and .
        asked(RECORDED, given)
