"""What a decision says of its run: its status, its budget, its registered policy and what was left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.records import GateBudget, NotRun, RegisteredPolicy
from audit.gate import decisions
from audit.gate.binding.registered import registered_checks
from audit.gate.decide import RUN_CHECK, nothing_judged, run_check
from audit.gate.decisions import _in_checks, _left_out, _on_budget, _on_registered, _on_run
from audit.gate.measured import Measured
from audit.gate.waivers.budget import budget_checks
from audit.gate.waivers.judging import PREFIX, RULE
from tests.gate.rules.test_again_numbers import MEASURED, METRIC, UNSCORED
from tests.gate.whole.test_decisions_of_rules import BOTH, LEFT_OUT, PART, a_rule, decided, on
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPLETE = a_manifest(config={})
ON_RUN = run_check(COMPLETE, MEASURED, set(), None)
MISSING = NotRun(suite="evals", task="u", reason="no data")


@pytest.mark.parametrize(
    ("checks", "fault"),
    [
        ([ON_RUN], None),
        ([], "it does not judge the run as it is, status complete"),
        ([ON_RUN, ON_RUN], "it does not judge the run as it is, status complete"),
        ([ON_RUN.model_copy(update={"reason": "fine"})], "it does not judge the run as it is, status complete"),
        (
            [ON_RUN.model_copy(update={"verdict": "INCONCLUSIVE"})],
            "it finds the run INCONCLUSIVE, which is PASS: status complete",
        ),
        ([ON_RUN.model_copy(update={"severity": "warn"})], "its check run/status is not the gate's"),
        ([ON_RUN.model_copy(update={"rule": "status partial"})], "its check run/status is not the gate's"),
    ],
)
def test_the_run_is_judged_once_and_as_the_gate_does(checks: list[Any], fault: str | None) -> None:
    assert list(_on_run(decided(*checks, *BOTH), COMPLETE, MEASURED)) == ([fault] if fault else [])


def test_a_task_is_optional_by_the_policy_or_by_the_run() -> None:
    for optional, by_run in ((["u"], False), ([], True), ([], False)):
        missing = MISSING.model_copy(update={"optional": by_run})
        manifest = a_manifest(config={}, status="partial", not_run=[missing])
        check = run_check(manifest, MEASURED, {"u"}, None)
        said = list(_on_run(decided(check, optional=optional), manifest, MEASURED))
        assert bool(said) is (not optional and not by_run)
    interrupted = a_manifest(config={}, status="partial", interrupted=True)
    (said,) = _on_run(decided(), interrupted, MEASURED)
    assert said.endswith(f"status partial: interrupted: finish it with audit run --resume {interrupted.run_id}")


def test_the_registered_policy_is_judged_where_there_is_one() -> None:
    said = "it does not judge its policy by the one that was registered before the run"
    before = RegisteredPolicy(name="p.yaml", sha256="s", registered=COMPLETE.started)
    registered = COMPLETE.model_copy(update={"policy": before})
    (check,) = registered_checks(registered, "p.yaml", "s")
    assert list(_on_registered(decided(check, *BOTH), registered)) == []
    assert list(_on_registered(decided(*BOTH), COMPLETE)) == []
    assert list(_on_registered(decided(*BOTH), registered)) == [said]
    assert list(_on_registered(decided(check), COMPLETE)) == [said]
    assert list(_on_registered(decided(check, policy_sha256="t"), registered)) == [said]
    (other,) = registered_checks(registered, "q.yaml", "t")
    named: dict[str, str] = {"policy": "q.yaml", "policy_sha256": "t"}
    assert list(_on_registered(decided(other, **named), registered)) == []
    assert list(_on_registered(decided(other, policy_sha256="t"), registered)) == [said]


def test_the_budget_is_judged_where_there_is_one() -> None:
    said = "it does not judge what the run cost by its budget"
    budget = GateBudget(wall_time=None, tokens=5)
    (check,) = budget_checks(budget, COMPLETE)
    assert list(_on_budget(decided(*BOTH), COMPLETE)) == []
    assert list(_on_budget(decided(check, *BOTH, budget=budget), COMPLETE)) == []
    assert list(_on_budget(decided(*BOTH, budget=budget), COMPLETE)) == [said]
    assert list(_on_budget(decided(check), COMPLETE)) == [said]
    nothing = GateBudget(wall_time=None, tokens=None)
    assert list(_on_budget(decided(budget=nothing), COMPLETE)) == ["no policy can have its budget"]


def test_a_rule_is_left_out_on_an_optional_task_that_left_no_metric() -> None:
    said = "it leaves out u/b, which is measured or not optional"
    assert list(_left_out(decided(not_judged=[LEFT_OUT]), MEASURED)) == []
    assert list(_left_out(decided(not_judged=[LEFT_OUT], optional=["t"]), MEASURED)) == [said]
    there = Measured([METRIC.model_copy(update={"task": "u"})])
    assert list(_left_out(decided(not_judged=[LEFT_OUT]), there)) == [said]
    without_rule = LEFT_OUT.model_copy(update={"rule": None})
    assert list(_left_out(decided(not_judged=[without_rule], optional=[]), there)) == []
    of_another = LEFT_OUT.model_copy(update={"metric": "uu/b"})
    assert list(_left_out(decided(not_judged=[of_another]), MEASURED)) == [said.replace("u/b", "uu/b")]


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[Any, ...]]]:
    """What each part of the examination is given; each finds a fault."""
    found: dict[str, list[tuple[Any, ...]]] = {}

    def record(name: str) -> Any:
        def faults(*given: Any) -> Iterator[str]:
            found.setdefault(name, []).append(given)
            yield name

        return faults

    parts = ("_on_run", "_left_out", "_on_registered", "_on_budget", "waiver_faults", "_in_check", "_judged_otherwise")
    for name in parts:
        monkeypatch.setattr(decisions, name, record(name))
    monkeypatch.setattr(decisions, "Measured", list)
    return found


def test_each_check_is_examined_with_its_metric(handed_on: dict[str, list[tuple[Any, ...]]]) -> None:
    looked_at = on(a_rule(min=0.3)).model_copy(update={"sequential": SimpleNamespace()})
    on_part = on(a_rule(slice=PART.slice, min=0.3), PART)
    on_waiver = ON_RUN.model_copy(update={"metric": f"{PREFIX}W-1", "rule": RULE})
    names = ("run/status", "policy/registered", "policy/budget")
    own = [*(ON_RUN.model_copy(update={"metric": name}) for name in names), on_waiver]
    rules = [*BOTH, on_part, looked_at, nothing_judged()]
    decision, metrics = decided(*own, *rules, verdict="INCONCLUSIVE"), [METRIC, PART, METRIC, UNSCORED]
    said = list(_in_checks(decision, COMPLETE, metrics))
    assert said == [
        "_on_run", "_left_out", "_on_registered", "_on_budget", "waiver_faults", *["_in_check"] * 5,
        "_judged_otherwise",
    ]  # fmt: skip
    with_metric = [(BOTH[0], METRIC), (BOTH[1], None), (on_part, PART), (looked_at, METRIC), (nothing_judged(), None)]
    assert handed_on == {
        "_on_run": [(decision, COMPLETE, metrics)],
        "_left_out": [(decision, metrics)],
        "_on_registered": [(decision, COMPLETE)],
        "_on_budget": [(decision, COMPLETE)],
        "waiver_faults": [(decision, rules[:4], COMPLETE)],
        "_in_check": with_metric,
        "_judged_otherwise": [(decision, [*with_metric[:3], with_metric[4]], metrics)],
    }


def test_a_verdict_follows_from_its_checks_and_rests_on_a_rule(handed_on: dict[str, list[tuple[Any, ...]]]) -> None:
    fails = BOTH[0].model_copy(update={"verdict": "FAIL"})
    said = list(_in_checks(decided(ON_RUN, fails, verdict="PASS"), COMPLETE, []))
    assert said[0] == "its verdict does not follow from its checks"
    assert said[1] == "_on_run"
    said = list(_in_checks(decided(ON_RUN, fails, verdict="FAIL"), COMPLETE, []))
    assert said[0] == "_on_run"
    warns = fails.model_copy(update={"severity": "warn"})
    assert next(_in_checks(decided(ON_RUN, warns, verdict="PASS"), COMPLETE, [])) == "_on_run"
    assert "it judges no rule" in list(_in_checks(decided(ON_RUN, verdict="PASS"), COMPLETE, []))
    assert RUN_CHECK not in {given[0].metric for given in handed_on["_in_check"]}
