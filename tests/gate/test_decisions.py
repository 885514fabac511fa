"""A decision.json that was edited is not shown; one that the gate wrote is, whatever it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.core.errors import RunFolderError
from audit.core.records import NotRun
from audit.gate.decide import decide, overall
from audit.gate.decisions import current
from audit.gate.metrics_file import read_metrics
from audit.gate.policy import load_policy
from audit.reports import contents
from audit.stats.recount import Recount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Decision, Metric
    from audit.core.run_folder import RunFolder

Records = dict[str, "Callable[..., Any]"]
ASKED = {"evals": {"tasks": [{"name": "boolq"}, {"name": "openbookqa"}]}}
MISSING = NotRun(suite="evals", task="openbookqa", reason="no data")
ON_BOOLQ = {"metric": "boolq/accuracy", "min": 0.3}
ON_OPENBOOKQA = {"metric": "openbookqa/accuracy", "min": 0.25}
HOLM = "0.300 to 0.490 violates the rule on its own, but the policy has rules on 3 slices: Holm-adjusted p = 0.1: more"
COVERAGE = "its interval covers 95%, the policy asks for 99%"


class Case:
    """A run of boolq (0.5 to 0.7 of 100 items) and a policy."""

    def __init__(self, tmp_path: Path, make_run: Callable[..., RunFolder], records: Records) -> None:
        self._file = tmp_path / "policy.yaml"
        self._make_run = make_run
        self._records = records

    def decided(
        self,
        *rules: dict[str, Any],
        policy: dict[str, Any] | None = None,
        unscored: float = 0.0,
        more: tuple[Metric, ...] = (),
        accuracy: dict[str, Any] | None = None,
        **manifest: Any,
    ) -> tuple[RunFolder, Decision]:
        """The run, and what the gate decides."""
        self._file.write_text(yaml.safe_dump({**(policy or {}), "rules": list(rules or [ON_BOOLQ])}), "utf-8")
        mine = self._records["metric"](definition={"name": "mean"}, **(accuracy or {}))
        count = self._records["unscored"](unscored=unscored).model_copy(update={"n": 100 + int(unscored)})
        run = self._make_run([mine, count, *more], **manifest)
        return run, decide(run, load_policy(self._file))


@pytest.fixture(autouse=True)
def _without_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """No samples lie in these folders, from which the gate would derive the metrics again."""
    monkeypatch.setattr(Recount, "check_task", lambda *_: None)


@pytest.fixture
def case(tmp_path: Path, make_run: Callable[..., RunFolder], records: Records) -> Case:
    return Case(tmp_path, make_run, records)


def shown(run: RunFolder, decision: Decision) -> tuple[bool, str]:
    """Whether the card shows a decision, and why not."""
    run.write_decision(decision)
    read = contents.read(run)
    return read.decision is not None, str(read.stale_reason)


def edited(decision: Decision, **checks: dict[str, Any]) -> Decision:
    """With other contents of some checks, ``c0`` the first, and the verdict that follows from them."""
    new = [check.model_copy(update=checks.get(f"c{index}", {})) for index, check in enumerate(decision.checks)]
    return decision.model_copy(update={"checks": new, "verdict": overall([check.verdict for check in new])})


def slices(records: Records) -> tuple[Metric, ...]:
    """Of three groups, one just below 0.5."""
    bad = records["metric"](slice={"g": "a"}, primary=False, value=0.395, ci_low=0.30, ci_high=0.49)
    return bad, *(records["metric"](slice={"g": name}, primary=False) for name in "bc")


def bounds(records: Records) -> tuple[Metric, ...]:
    """What cut answers leave open."""
    ends = {"if_cut_wrong": (0.2, 0.1, 0.3), "if_cut_right": (0.8, 0.7, 0.9)}
    return tuple(
        records["metric"](f"boolq/accuracy_{name}", primary=False, value=value, ci_low=low, ci_high=high)
        for name, (value, low, high) in ends.items()
    )


NO_INTERVAL = {"ci_low": None, "ci_high": None, "ci_method": None}
HONEST: dict[str, tuple[str, dict[str, Any]]] = {
    "it passes": ("PASS", {}),
    "it fails": ("FAIL", {"rules": [{**ON_BOOLQ, "min": 0.9}]}),
    "it spans": ("INCONCLUSIVE", {"rules": [{**ON_BOOLQ, "min": 0.6}]}),
    "many digits": ("PASS", {"rules": [{**ON_BOOLQ, "min": 0.4999999999, "max": 0.7000000001}]}),
    "a bare count": ("PASS", {"rules": [{"metric": "boolq/unscored", "max": 3}], "unscored": 3.0}),
    "unscored": ("INCONCLUSIVE", {"unscored": 2.0}),
    "unscored, tolerated": ("PASS", {"unscored": 2.0, "policy": {"max_unscored": 0.1}}),
    "unscored, tolerated in vain": ("INCONCLUSIVE", {"unscored": 80.0, "policy": {"max_unscored": 0.5}}),
    "coverage": ("INCONCLUSIVE", {"policy": {"confidence": 0.99}}),
    "no interval": ("INCONCLUSIVE", {"accuracy": NO_INTERVAL}),
    "optional": ("PASS", {"policy": {"optional": ["openbookqa"]}, "not_run": [MISSING]}),
    "optional, with a rule": (
        "PASS",
        {"policy": {"optional": ["openbookqa"]}, "not_run": [MISSING], "rules": [ON_BOOLQ, ON_OPENBOOKQA]},
    ),
    "optional, nothing else": (
        "INCONCLUSIVE",
        {"policy": {"optional": ["openbookqa"]}, "not_run": [MISSING], "rules": [ON_OPENBOOKQA]},
    ),
    "not run": ("INCONCLUSIVE", {"not_run": [MISSING], "rules": [ON_BOOLQ, ON_OPENBOOKQA]}),
    "interrupted": ("INCONCLUSIVE", {"status": "partial", "interrupted": True}),
    "broken": ("FAIL", {"status": "failed", "broken": "it computes NaN"}),
}


@pytest.mark.parametrize("name", HONEST)
def test_what_the_gate_wrote_is_shown(name: str, case: Case) -> None:
    verdict, given = HONEST[name]
    changes = {"status": "partial", "config": ASKED} if "not_run" in given else {}
    rules = given.get("rules", [])
    run, decision = case.decided(*rules, **{**changes, **{key: one for key, one in given.items() if key != "rules"}})
    assert decision.verdict == verdict
    assert shown(run, decision) == (True, "None")


def test_violations_that_slices_soften_are_shown(case: Case, records: Records) -> None:
    parts = slices(records)
    rules = [{"metric": "boolq/accuracy", "slice": part.slice, "min": 0.5} for part in parts]
    run, decision = case.decided(*rules, more=parts)
    assert (decision.checks[1].verdict, "Holm-adjusted" in decision.checks[1].reason) == ("INCONCLUSIVE", True)
    assert shown(run, decision) == (True, "None")
    seen, why = shown(run, edited(decision, c1={"verdict": "FAIL"}))
    assert (seen, why.endswith("for which min 0.5 gives INCONCLUSIVE")) == (False, True)
    fewer = decision.model_copy(update={"checks": decision.checks[:2]})
    assert shown(run, fewer) == (
        False,
        "it finds INCONCLUSIVE for boolq/accuracy [g=a], for which min 0.5 gives FAIL",
    )


def test_what_cut_answers_leave_open_is_shown_and_does_not_pass(case: Case, records: Records) -> None:
    run, decision = case.decided({**ON_BOOLQ, "min": 0.4}, more=bounds(records))
    assert decision.checks[1].verdict == "INCONCLUSIVE"
    assert shown(run, decision) == (True, "None")
    assert shown(run, edited(decision, c1={"verdict": "PASS"})) == (
        False,
        "it passes boolq/accuracy, which min 0.4 does not allow",
    )


PASS, OPEN = {"verdict": "PASS"}, {"verdict": "INCONCLUSIVE"}
ON_RUN: dict[str, tuple[dict[str, Any], str]] = {
    "not run": ({"status": "partial", "not_run": [MISSING]}, "status partial: 1 not run, first openbookqa"),
    "interrupted": ({"status": "partial", "interrupted": True}, "status partial: interrupted"),
    "failed": ({"status": "failed"}, "status failed"),
    "broken": ({"status": "failed", "broken": "it computes NaN"}, "which is FAIL: status failed: it computes NaN"),
}


@pytest.mark.parametrize(("name", "verdict"), [*((name, "PASS") for name in ON_RUN), ("broken", "INCONCLUSIVE")])
def test_a_run_that_is_not_complete_does_not_pass_by_hand(name: str, verdict: str, case: Case) -> None:
    manifest, reason = ON_RUN[name]
    run, decision = case.decided(config=ASKED if name == "not run" else {}, **manifest)
    seen, why = shown(run, edited(decision, c0={"verdict": verdict}))
    assert not seen
    assert f"it finds the run {verdict}" in why
    assert reason in why


def test_a_verdict_on_no_rule_is_not_shown(case: Case) -> None:
    run, decision = case.decided()
    bare = decision.model_copy(update={"checks": decision.checks[:1]})
    assert shown(run, bare) == (False, "it judges no rule")


EDITS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a failure softened": (
        {"min": 0.9},
        OPEN,
        "it finds INCONCLUSIVE for boolq/accuracy, for which min 0.9 gives FAIL",
    ),
    "softened in words of slices": ({"min": 0.9}, {**OPEN, "reason": HOLM}, "min 0.9 gives FAIL"),
    "a pass softened": ({"min": 0.3}, OPEN, "min 0.3 gives PASS"),
    "a violation passes": ({"min": 0.9}, PASS, "it passes boolq/accuracy, which min 0.9 does not allow"),
    "an open rule passes": ({"min": 0.6}, PASS, "it passes boolq/accuracy, which min 0.6 does not allow"),
    "an open rule fails": ({"min": 0.6}, {"verdict": "FAIL"}, "min 0.6 gives INCONCLUSIVE"),
    "loosened in words": ({"min": 0.9}, {**PASS, "rule": "min 0.1"}, "min 0.1 on boolq/accuracy is not a rule"),
    "loosened in its limit": ({"min": 0.9}, {**PASS, "minimum": 0.1}, "min 0.9 on boolq/accuracy is not a rule"),
    "loosened alone": ({"min": 0.9}, {"rule": "min 0.1", "minimum": 0.1}, "for which min 0.1 gives PASS"),
    "loosened by a bit": ({"min": 0.5000001}, PASS, "which min 0.5000001 does not allow"),
    "loosened beyond its unit": (
        {"min": 0.9},
        {**PASS, "rule": "min 0", "minimum": 0.0},
        "min 0 on boolq/accuracy can never fail",
    ),
    "no rule": ({"min": 0.9}, {**PASS, "rule": ""}, " on boolq/accuracy is not a rule"),
    "no limit": ({"min": 0.9}, {**PASS, "rule": "", "minimum": None}, " on boolq/accuracy is not a rule"),
    "above its maximum": (
        {"min": 0.9},
        {**PASS, "rule": "min 0.9, max 0.5", "maximum": 0.5},
        "min 0.9, max 0.5 on boolq/accuracy is not a rule",
    ),
    "another unit": ({"min": 0.3}, {"unit": "percent"}, "its value of boolq/accuracy is not the one that was measured"),
    "another direction": ({"min": 0.3}, {"higher_is_better": False}, "is not the one that was measured"),
    "a pass for another reason": (
        {"min": 0.3},
        {"reason": "0.800 to 0.900 satisfies the rule"},
        "its reason on boolq/accuracy is not the gate's: 0.500 to 0.700 satisfies the rule",
    ),
    "a failure with a remark": ({"min": 0.9}, {"reason": "0.500 to 0.700 violates the rule, as agreed"}, "the gate's"),
    "an open rule for another reason": ({"min": 0.6}, {"reason": "nearly passes"}, "0.500 to 0.700 spans the limit"),
    "every sample may be unscored": ({"min": 0.3}, {"max_unscored": 1.0}, "min 0.3 on boolq/accuracy is not a rule"),
    "other words": ({"min": 0.9}, {**PASS, "rule": "min 0.10"}, "min 0.10 on boolq/accuracy is not a rule"),
    "more than a number": (
        {"min": 0.9},
        {**PASS, "rule": "min -inf"},
        "min -inf on boolq/accuracy is not a rule",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_check_says_what_its_rule_makes_of_the_interval(name: str, case: Case) -> None:
    rule, edit, reason = EDITS[name]
    run, decision = case.decided({"metric": "boolq/accuracy", **rule})
    seen, why = shown(run, edited(decision, c1=edit))
    assert not seen
    assert reason in why


def test_a_share_without_an_interval_does_not_pass_by_hand(case: Case) -> None:
    run, decision = case.decided(accuracy=NO_INTERVAL)
    for verdict in ("PASS", "FAIL"):
        assert not shown(run, edited(decision, c1={"verdict": verdict}))[0]


def test_unscored_samples_do_not_pass_by_hand(case: Case) -> None:
    run, decision = case.decided(unscored=2.0)
    reason = "0.500 to 0.700 satisfies the rule"
    assert not shown(run, edited(decision, c1={**PASS, "reason": reason}))[0]


def test_what_was_not_measured_does_not_fail_or_pass_by_hand(case: Case) -> None:
    run, decision = case.decided(ON_BOOLQ, ON_OPENBOOKQA)
    for verdict in ("PASS", "FAIL"):
        seen, why = shown(run, edited(decision, c2={"verdict": verdict}))
        assert (seen, why) == (False, f"it finds {verdict} for openbookqa/accuracy, which was not measured")


@pytest.fixture
def stored(make_run: Callable[..., RunFolder], records: Records, tmp_path: Path) -> Callable[..., str | None]:
    """Why a decision that was changed is not shown; None where it is, ``absent`` where the folder holds none."""
    file = tmp_path / "policy.yaml"
    file.write_text("rules: [{metric: boolq/accuracy, min: 0.4}]")
    run = make_run([records["metric"](), records["unscored"]()])

    def ask(text: str | None = None, **changes: Any) -> str | None:
        if text is not None:
            run.decision_path.write_text(text)
        elif changes:
            made = decide(run, load_policy(file))
            checks = [one.model_copy(update=changes.pop(one.metric, {})) for one in made.checks]
            run.write_decision(made.model_copy(update={"checks": checks, **changes}))
        manifest = run.read_manifest()
        found, why = current(run, manifest, *read_metrics(run, manifest))
        return why if found or why else "absent"

    return ask


def test_verdicts_that_were_made_up_are_not_shown(stored: Callable[..., str | None]) -> None:
    assert stored() == "absent"
    assert stored(warnings=[]) is None
    assert str(stored("{")).startswith("it cannot be read")
    assert stored(run_id="other") == "it was reached on another run, other"
    assert stored(model_digest="f" * 64) == f"it was reached on another checkpoint, {'f' * 16}"
    assert stored(metrics_sha256="0") == "it was reached on other metrics than these"
    assert stored(verdict="FAIL") == "its verdict does not follow from its checks"
    assert stored(confidence=0.99) == "it passes boolq/accuracy, which min 0.4 does not allow"
    wrong = {"run/status": {"reason": "status partial"}}
    assert stored(**wrong) == "it does not judge the run as it is, status complete"
    value = {"boolq/accuracy": {"value": 0.9}}
    assert stored(**value) == "its value of boolq/accuracy is not the one that was measured"
    nobody = "no policy can ask for what its policy asks for"
    assert stored(confidence=2.0) == f"{nobody}: coverage 2, unscored samples 0"
    assert stored(max_unscored=1.0) == f"{nobody}: coverage 0.95, unscored samples 1"
    rule = {"boolq/accuracy": {"rule": "at least 0.4"}}
    assert stored(**rule) == "at least 0.4 on boolq/accuracy is not a rule"


def test_a_rule_that_is_left_out_is_on_an_optional_task_that_did_not_run(case: Case) -> None:
    policy = {"optional": ["openbookqa"]}
    run, decision = case.decided(
        ON_BOOLQ, ON_OPENBOOKQA, policy=policy, status="partial", not_run=[MISSING], config=ASKED
    )
    (left,) = decision.not_judged
    for edit in ({"task": "piqa"}, {"metric": "boolq/accuracy"}, {"task": "boolq", "metric": "boolq/accuracy"}):
        faked = decision.model_copy(update={"not_judged": [left.model_copy(update=edit)]})
        seen, why = shown(run, faked)
        metric = edit.get("metric", left.metric)
        assert (seen, why) == (False, f"it leaves out {metric}, which is measured or not optional")
    assert not shown(run, decision.model_copy(update={"optional": []}))[0]


def test_an_optional_task_without_a_rule_may_leave_nothing(case: Case) -> None:
    """Neither the checks nor what was not judged name it."""
    run, decision = case.decided(policy={"optional": ["openbookqa"]}, config=ASKED)
    assert (decision.verdict, decision.optional, decision.not_judged) == ("PASS", ["openbookqa"], [])
    assert shown(run, decision) == (True, "None")
    seen, why = shown(run, decision.model_copy(update={"optional": []}))
    assert (seen, "1 left no metric, first openbookqa" in why) == (False, True)


def test_a_reason_may_name_the_place_where_the_run_was(case: Case) -> None:
    run, decision = case.decided(status="partial", interrupted=True)
    there = "status partial: interrupted: finish it with audit run --resume /another/place"
    assert shown(run, edited(decision, c0={"reason": there})) == (True, "None")
    other = "status partial: it ended early: finish it with audit run --resume /another/place"
    assert not shown(run, edited(decision, c0={"reason": other}))[0]


def test_a_file_with_missing_or_unknown_fields_is_not_read(stored: Callable[..., str | None], tmp_path: Path) -> None:
    assert stored(warnings=[]) is None
    written = json.loads(next(tmp_path.rglob("decision.json")).read_text("utf-8"))
    for name in ("confidence", "max_unscored", "optional"):
        assert name in str(stored(json.dumps({key: one for key, one in written.items() if key != name})))
    lost = [{key: one for key, one in check.items() if key != "minimum"} for check in written["checks"]]
    assert "minimum" in str(stored(json.dumps({**written, "checks": lost})))
    for changes in ({"not_judged": ["boolq/accuracy"]}, {"tolerance": 1}):
        why = str(stored(json.dumps({**written, **changes})))
        assert why.startswith("it cannot be read")
        assert "\n" not in why


def test_the_shipped_policy_is_judged_again(full_run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: Any) -> Decision:
        raise RunFolderError("gone")

    made = decide(full_run, load_policy())
    manifest = full_run.read_manifest()
    known = read_metrics(full_run, manifest)
    full_run.write_decision(made)
    assert current(full_run, manifest, *known) == (made, None)
    with monkeypatch.context() as patch:
        patch.setattr("audit.gate.decisions.decide", lost)
        assert current(full_run, manifest, *known) == (None, "the gate cannot reach it again: gone")
    full_run.write_decision(made.model_copy(update={"checks": made.checks[:-1]}))
    _, why = current(full_run, manifest, *known)
    assert why == "the gate reaches INCONCLUSIVE under the same policy, with other checks"


@pytest.mark.parametrize("end", ["ci_low", "ci_high"])
def test_each_end_of_the_interval_is_the_one_that_was_measured(end: str, case: Case) -> None:
    run, decision = case.decided()
    seen, reason = shown(run, edited(decision, c1={end: 0.65}))
    assert not seen
    assert "its value of boolq/accuracy is not the one that was measured" in reason
