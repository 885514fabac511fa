"""Patterns stand for every task of the run, and are never dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.core.records import NotRun
from audit.gate.policy import Rule, load_policy
from audit.gate.rules.expanding import clauses
from tests.gate.rules.conftest import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

SCORES = [1.0] * 30 + [0.0] * 30


def test_a_pattern_is_a_rule_on_each_task(make: Callable[..., RunFolder], judge: Callable[..., Decision]) -> None:
    tasks = {name: samples(SCORES, name) for name in ("mmlu_law", "mmlu_art", "boolq")}
    missing = NotRun(suite="evals", task="mmlu_war", reason="no data")
    run = make("b", tasks, status="partial", not_run=[missing])
    decision = judge(run, None, {"metric": "mmlu_*/accuracy", "min": 0.1, "max_truncated": 0.5})
    assert [(one.metric, one.verdict) for one in decision.checks[1:]] == [
        ("mmlu_art/accuracy", "PASS"),
        ("mmlu_art/truncated_outputs", "PASS"),
        ("mmlu_law/accuracy", "PASS"),
        ("mmlu_law/truncated_outputs", "PASS"),
        ("mmlu_war/accuracy", "INCONCLUSIVE"),
        ("mmlu_war/truncated_outputs", "INCONCLUSIVE"),
    ]
    assert decision.checks[5].reason == "the task did not run: no data"


def test_a_pattern_that_matches_nothing_is_no_pass(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    run = make("b", samples(SCORES))
    with pytest.raises(ConfigError, match=r"mmlux_\*/accuracy: no task of the run has such a metric"):
        judge(run, None, {"metric": "mmlux_*/accuracy", "min": 0.1})
    known = judge(run, None, {"metric": "asd*/exact_match", "min": 0.1})
    assert (known.verdict, known.checks[1].reason) == ("INCONCLUSIVE", "no task of the run matches asd*")


def test_a_metric_behind_a_pattern_that_no_task_has_is_a_misspelling_or_open(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    run = make("b", samples(SCORES))
    with pytest.raises(ConfigError, match=r"no task that \* matches .* 'acuracy'\. Did you mean 'accuracy'\?"):
        judge(run, None, {"metric": "*/acuracy", "min": 0.1})
    opened = judge(run, None, {"metric": "*/exact_match", "min": 0.1})  # asdiv, which did not run, has it
    said = "no task of the run that * matches has the metric exact_match"
    assert (opened.verdict, opened.checks[1].reason) == ("INCONCLUSIVE", said)


def test_clauses_are_judged_one_by_one() -> None:
    rule = Rule.model_validate({
        "metric": "a/b", "min": 1, "max": 2, "better_than_baseline": True, "max_truncated": 0.1, "why": "x",
    })  # fmt: skip
    assert [(one.metric, one.kind, one.text, one.why) for one in clauses(rule)] == [
        ("a/b", "range", "min 1, max 2", "x"),
        ("a/b", "better", "better than the baseline", "x"),
        ("a/truncated_outputs", "truncated", "share of cut answers at most 0.1", "x"),
    ]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{metric: a/b*, min: 1}", "only the task may hold"),
        ("{metric: a/b, no_worse_than_baseline: {}}", "give margin or relative"),
        ("{metric: a/b, no_worse_than_baseline: {margin: 1, relative: 0.1}}", "only one of them"),
        ("{metric: a/b, no_worse_than_baseline: {margin: 0}}", "above 0"),
        ("{metric: a/b, better_than_baseline: false}", "needs min, max or both, or one of"),
        ("{metric: a/b, max_truncated: 0.1, slice: {c: d}}", "max_truncated is about all items"),
        ("{metric: a/b, min: 1, severity: warn}", "every rule is of severity warn"),
        ("{metric: a/b, min: 1, severity: info}", "severity"),
    ],
)
def test_rules_that_cannot_be_meant_are_one_line(rule: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"rules: [{rule}]", "utf-8")
    with pytest.raises(ConfigError) as raised:
        load_policy(file)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_brackets_in_the_name_of_a_task_mean_nothing(
    make: Callable[..., RunFolder], judge: Callable[..., Decision]
) -> None:
    run = make("b", {task: samples(SCORES, task) for task in ("mine[1]_x", "mine1_x")})
    decision = judge(run, None, {"metric": "mine[1]_*/accuracy", "min": 0.2})
    assert [check.metric for check in decision.checks[1:]] == ["mine[1]_x/accuracy"]
