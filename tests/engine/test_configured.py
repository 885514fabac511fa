"""The checkpoint is loaded as the configuration says: every field arrives under its name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig
from audit.engine import configured, load
from audit.engine.chat import named

if TYPE_CHECKING:
    import pytest


def test_every_field_reaches_the_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def listen(model: str, **options: Any) -> str:
        given.update(options, model=model)
        return "engine"

    monkeypatch.setattr(configured, "load", listen)
    plain = {
        "model": "m", "base": "b", "device": "auto", "device_map": "auto", "dtype": "float16", "revision": "r",
        "quantization": "nf4", "trust_remote_code": True, "allow_pickle": True, "offline": True, "max_length": 99,
        "batch_tokens": 77, "tokenizer": "t", "chat_template_args": {"enable_thinking": False},
    }  # fmt: skip
    nested = {"chat_template": "other", "server": {"tries": 2}, "thinking": {"end": "</end>", "tokens": 5}}
    config = RunConfig.model_validate({**plain, **nested})
    assert configured.engine_of(config) == "engine"
    assert given.pop("server").tries == 2
    assert given == {**plain, "chat_template": named("other"), "think_end": "</end>", "thinking_tokens": 5}
    assert given.keys() | {"server"} == inspect.signature(load).parameters.keys() - {"progress"}
