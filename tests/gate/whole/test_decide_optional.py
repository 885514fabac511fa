"""A run that leaves out what its checkpoint cannot do is gated on what it has."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.core.errors import ConfigError
from audit.core.records import NotRun
from audit.gate.decide import POLICY_CHECK, RUN_CHECK, decide, exit_code, not_judged_lines
from audit.gate.policy import load_policy
from audit.reports.render.markdown import render, render_decision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from audit.core.records import Decision, Metric

Records = dict[str, "Callable[..., Any]"]
NO_SCORES = "the server gives no log-probabilities of given tokens"
RULES = [{"metric": "boolq/accuracy", "min": 0.1}, {"metric": "openbookqa/normalised_accuracy", "min": 0.25}]


def without(task: str = "openbookqa", *, optional: bool = False, suite: Any = "evals") -> NotRun:
    """A task that a server cannot run."""
    return NotRun(suite=suite, task=task, reason=NO_SCORES, optional=optional)


@pytest.fixture
def decided(make_run: Callable[..., Any], records: Records, tmp_path: Path) -> Callable[..., Decision]:
    """Judges a run of boolq under a policy."""
    runs = itertools.count()

    def decision(
        rules: Iterable[dict[str, Any]] = RULES, *, policy: Any = None, metrics: Iterable[Metric] = (), **manifest: Any
    ) -> Decision:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump({**(policy or {}), "rules": list(rules)}), "utf-8")
        config = {"evals": {"tasks": [{"name": "boolq"}, {"name": "openbookqa"}]}}
        given = {"config": config, "run_id": f"20260131T120000Z-tiny-{next(runs)}", **manifest}
        made = [records["metric"](), records["unscored"](), *metrics]
        run = make_run(made, **given)
        return decide(run, load_policy(file))

    return decision


def test_a_task_that_the_policy_can_do_without_is_not_judged(decided: Callable[..., Decision]) -> None:
    run = {"status": "partial", "not_run": [without()]}
    assert exit_code(decided(**run)) == 13
    decision = decided(policy={"optional": ["openbookqa"]}, **run)
    assert (decision.verdict, exit_code(decision)) == ("PASS", 0)
    assert [check.metric for check in decision.checks] == [RUN_CHECK, "boolq/accuracy"]
    assert decision.checks[0].reason == "status partial, without the optional openbookqa"
    told = f"openbookqa/normalised_accuracy min 0.25: optional, the task did not run: {NO_SCORES}"
    (left_out,) = decision.not_judged
    assert (left_out.task, left_out.metric, left_out.rule) == ("openbookqa", RULES[1]["metric"], "min 0.25")
    assert left_out.reason == f"the task did not run: {NO_SCORES}"
    assert decision.optional == ["openbookqa"]
    assert not_judged_lines(decision) == [told]
    assert f"- not judged: {told}" in render_decision(decision).replace("\\", "")


def test_a_task_that_the_configuration_can_do_without_leaves_the_run_complete(
    decided: Callable[..., Decision],
) -> None:
    decision = decided(status="complete", not_run=[without(optional=True)])
    assert (decision.verdict, exit_code(decision), len(decision.not_judged)) == ("PASS", 0, 1)


def test_a_run_that_never_asked_for_the_optional_task_is_judged_on_the_rest(decided: Callable[..., Decision]) -> None:
    config = {"evals": {"tasks": [{"name": "boolq"}]}}
    assert exit_code(decided(config=config)) == 11
    decision = decided(policy={"optional": ["openbookqa"]}, config=config)
    assert decision.verdict == "PASS"
    assert decision.not_judged[0].reason == "the run did not include the task openbookqa"


@pytest.mark.parametrize(
    "run",
    [
        {"status": "partial", "not_run": [without(), without("asdiv")]},
        {"status": "partial", "not_run": [without(optional=True), without("asdiv")]},
        {"status": "partial", "not_run": [without()], "interrupted": True},
        {"status": "partial", "not_run": []},
        {"status": "failed", "not_run": [without()]},
        {"status": "running", "not_run": [without()], "finished": None},
    ],
)
def test_nothing_else_may_be_missing(run: dict[str, Any], decided: Callable[..., Decision]) -> None:
    decision = decided(policy={"optional": ["openbookqa"]}, **run)
    assert (decision.checks[0].verdict, exit_code(decision)) == ("INCONCLUSIVE", 13)


def test_a_null_metric_keeps_a_partial_run_partial(decided: Callable[..., Decision], records: Records) -> None:
    run = {"status": "partial", "not_run": [without()]}
    broken = records["failed"]("evals", "asdiv", "exact_match", "the scorer broke")
    decision = decided(policy={"optional": ["openbookqa"]}, metrics=[broken], **run)
    assert exit_code(decision) == 13
    assert "1 not computed, first asdiv/exact_match (the scorer broke)" in decision.checks[0].reason


def test_a_broken_checkpoint_fails_whatever_is_optional(decided: Callable[..., Decision]) -> None:
    run = {"status": "failed", "broken": "it computes NaN", "not_run": [without()]}
    assert exit_code(decided(policy={"optional": ["openbookqa", "boolq"]}, **run)) == 10


def test_a_task_that_the_run_was_asked_for_or_measured_may_be_optional(decided: Callable[..., Decision]) -> None:
    """Also one that this installation does not know, as a user's own."""
    asked = {"evals": {"tasks": [{"name": "boolq"}, {"name": "mine"}]}}
    decision = decided(RULES[:1], policy={"optional": ["mine"]}, config=asked)
    assert (decision.checks[0].verdict, decision.checks[0].reason) == ("PASS", "status complete")
    assert decided(RULES[:1], policy={"optional": ["boolq"]}, config={}).verdict == "PASS"
    required = decided(RULES[:1], config=asked)
    assert required.checks[0].reason.startswith("status complete: 1 left no metric, first mine: finish it with")


