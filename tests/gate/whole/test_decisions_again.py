"""What is handed on when a decision is made again, and what is said of what cannot be made again."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError, RunFolderError
from audit.core.records import Decision, JudgedWaiver, WaiverScope
from audit.gate import decisions
from audit.gate.decisions import NO_POLICY, _beyond_ranges, _decided_otherwise, current, unchecked
from audit.gate.policy import PolicyFile
from audit.gate.waivers.waiver_file import recorded
from tests.gate.rules.test_again_numbers import METRIC, REFERENCE
from tests.gate.whole.test_decisions_of_rules import BOTH, POLICY, RULES, a_rule, decided, on
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN: Any = SimpleNamespace(path="run")
BASE: Any = SimpleNamespace(path="base")
FILE = PolicyFile("p.yaml", "p.yaml", "s", POLICY)
DAY = date(2026, 2, 10)
WAIVER = JudgedWaiver(
    id="W-1", rule="t/a", owner="Ada", approver="Grace", reason="Known.", granted=date(2026, 2, 1),
    expires=date(2026, 3, 1), scope=WaiverScope(model="tiny"), fault=None,
)  # fmt: skip
WAIVED: dict[str, Any] = {"waiver_file": "w.yaml", "waivers_sha256": "w", "judged_for": DAY, "waivers": [WAIVER]}


def on_baseline(*checks: Any, **changes: Any) -> Decision:
    return decided(*checks, baseline=REFERENCE, **changes)


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy is at hand."""
    monkeypatch.setattr(decisions, "policy_of", lambda run, _: FILE if run is RUN else None)


@pytest.mark.usefixtures("policy")
def test_the_gate_decides_again_on_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy, its tasks, the baseline, the waivers and their day, and the ratings that the decision keeps."""
    given: list[tuple[Any, ...]] = []

    def decide(*arguments: Any) -> Decision:
        given.append(arguments)
        return decided(*BOTH)

    monkeypatch.setattr(decisions, "decide", decide)
    monkeypatch.setattr(decisions.RatedOutputs, "of_decision", lambda _: "ratings")
    monkeypatch.setattr(decisions.again, "folder_of", lambda run, _, base: base if run is RUN else None)
    plain, other = decided(*BOTH, **WAIVED), on_baseline(*BOTH, **WAIVED)
    assert _decided_otherwise(RUN, plain, BASE, None) is None
    assert _decided_otherwise(RUN, other, BASE, None) is None
    same = (RUN, FILE, {"t", "u"})
    assert given == [
        (*same, None, recorded(plain), DAY, "ratings", None),
        (*same, BASE, recorded(other), DAY, "ratings", None),
    ]
    fails = decided(*BOTH, verdict="FAIL")
    said = "the gate reaches PASS under the same policy, with other checks"
    assert _decided_otherwise(RUN, fails, None, None) == said


def test_without_its_policy_nothing_is_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "policy_of", lambda *_: None)
    assert _decided_otherwise(RUN, decided(), None, None) is None

    def broken(*_: Any) -> None:
        raise ConfigError("it is another policy")

    monkeypatch.setattr(decisions, "policy_of", broken)
    assert _decided_otherwise(RUN, decided(), None, None) == "it is another policy"


@pytest.mark.usefixtures("policy")
def test_without_the_baseline_the_rules_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions.again, "folder_of", lambda *_: None)
    assert _decided_otherwise(RUN, on_baseline(*BOTH), None, None) is None
    said = _decided_otherwise(RUN, on_baseline(BOTH[0]), None, None)
    assert said == "it does not judge better than the baseline on u/b, a rule of its policy"


def test_what_was_not_checked_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Any] = {"policy": FILE, "baseline": None}
    asked: list[Any] = []
    decision = decided()
    monkeypatch.setattr(decisions, "policy_of", lambda *given: (asked.append(given), found["policy"])[1])
    monkeypatch.setattr(decisions.again, "not_recomputed", lambda *given: (asked.append(given), found["baseline"])[1])
    assert unchecked(RUN, decision, BASE) is None
    assert asked == [(RUN, decision), (RUN, decision, BASE)]
    found["baseline"] = "no baseline"
    assert unchecked(RUN, decision) == "no baseline"
    found["policy"] = None
    assert unchecked(RUN, decision) == f"{NO_POLICY}; no baseline"


ON_BETTER = on(a_rule(**RULES["better"]))
LOOKED_AT = a_manifest().model_copy(update={"looks": SimpleNamespace(tasks={"t": None})})


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the two judges of other checks are given; each finds a fault."""
    found: list[tuple[Any, ...]] = []

    def record(name: str) -> Any:
        def faults(*given: Any) -> Iterator[str]:
            found.append((name, *given))
            yield name

        return faults

    monkeypatch.setattr(decisions, "Measured", list)
    monkeypatch.setattr(decisions.again, "faults", record("fixed"))
    monkeypatch.setattr(decisions.sequential, "faults", record("looked at"))
    return found


