"""Patterns stand for every task of the run, and are never dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.core.records import Metric, NotRun
from audit.gate.measured import Measured
from audit.gate.policy import Rule, load_policy
from audit.gate.rules.expanding import clauses, expanded
from tests.gate.rules.conftest import samples
from tests.reports.conftest import a_manifest

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


def test_each_clause_keeps_what_it_asks_for_and_nothing_else() -> None:
    asked: dict[str, Any] = {
        "range": {"min": 1.0, "max": 2.0}, "no_worse": {"no_worse_than_baseline": {"margin": 0.1}},
        "better": {"better_than_baseline": True}, "gap": {"max_gap": {"slice": "k", "value": 1.0}},
        "truncated": {"max_truncated": 0.1},
    }  # fmt: skip
    common = {"metric": "a/b", "confidence": 0.9, "severity": "warn", "owner": "QA", "max_unscored": 0.2}
    everything = Rule.model_validate({**common, **{key: value for one in asked.values() for key, value in one.items()}})
    expected = [Rule.model_validate({**common, **one}) for one in asked.values()]
    expected[-1] = expected[-1].model_copy(update={"metric": "a/truncated_outputs"})
    assert list(clauses(everything)) == expected
    assert [one.kind for one in clauses(everything)] == list(asked)


def a_metric(name: str, value: float | None = 0.5, suite: Any = "evals", **fields: Any) -> Metric:
    task, _, metric = name.rpartition("/")
    return Metric(name=name, suite=suite, task=task, metric=metric, value=value, n=9, **fields)


def names(pattern: str, *runs: list[Metric], own: tuple[str, ...] = (), **manifest: Any) -> list[str]:
    """Metrics that a pattern stands for in the judged run and in the baseline."""
    given = {"config": {}, **manifest}
    rules = [Rule(metric=pattern, min=0.1)]
    return [one.metric for one in expanded(rules, a_manifest(**given), [Measured(run) for run in runs], own)]


def test_a_pattern_stands_for_the_metrics_of_either_run_in_order() -> None:
    run = [
        a_metric("m_z/acc"),
        a_metric("m_b/acc"),
        a_metric("m_b/acc", slice={"k": "x"}),
        a_metric("m_b/f1"),
        a_metric("o/acc"),
    ]
    base = [a_metric("m_y/acc"), a_metric("m_b/acc"), a_metric("p/acc")]
    assert names("m_*/acc", run) == ["m_b/acc", "m_z/acc"]
    assert names("m_*/acc", run, base) == ["m_b/acc", "m_y/acc", "m_z/acc"]
    assert names("m_b/acc", []) == ["m_b/acc"]  # no pattern
    assert names("set/m_*/acc", [a_metric("set/m_x/acc")]) == ["set/m_x/acc"]
    two = expanded([Rule(metric="m_*/f1", min=0.1), Rule(metric="m_?/acc", min=0.2)], a_manifest(), [Measured(run)], ())
    assert [(one.metric, one.min) for one in two] == [("m_b/f1", 0.1), ("m_b/acc", 0.2), ("m_z/acc", 0.2)]


def test_tasks_without_a_result_are_open() -> None:
    config = {
        "evals": {
            "tasks": [
                {"name": "m_asked"},
                {"name": "m_has"},
                {"name": "m_fine"},
                {"file": "mine.csv"},
                {"name": "other"},
            ]
        },
        "safety": {"tasks": [{"name": "m_probe"}]},
        "explain": {"methods": ["m_method"]},
    }
    lost = [NotRun(suite="safety", task="m_lost", reason=""), NotRun(suite="explain", task="m_why", reason="")]
    left = [NotRun(suite="evals", task="m_left", reason="")]
    run = [
        a_metric("m_has/acc"),
        a_metric("m_broke/f1", None),
        a_metric("m_slice/f1", None, slice={"k": "x"}),
        a_metric("m_fine/f1"),
        a_metric("m_explained/f1", None, "explain"),
    ]
    found = names("m_*/acc", run, config=config, not_run=lost, left_out=left)
    assert found == [f"m_{task}/acc" for task in ("asked", "broke", "has", "left", "lost", "probe")]
    assert names("m_*/acc", run, config={"evals": None, "safety": {}}) == ["m_broke/acc", "m_has/acc"]
    with pytest.raises(ConfigError):
        names("m_*/acc", [], [a_metric("m_x/f1", None)])  # of the baseline nothing is open


def test_a_pattern_that_only_this_installation_matches_is_kept() -> None:
    assert names("m_*/acc", [a_metric("o/acc")], own=("p", "m_x")) == ["m_*/acc"]
    run = [a_metric("boolq/f1"), a_metric("asdiv/exact")]
    for pattern, hint in (("booo*/acc", "boolq/acc"), ("asdvi*/exact", "asdiv/exact")):
        with pytest.raises(ConfigError) as raised:
            names(pattern, run)
        said = f"{pattern}: no task of the run has such a metric, and none that did not run matches."
        assert str(raised.value) == f"{said} Did you mean '{hint}'?"
