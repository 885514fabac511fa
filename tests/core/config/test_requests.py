"""Settings of servers and of reasoning traces."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import InferenceConfig, ServerConfig, ThinkingConfig
from audit.core.config.yaml_file import validate
from audit.core.errors import ConfigError


@pytest.mark.parametrize(
    ("kind", "values", "what"),
    [
        (ServerConfig, {"concurrency": 0}, "concurrency"),
        (ServerConfig, {"timeout": 0}, "timeout"),
        (ServerConfig, {"tries": -1}, "tries"),
        (ThinkingConfig, {"tokens": 0}, "tokens"),
        (ThinkingConfig, {"budget": 5}, "budget"),
        (InferenceConfig, {"memory_share": 1.1}, "memory_share"),
        (InferenceConfig, {"tensor_parallel": 0}, "tensor_parallel"),
    ],
)
def test_what_cannot_be_is_refused_by_name(kind: type[Any], values: dict[str, Any], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        validate(kind, values, "here")


def test_usual_settings() -> None:
    assert ServerConfig() == ServerConfig(concurrency=8, timeout=120.0, tries=5)
    assert ThinkingConfig() == ThinkingConfig(tokens=2048, end=None)