def test_checks_that_are_more_than_a_range_are_made_again(handed_on: list[tuple[Any, ...]]) -> None:
    plain, manifest = decided(BOTH[0]), a_manifest()
    assert list(_beyond_ranges(RUN, plain, manifest, [METRIC], BASE)) == []
    decision = decided(BOTH[0], ON_BETTER)
    assert list(_beyond_ranges(RUN, decision, manifest, [METRIC], BASE)) == ["fixed"]
    named = on_baseline(BOTH[0])
    assert list(_beyond_ranges(RUN, named, manifest, [METRIC], BASE)) == ["fixed"]
    better = (ON_BETTER, a_rule(**RULES["better"]), METRIC)
    assert handed_on == [("fixed", RUN, decision, [better], [METRIC], BASE), ("fixed", RUN, named, [], [METRIC], BASE)]


def test_checks_on_tasks_that_were_looked_at_are_made_again(handed_on: list[tuple[Any, ...]]) -> None:
    both = decided(BOTH[0], ON_BETTER)
    assert list(_beyond_ranges(RUN, both, LOOKED_AT, [METRIC], BASE)) == ["fixed", "looked at"]
    rules = [a_rule(**RULES["range"]), a_rule(**RULES["better"])]
    checks = list(zip(both.checks, rules, [METRIC] * 2, strict=True))
    assert handed_on[1] == ("looked at", RUN, both, checks, rules, [METRIC], BASE)
    handed_on.clear()
    elsewhere = decided(BOTH[0], on(a_rule("v/a", min=0.3), None))
    assert list(_beyond_ranges(RUN, elsewhere, LOOKED_AT, [METRIC], None)) == ["looked at"]
    every = [a_rule(**RULES["range"]), a_rule("v/a", min=0.3)]
    assert handed_on == [("looked at", RUN, elsewhere, [(BOTH[0], every[0], METRIC)], every, [METRIC], None)]


def test_of_two_metrics_of_one_name_the_first_counts(handed_on: list[tuple[Any, ...]]) -> None:
    second = METRIC.model_copy(update={"value": 0.9})
    assert list(_beyond_ranges(RUN, decided(ON_BETTER), a_manifest(), [METRIC, second], None)) == ["fixed"]
    assert handed_on[0][3][0][2] is METRIC


@pytest.mark.parametrize("error", [RunFolderError("gone"), TypeError("gone"), ValueError("gone")])
def test_what_cannot_be_made_again_is_a_fault(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def faults(*_: Any) -> Iterator[str]:
        raise error

    monkeypatch.setattr(decisions.again, "faults", faults)
    said = list(_beyond_ranges(RUN, decided(ON_BETTER), a_manifest(), [METRIC], None))
    assert said == ["its checks cannot be made again: gone"]


def test_a_decision_is_shown_if_nothing_contradicts_it_in_the_order_of_what_is_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decision, manifest = decided(*BOTH, **WAIVED), a_manifest()
    run: Any = SimpleNamespace(read_decision=lambda: decision)
    faults: dict[str, Any] = {}
    monkeypatch.setattr(decisions, "_on_other_evidence", lambda *given: _one(faults, "evidence", given))
    monkeypatch.setattr(decisions, "_in_checks", lambda *given: _one(faults, "checks", given))
    monkeypatch.setattr(decisions, "_beyond_ranges", lambda *given: _one(faults, "beyond", given))
    monkeypatch.setattr(decisions, "_decided_otherwise", lambda *given: next(_one(faults, "decided", given), None))
    asked: tuple[Any, ...] = (run, manifest, [METRIC], "digest", BASE)
    assert current(*asked) == (decision, None)
    assert current(*asked, date(2026, 3, 1)) == (decision, None)
    over = "it rests on waiver W-1, which expired on 2026-03-01 (UTC)"
    assert current(*asked, date(2026, 3, 2)) == (None, over)
    given = {
        "evidence": (decision, manifest, "digest"),
        "checks": (decision, manifest, [METRIC]),
        "beyond": (run, decision, manifest, [METRIC], BASE),
        "decided": (run, decision, BASE, None),
    }
    for name in reversed(given):
        faults[name] = given[name]
        assert current(*asked, date(2026, 3, 2)) == (None, name)


def _one(faults: dict[str, Any], name: str, given: tuple[Any, ...]) -> Iterator[str]:
    """The fault of a part, if it has one; fails where it was asked about something else."""
    if name in faults:
        assert given == faults[name]
        yield name
