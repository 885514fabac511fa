"""Why a run lacks the metric of a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.core.records import NotRun
from audit.gate.absence import asked_tasks, why_absent
from audit.gate.decide import decide, exit_code
from audit.gate.measured import Measured
from audit.gate.policy import PolicyFile, Rule
from tests.gate.conftest import the_check

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Metric
    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]


def test_a_task_that_did_not_run_is_inconclusive_with_its_reason(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    skipped = [NotRun(suite="evals", task="gsm8k", reason="no data")]
    run = make_run([records["metric"](), records["unscored"]()], status="partial", not_run=skipped)
    decision = decide(run, make_policy({"metric": "gsm8k/exact_match", "min": 0.1}))
    assert the_check(decision).verdict == "INCONCLUSIVE"
    assert "no data" in the_check(decision).reason
    assert exit_code(decision) == 13


def test_a_known_task_that_was_not_asked_for_is_inconclusive(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["metric"](), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "piqa/accuracy", "min": 0.1}))
    assert (decision.verdict, exit_code(decision)) == ("INCONCLUSIVE", 11)


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ({"metric": "boolq/acuracy"}, "Did you mean 'boolq/accuracy'?"),
        ({"metric": "bolq/accuracy"}, "Did you mean 'boolq/accuracy'?"),
        ({"metric": "piqqa/accuracy"}, "Did you mean 'piqa/accuracy'?"),
        ({"metric": "boolq/accuracy", "slice": {"topik": "history"}}, "Did you mean 'topic'?"),
        ({"metric": "boolq/accuracy", "slice": {"topic": "histroy"}}, "Did you mean 'history'?"),
        ({"metric": "boolq/accuracy", "slice": {"topic": "physics"}}, "topic is one of history"),
        ({"metric": "boolq/f1", "slice": {"topic": "history"}}, "measured on all items alone"),
    ],
)
def test_a_name_that_cannot_be_is_an_error_with_a_suggestion(
    rule: dict[str, Any],
    hint: str,
    make_run: Callable[..., RunFolder],
    make_policy: Callable[..., PolicyFile],
    records: Records,
) -> None:
    sliced = records["metric"](slice={"topic": "history"}, primary=False)
    run = make_run([records["metric"](), records["metric"]("boolq/f1"), sliced, records["unscored"]()])
    with pytest.raises(ConfigError) as raised:
        decide(run, make_policy({**rule, "min": 0.1}))
    assert hint in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_metric_that_is_absent_because_its_task_broke_is_inconclusive(
    make_run: Callable[..., RunFolder], make_policy: Callable[..., PolicyFile], records: Records
) -> None:
    run = make_run([records["failed"]("evals", "boolq", "accuracy", "the scorer broke"), records["unscored"]()])
    decision = decide(run, make_policy({"metric": "boolq/macro_f1", "min": 0.1}))
    assert the_check(decision).verdict == "INCONCLUSIVE"
    assert "the scorer broke" in the_check(decision).reason


def a_reason(manifest: Any, *metrics: Metric, own: tuple[str, ...] = ()) -> str:
    return why_absent(Rule(metric="boolq/f1", min=0.1), manifest, Measured(metrics), own)


def test_what_went_wrong_first_comes_first(records: Records) -> None:
    """Checkpoint, task, run, configuration: each reason only where there is none before it."""
    asked = {"evals": {"tasks": [{"name": "boolq"}]}}
    skipped = [NotRun(suite="evals", task="boolq", reason="no data")]
    absent = [NotRun(suite="evals", task="boolq", reason="not at hand")]
    everything = records["manifest"](broken="NaN", not_run=skipped, left_out=absent, config=asked, status="partial")
    failed = records["failed"]("evals", "boolq", "accuracy", "the scorer broke")
    sliced = failed.model_copy(update={"slice": {"topic": "x"}})
    assert a_reason(everything, failed) == "nothing was measured: the checkpoint is broken"
    sound = everything.model_copy(update={"broken": None})
    assert a_reason(sound, sliced, failed) == "the task broke: the scorer broke"
    silent = failed.model_copy(update={"error": None})
    assert a_reason(sound, sliced, silent, failed) == "the task broke: no reason given"
    measured = records["metric"]("boolq/accuracy")
    for lone in (measured, sliced):  # only the baseline has what the rule is on
        assert a_reason(sound, lone) == "the task has no such metric or slice"
    assert a_reason(sound, measured, failed) == "the task broke: the scorer broke"
    assert a_reason(sound) == "the task did not run: no data"
    others = [NotRun(suite="evals", task="mmlu", reason="too long"), *skipped]
    assert a_reason(sound.model_copy(update={"not_run": others})) == "the task did not run: no data"
    ran = sound.model_copy(update={"not_run": []})
    assert a_reason(ran) == "boolq was left out: not at hand"
    quiet = ran.model_copy(
        update={
            "left_out": [NotRun(suite="evals", task="another", reason="not at hand")],
            "warnings": ["boolq was left out: not at hand", "interrupted before the end"],
        }
    )
    what_to_do = "before boolq was measured: run/status says how to finish it"
    assert a_reason(quiet) == f"the run ended {what_to_do}"
    interrupted = quiet.model_copy(update={"interrupted": True})
    assert a_reason(interrupted) == f"the run was interrupted {what_to_do}"
    for status, how in (("running", "was killed"), ("failed", "failed")):
        ended = quiet.model_copy(update={"status": status})
        assert a_reason(ended) == f"the run {how} {what_to_do}"
    other = quiet.model_copy(update={"config": {}})
    assert a_reason(other, own=("boolq",)) == "the run did not include the task boolq"
    with pytest.raises(ConfigError, match="unknown metric 'boolq/f1': neither the run nor this"):
        a_reason(other, own=("mmlu",))


def test_the_hint_is_a_metric_of_a_known_task(records: Records) -> None:
    for asked, hint in (("piqqa/f1", "piqa/f1"), ("set/partz/f1", "set/part/f1")):
        with pytest.raises(ConfigError) as raised:
            why_absent(Rule(metric=asked, min=0.1), records["manifest"](), Measured([]), ("piqa", "set/part"))
        assert str(raised.value).endswith(f"Did you mean '{hint}'?")


def test_asked_for_are_tasks_of_both_suites_and_methods(records: Records) -> None:
    config = {
        "evals": {"tasks": [{"name": "boolq"}, {"file": "mine.csv"}]},
        "safety": {"tasks": [{"name": "bbq"}]},
        "explain": {"methods": ["occlusion"]},
    }
    assert asked_tasks(records["manifest"](config=config)) == {"boolq", "bbq", "occlusion"}
    assert asked_tasks(records["manifest"](config={"evals": None})) == set()
