"""Settings of a task, in its result and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.engine import Generation
from audit.evals import suite
from tests.evals.whole.test_cut_answers import STOPPED, Rows, answer

if TYPE_CHECKING:
    from tests.evals.conftest import Scripted


@pytest.mark.slow
def test_settings_are_in_result_and_metrics(scripted: Scripted, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    rows["asdiv"] = rows["asdiv"][:1]
    result = answer(scripted, monkeypatch, Generation("0", 3, STOPPED))
    generation = {"until": ["\n\n", "Problem:"], "do_sample": False, "max_gen_toks": 96}
    expected = {"shots": 0, "version": 2, "chat_template": "default", "generation": generation}
    assert result.settings == expected
    assert all(metric.settings == expected for metric in result.metrics)
    (mmlu,) = suite.run_tasks(scripted, RunConfig(evals=EvalsConfig(tasks=[TaskConfig(name="mmlu")]), offline=True))
    assert mmlu.settings == {"shots": 5, "version": 1, "chat_template": "off", "joining": "exact"}