def test_an_optional_task_that_broke_stays_inconclusive(decided: Callable[..., Decision], records: Records) -> None:
    """It left other metrics than that of the rule: it ran."""
    lost = records["failed"]("evals", "openbookqa", "accuracy", "the scorer broke")
    decision = decided(policy={"optional": ["openbookqa"]}, metrics=[lost], status="partial")
    assert [(check.metric, check.verdict) for check in decision.checks[2:]] == [(RULES[1]["metric"], "INCONCLUSIVE")]
    assert decision.not_judged == []


def test_an_optional_task_that_ran_is_judged(decided: Callable[..., Decision], records: Records) -> None:
    bad = records["metric"]("openbookqa/normalised_accuracy", value=0.1, ci_low=0.05, ci_high=0.15)
    decision = decided(policy={"optional": ["openbookqa"]}, metrics=[bad, records["unscored"]("openbookqa")])
    assert exit_code(decision) == 10
    null = records["failed"]("evals", "openbookqa", "normalised_accuracy", "the scorer broke", primary=True)
    decision = decided(policy={"optional": ["openbookqa"]}, metrics=[null], status="partial")
    assert (decision.checks[2].verdict, exit_code(decision)) == ("INCONCLUSIVE", 13)


def test_a_policy_of_which_nothing_is_left_does_not_pass(decided: Callable[..., Decision]) -> None:
    decision = decided(RULES[1:], policy={"optional": ["openbookqa"]}, status="partial", not_run=[without()])
    assert [(check.metric, check.verdict) for check in decision.checks] == [
        (RUN_CHECK, "PASS"),
        (POLICY_CHECK, "INCONCLUSIVE"),
    ]
    assert exit_code(decision) == 11


def test_methods_of_explanation_can_be_optional(decided: Callable[..., Decision]) -> None:
    config = {"evals": {"tasks": [{"name": "boolq"}]}}
    run = {"status": "partial", "not_run": [without("attention_rollout", suite="explain")], "config": config}
    assert exit_code(decided(RULES[:1], **run)) == 13
    assert exit_code(decided(RULES[:1], policy={"optional": ["attention_rollout"]}, **run)) == 0


@pytest.mark.parametrize(("name", "hint"), [("openbokqa", " Did you mean 'openbookqa'?"), ("x", "")])
def test_a_misspelt_optional_task_is_refused(name: str, hint: str, decided: Callable[..., Decision]) -> None:
    with pytest.raises(ConfigError) as raised:
        decided(policy={"optional": [name]})
    assert str(raised.value).partition("/policy.yaml: ")[2] == f"unknown task '{name}' under optional.{hint}"


def test_reports_mark_it(make_run: Callable[..., Any], records: Records) -> None:
    from audit.reports.contents import read

    run = make_run([records["metric"](), records["unscored"]()], not_run=[without(optional=True)])
    assert f"- not run (optional): openbookqa: {NO_SCORES}" in render(read(run)).replace("\\", "")
