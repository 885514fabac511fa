"""The suite: tasks one after the other, and why one did not run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import ConfigError, ScoringUnavailable
from audit.engine import Score, ScoreRequest
from audit.engine.gathering import Gathering
from audit.evals import suite
from tests.evals.test_evaluation import configure

if TYPE_CHECKING:
    from audit.engine import Engine
    from tests.evals.conftest import Scripted
    from tests.evals.test_evaluation import Rows


@pytest.mark.parametrize(
    ("task", "data", "reason"), [("gsm8k", "gsm8k_train", "gsm8k_train: not found"), ("boolq", "boolq", "not found")]
)
def test_missing_data_is_not_run_and_the_next_task_is(
    tiny: Engine, rows: Rows, task: str, data: str, reason: str
) -> None:
    """Readers see the task's name in front of the reason; another data set's is part of it."""
    del rows[data]
    first, second = suite.run_tasks(tiny, configure(task, "piqa"))
    assert (first.not_run, first.metrics, first.samples) == (reason, [], [])
    assert second.not_run is None


@pytest.mark.usefixtures("rows")
def test_server_without_log_probabilities_runs_what_generates(
    scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(requests: object) -> list[Score]:
        msg = "no log-probabilities"
        raise ScoringUnavailable(msg)

    monkeypatch.setattr(scripted, "score", none)
    monkeypatch.setattr(scripted, "_tokenizer", None)  # nor is its tokenizer at hand
    monkeypatch.setattr(scripted, "encode_pair", lambda *texts, **_: ScoreRequest((1,), (2,)))
    scripted.texts = ["It is 3."] * 10
    piqa, asdiv = suite.run_tasks(scripted, configure("piqa", "asdiv", limit=1))
    assert (piqa.not_run, piqa.metrics, piqa.samples) == ("no log-probabilities", [], [])
    assert asdiv.not_run is None
    assert asdiv.samples[0].output == "It is 3."


def test_nothing_runs_where_one_task_is_refused(scripted: Scripted) -> None:
    with pytest.raises(ConfigError, match="unknown task 'hellaswagg'"):
        next(iter(suite.run_tasks(scripted, configure("boolq", "hellaswagg"))))
    assert scripted.asked == []


@pytest.mark.parametrize("error", [SystemExit(0), GeneratorExit(), KeyError("doc")])
def test_the_code_of_a_task_ends_no_program(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(suite, "run_task", breaks)
    task: Any = SimpleNamespace(task_name="theirs")
    result = suite._run_foreign_task(SimpleNamespace(), RunConfig(), task, None)  # type: ignore[arg-type]
    assert result.not_run is not None
    assert result.not_run.startswith(f"theirs cannot run here: {type(error).__name__}: ")
    assert (result.samples, result.metrics) == ([], [])


@pytest.mark.slow
@pytest.mark.usefixtures("rows")
def test_own_tasks_can_be_rehearsed_and_ask_for_the_same_texts_when_they_run(scripted: Scripted) -> None:
    config = configure("piqa", "asdiv", "truthfulqa", "lm-eval:piqa", limit=2)
    assert list(suite.rehearsals(config)) == ["asdiv", "truthfulqa"]  # the others ask for no texts, or are others'
    own = config.model_copy(update={"evals": config.evals.model_copy(update={"tasks": config.evals.tasks[:3]})})
    begun: list[str] = []
    alone = list(suite.run_tasks(scripted, own, begun.append))
    assert begun == ["piqa", "asdiv", "truthfulqa"]
    separately, scripted.asked = scripted.asked, []
    engine: Any = Gathering(scripted, suite.rehearsals(own), lambda: None)
    together = list(suite.run_tasks(engine, own, engine.before))
    assert scripted.asked == separately  # every request once, in the order of tasks
    assert [(one.task, one.not_run, one.metrics) for one in together] == [
        (one.task, one.not_run, one.metrics) for one in alone
    ]
