"""What a run works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import ConfigError
from audit.core.progress import Meter, Remembering, Silent
from audit.pipeline import context as module
from audit.pipeline.context import expected_lines, prepare

if TYPE_CHECKING:
    from pathlib import Path


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
    config.evals.thinking_budgets = [64]
    assert expected_lines(config) == lines + len(config.evals.tasks)


@pytest.mark.parametrize("fails", ["uses_chat_template", "redaction_key"])
@pytest.mark.parametrize("error", [ConfigError("no such template"), KeyboardInterrupt()])
def test_workers_are_ended_where_a_run_does_not_begin(
    fails: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    class Started:
        record: Any = type("Record", (), {"remarks": [], "device": "cpu"})

        def close(self) -> None:
            closed.append(True)

    def raises(*_: object, **__: object) -> None:
        raise error

    config = RunConfig.model_validate({"workers": 2, "out": tmp_path})
    monkeypatch.setattr(module, "start_workers", lambda *_: Started())
    monkeypatch.setattr(module, "uses_chat_template", lambda *_, **__: True)
    monkeypatch.setattr(module, fails, raises)
    with pytest.raises(type(error)):
        prepare(config, Remembering(Silent(), None, Meter(config.budget)))
    assert closed == [True]
