"""Which checks waivers take effect on, which waivers take none, and what a stored decision may claim of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ExitCode
from audit.core.records import GateCheck, NotRun
from audit.gate import decisions
from audit.gate.decide import RUN_CHECK, decide, exit_code, verdict_line
from audit.gate.metrics_file import read_metrics
from audit.gate.waivers.judging import Waived, expired, fault_lines, is_on_waiver, waive, waiver_faults
from tests.gate.conftest import make_policy
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.records import Decision, Verdict
    from audit.core.run_folder import RunFolder
    from audit.gate.waivers.waiver_file import WaiverFile

__all__ = ["make_policy"]

TODAY = date(2026, 2, 10)
FAILS = {"metric": "boolq/accuracy", "min": 0.8}
OPEN = {"metric": "boolq/accuracy", "min": 0.6}
PASSES = {"metric": "boolq/accuracy", "min": 0.3}
"""On a metric with the interval 0.5 to 0.7."""

pytestmark = pytest.mark.usefixtures("_without_samples")


@pytest.fixture
def run(make_run: Callable[..., RunFolder], records: dict[str, Callable[..., Any]]) -> RunFolder:
    return made(make_run, records)


def made(make_run: Callable[..., RunFolder], records: dict[str, Callable[..., Any]], **manifest: Any) -> RunFolder:
    """A run of one task; without samples, its numbers are believed."""
    count = records["unscored"](unscored=0.0).model_copy(update={"n": 100})
    given = {"config": {"evals": {"tasks": [{"name": "boolq"}]}}, **manifest}
    return make_run([records["metric"](definition={"name": "mean"}), count], **given)


@pytest.fixture
def judge(run: RunFolder, make_policy: Callable[..., Any], make_waivers: Callable[..., Any]) -> Callable[..., Decision]:
    """Decides with waivers, each the one of conftest with changes."""

    def decided(rule: dict[str, Any], *changes: dict[str, Any], today: date = TODAY) -> Decision:
        return decide(run, make_policy(rule), waivers=make_waivers(*changes), today=today)

    return decided


@pytest.mark.parametrize(("rule", "verdict"), [(FAILS, "FAIL"), (OPEN, "INCONCLUSIVE")])
def test_a_waived_check_keeps_its_verdict_and_does_not_block(
    judge: Callable[..., Decision], rule: dict[str, Any], verdict: str
) -> None:
    decision = judge(rule, {})
    check = decision.checks[1]
    assert (check.verdict, check.waived_by, check.blocking) == (verdict, "W-1", "PASS")
    assert (decision.verdict, exit_code(decision)) == ("PASS", ExitCode.DONE)
    assert verdict_line(decision) == "1 of 2 checks waived, 1 pass"
    text = decision.waiver_text(check)
    assert text == ("waived by W-1 until 2026-03-01 UTC, approved by Grace Hopper: The old checkpoint is no better.")
    assert (decision.waiver_file, decision.judged_for) == ("waivers.yaml", TODAY)


@pytest.mark.parametrize(
    ("rule", "change", "today", "reason"),
    [
        (FAILS, {}, date(2026, 3, 2), "expired on 2026-03-01 (UTC): renew it with a new approval, or remove it"),
        (FAILS, {}, date(2026, 1, 31), "not in force before 2026-02-01 (UTC), when it is granted"),
        (PASSES, {}, TODAY, "unused: boolq/accuracy passes without it: remove it"),
        (FAILS, {"rule": "boolq/acuracy"}, TODAY, "unused: no rule that was judged is on boolq/acuracy"),
        (FAILS, {"rule": RUN_CHECK}, TODAY, "only rules can be waived"),
        (FAILS, {"rule": "policy/budget"}, TODAY, "only rules can be waived"),
        (FAILS, {"slice": {"topic": "science"}}, TODAY, "is on boolq/accuracy [topic=science]"),
        (FAILS, {"rule": "boolq/*"}, TODAY, "is on boolq/*"),
        (FAILS, {"rule": "../../etc/passwd"}, TODAY, "unused: no rule"),
        (FAILS, {"scope": {"model": "other"}}, TODAY, "unused: it is good for checkpoint other, not for tiny-chat"),
        (FAILS, {"scope": {"model": "tiny-chat", "digest": "0" * 64}}, TODAY, f"for checkpoint {'0' * 64}, not"),
        (FAILS, {"scope": {"run": "20260131"}}, TODAY, "good for run 20260131, not for 20260131T120000Z-"),
        (FAILS, {"scope": {"model": "tiny-chat", "policy": "f" * 64}}, TODAY, f"good for policy {'f' * 64}, not"),
        (FAILS, {"approver": " ADA\u2003lovelace"}, TODAY, "self-approved: owner Ada Lovelace"),
        (FAILS, {"approver": "Gr\u0430ce"}, TODAY, "possibly self-approved: the name Gr\u0430ce mixes letters"),
    ],
)
def test_a_waiver_without_effect_fails_and_says_why(
    judge: Callable[..., Decision], rule: dict[str, Any], change: dict[str, Any], today: date, reason: str
) -> None:
    decision = judge(rule, change, today=today)
    assert (decision.verdict, exit_code(decision)) == ("FAIL", ExitCode.WAIVER)
    assert all(check.waived_by is None for check in decision.checks)
    assert (decision.checks[-1].metric, decision.checks[-1].verdict) == ("waiver/W-1", "FAIL")
    assert reason in decision.checks[-1].reason
    (line,) = fault_lines(decision)
    assert line == f"waiver W-1: {decision.checks[-1].reason}"
    assert "\n" not in line


@pytest.mark.parametrize(("day", "code"), [(date(2026, 2, 1), 0), (date(2026, 3, 1), 0), (date(2026, 3, 2), 14)])
def test_the_first_and_the_last_day_are_included(judge: Callable[..., Decision], day: date, code: int) -> None:
    assert exit_code(judge(FAILS, {}, today=day)) == code


def test_of_two_waivers_on_one_rule_the_second_is_unused(judge: Callable[..., Decision]) -> None:
    decision = judge(FAILS, {}, {"id": "W-2"})
    assert fault_lines(decision) == ["waiver W-2: unused: waiver W-1 covers boolq/accuracy already: remove one of them"]
    assert decision.checks[1].waived_by == "W-1"


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        ({"status": "partial", "interrupted": True}, ExitCode.INCOMPLETE),
        (
            {"status": "partial", "not_run": [NotRun(suite="evals", task="asdiv", reason="no data")]},
            ExitCode.INCOMPLETE,
        ),
        ({"status": "failed", "broken": "it computes NaN"}, ExitCode.FAIL),
    ],
)
def test_the_run_itself_cannot_be_waived(
    make_run: Callable[..., RunFolder],
    records: dict[str, Callable[..., Any]],
    make_policy: Callable[..., Any],
    make_waivers: Callable[..., Any],
    manifest: dict[str, Any],
    code: int,
) -> None:
    run = made(make_run, records, **manifest)
    decision = decide(run, make_policy(FAILS), waivers=make_waivers({}), today=TODAY)
    assert decision.checks[1].waived_by == "W-1"
    assert (decision.verdict == "PASS", exit_code(decision)) == (False, code)


def why_not(run: RunFolder, decision: Decision, today: date | None = None) -> str | None:
    """Why a decision in the folder is not shown."""
    run.write_decision(decision)
    manifest = run.read_manifest()
    return decisions.current(run, manifest, *read_metrics(run, manifest), today=today)[1]


def test_the_decision_is_shown_until_its_waiver_expires(run: RunFolder, judge: Callable[..., Decision]) -> None:
    decision = judge(FAILS, {})
    assert why_not(run, decision) is None
    assert why_not(run, decision, date(2026, 3, 1)) is None
    over = "it rests on waiver W-1, which expired on 2026-03-01 (UTC)"
    assert why_not(run, decision, date(2026, 3, 2)) == over
    assert expired(decision, date(2026, 3, 2)) == over


def test_a_decision_for_a_day_to_come_is_not_shown(run: RunFolder, judge: Callable[..., Decision]) -> None:
    """Its waiver is not in force yet, whatever day the file says that it was judged for."""
    decision = judge(FAILS, {"granted": "2026-03-01", "expires": "2026-03-10"}, today=date(2026, 3, 5))
    assert decision.verdict == "PASS"
    said = "its waivers are judged for 2026-03-05 (UTC), a day to come"
    assert why_not(run, decision, TODAY) == said
    assert why_not(run, decision, date(2026, 3, 5)) is None


@pytest.mark.parametrize("change", [{"expires": "2026-02-05"}, {"rule": "boolq/f1"}, {"approver": "ada lovelace"}])
def test_a_decision_with_a_faulty_waiver_is_one_that_the_gate_reaches(
    run: RunFolder, judge: Callable[..., Decision], change: dict[str, Any]
) -> None:
    assert why_not(run, judge(FAILS, change)) is None


def edits(decision: Decision) -> dict[str, dict[str, Any]]:
    """Ways to edit a decision of one waived check so that it says more than it may."""
    check, waiver = decision.checks[1], decision.waivers[0]
    longer = waiver.model_copy(update={"expires": waiver.granted + timedelta(days=90)})

    def having(**changes: Any) -> dict[str, Any]:
        return {"waivers": [waiver.model_copy(update=changes)]}

    return {
        "no waiver": {"waivers": []},
        "another waiver": having(id="W-2"),
        "no file": {"waiver_file": None},
        "no digest": {"waivers_sha256": None},
        "no day": {"judged_for": None},
        "expired on the day": {"judged_for": date(2026, 3, 2)},
        "granted after the day": {"judged_for": date(2026, 1, 31)},
        "of another rule": having(rule="boolq/f1"),
        "of another checkpoint": having(scope=waiver.scope.model_copy(update={"model": "other"})),
        "self-approved": having(approver="ADA lovelace"),
        "with a fault": having(fault="expired"),
        "twice": {"waivers": [longer, longer]},
        "the run waived": {
            "checks": [decision.checks[0].model_copy(update={"waived_by": "W-1"}), check],
        },
    }


@pytest.mark.parametrize(
    "name",
    [
        "no waiver",
        "another waiver",
        "no file",
        "no digest",
        "no day",
        "expired on the day",
        "granted after the day",
        "of another rule",
        "of another checkpoint",
        "self-approved",
        "with a fault",
        "twice",
        "the run waived",
    ],
)
def test_a_decision_that_claims_too_much_is_not_shown(
    run: RunFolder, judge: Callable[..., Decision], name: str
) -> None:
    decision = judge(FAILS, {})
    every = edits(decision)
    assert why_not(run, decision.model_copy(update=every[name])), name


def test_a_check_that_blocks_cannot_be_called_waived(run: RunFolder, judge: Callable[..., Decision]) -> None:
    """A failed check gets the id of a waiver that is on another rule."""
    decision = judge(FAILS, {"rule": "boolq/f1"})
    checks = [decision.checks[0], decision.checks[1].model_copy(update={"waived_by": "W-1"})]
    claimed = decision.model_copy(update={"checks": checks, "verdict": "PASS"})
    assert why_not(run, claimed) == "the gate does not waive what it waives"


def test_the_day_is_that_of_the_clock_where_none_is_given(
    run: RunFolder, make_policy: Callable[..., Any], make_waivers: Callable[..., Any]
) -> None:
    today = datetime.now(UTC).date()
    days = {"granted": str(today), "expires": str(today + timedelta(days=1))}
    decision = decide(run, make_policy(FAILS), waivers=make_waivers(days))
    assert decision.judged_for in {today, today + timedelta(days=1)}
    assert decision.verdict == "PASS"


def test_without_waivers_there_is_no_day(run: RunFolder, make_policy: Callable[..., Any]) -> None:
    decision = decide(run, make_policy(FAILS), today=TODAY)
    assert (decision.judged_for, decision.waivers_sha256, decision.waivers) == (None, None, [])


POLICY = "e" * 64


def a_check(metric: str, verdict: Verdict, **fields: Any) -> GateCheck:
    nothing = dict.fromkeys(("minimum", "maximum", "max_unscored", "value", "ci_low", "ci_high"))
    return GateCheck(**{"metric": metric, "rule": "min 0.6", "verdict": verdict, "reason": "", **nothing, **fields})


def outcome(checks: list[GateCheck], file: WaiverFile | None, today: date | None = TODAY) -> Waived:
    return waive(checks, file, today, a_manifest(), POLICY)


def test_a_waiver_takes_effect_on_every_check_of_its_rule_that_blocks_and_on_no_other(
    make_waivers: Callable[..., WaiverFile],
) -> None:
    """Rules on one metric with and without a slice are two rules."""
    checks = [
        a_check("boolq/f1", "FAIL"),
        a_check("boolq/accuracy", "FAIL"),
        a_check("boolq/accuracy", "PASS"),
        a_check("boolq/accuracy", "FAIL", severity="warn"),
        a_check("boolq/accuracy", "INCONCLUSIVE"),
        a_check("boolq/accuracy [topic=art]", "FAIL"),
        a_check("boolq/accuracy [topic=sport]", "FAIL"),
    ]
    slices = {"id": "W-2", "slice": {"topic": "sport"}}
    found = outcome(checks, make_waivers({}, slices))
    assert [check.waived_by for check in found.checks] == [None, "W-1", None, None, "W-1", None, "W-2"]
    assert [check.model_copy(update={"waived_by": None}) for check in found.checks] == checks
    assert (found.faults, [(one.id, one.fault) for one in found.judged]) == ([], [("W-1", None), ("W-2", None)])
    for file, today in ((None, TODAY), (make_waivers({}), None)):
        assert outcome(checks, file, today) == Waived(checks, [], [])


@pytest.mark.parametrize(
    ("checks", "fault"),
    [
        (
            [a_check("boolq/length", "FAIL"), a_check("boolq/acuracy", "FAIL")],
            (
                "unused: no rule that was judged is on boolq/accuracy, and only rules can be waived. Did you mean "
                "'boolq/acuracy'?"
            ),
        ),
        (
            [a_check("boolq/length", "FAIL"), a_check("boolq/accuracy", "PASS"), a_check("boolq/f1", "FAIL")],
            "unused: boolq/accuracy passes without it: remove it",
        ),
        (
            [a_check("boolq/accuracy", "PASS"), a_check("boolq/accuracy", "FAIL", severity="warn")],
            "unused: boolq/accuracy is of severity warn, and does not block: remove it",
        ),
    ],
)
def test_a_waiver_that_is_not_needed_is_a_failed_check(
    checks: list[GateCheck], fault: str, make_waivers: Callable[..., WaiverFile]
) -> None:
    found = outcome(checks, make_waivers({}))
    assert (found.checks, [one.fault for one in found.judged]) == (checks, [fault])
    assert found.faults == [a_check("waiver/W-1", "FAIL", rule="in force and used", reason=fault)]


def test_a_rule_is_covered_already_by_a_waiver_on_itself_alone(make_waivers: Callable[..., WaiverFile]) -> None:
    """Whichever of its checks needs one; a waiver on another rule covers nothing."""
    checks = [a_check("boolq/f1", "FAIL"), a_check("boolq/accuracy", "PASS"), a_check("boolq/accuracy", "FAIL")]
    on_f1 = {"id": "W-0", "rule": "boolq/f1"}
    found = outcome(checks, make_waivers(on_f1, {}, {"id": "W-2"}))
    covered = "unused: waiver W-1 covers boolq/accuracy already: remove one of them"
    assert [one.fault for one in found.judged] == [None, None, covered]
    passes = outcome(checks[:2], make_waivers(on_f1, {}))
    assert [one.fault for one in passes.judged] == [None, "unused: boolq/accuracy passes without it: remove it"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"approver": "Ada.Lovelace"}, "self-approved: owner Ada Lovelace and approver Ada.Lovelace are one person"),
        (
            {"owner": "Gr\u0430ce", "approver": "\u0410da"},
            "possibly self-approved: the name Gr\u0430ce mixes letters of alphabets that look alike",
        ),
        ({"scope": {"model": "tiny-chat", "policy": POLICY}}, None),
        ({"scope": {"run": "other"}}, f"unused: it is good for run other, not for {a_manifest().run_id}"),
        (
            {"scope": {"model": "tiny-chat", "digest": "f" * 64, "policy": "0" * 64}},
            f"unused: it is good for checkpoint {'f' * 64}, not for {a_manifest().model.digest}",
        ),
    ],
)
def test_what_is_wrong_first_is_said(
    change: dict[str, Any], fault: str | None, make_waivers: Callable[..., WaiverFile]
) -> None:
    (judged,) = outcome([a_check("boolq/accuracy", "FAIL")], make_waivers(change)).judged
    assert judged.fault == fault


def test_a_check_on_a_waiver_is_known_by_its_name_and_its_rule() -> None:
    """A task could be called ``waiver``."""
    assert is_on_waiver(a_check("waiver/W-1", "FAIL", rule="in force and used"))
    assert not is_on_waiver(a_check("waiver/W-1", "FAIL"))
    assert not is_on_waiver(a_check("boolq/waiver/W-1", "FAIL", rule="in force and used"))


def test_the_first_waiver_in_effect_that_has_expired_is_named(judge: Callable[..., Decision]) -> None:
    decision = judge(FAILS, {"id": "W-0", "rule": "boolq/f1"}, {}, {"id": "W-2"})
    assert expired(decision, date(2026, 3, 2)) == "it rests on waiver W-1, which expired on 2026-03-01 (UTC)"
    assert expired(decision, date(2026, 3, 1)) is None
    unused = judge(FAILS, {"rule": "boolq/f1"})
    assert expired(unused, date(2026, 3, 2)) is None
    without = decision.model_copy(update={"judged_for": None, "waivers": []})
    assert expired(without, date(2026, 3, 2)) is None


def test_why_a_stored_decision_cannot_have_its_waivers(judge: Callable[..., Decision], run: RunFolder) -> None:
    decision, manifest = judge(FAILS, {}), run.read_manifest()
    lost = "it has waivers, but not their file, its digest and the day that they were judged for"
    waived, judged = "the gate does not waive what it waives", "its waivers are not judged as the gate judges them"
    status, check = decision.checks
    plain = check.model_copy(update={"waived_by": None})
    nothing = {"waiver_file": None, "waivers_sha256": None, "judged_for": None}
    extra = a_check("waiver/W-1", "FAIL", rule="in force and used")
    for changes, faults in [
        ({}, []),
        ({**nothing, "waivers": [], "checks": [status, plain]}, []),
        (nothing, [lost]),
        ({**nothing, "waivers": []}, [lost]),
        ({**nothing, "checks": [status, plain]}, [lost]),
        ({"waiver_file": None, "waivers": [], "checks": [status, plain]}, [lost]),
        ({"judged_for": None}, [lost]),
        ({"waivers_sha256": None}, [lost]),
        ({"waivers_sha256": None, "waivers": [], "checks": [status, plain]}, [lost]),
        ({"checks": [status, plain]}, [waived]),
        ({"checks": [status.model_copy(update={"waived_by": "W-1"}), check]}, [waived]),
        ({"waivers": [decision.waivers[0].model_copy(update={"fault": "x"})]}, [judged]),
        ({"checks": [status, check, extra]}, [judged]),
        ({"waivers": []}, [waived]),
        ({"judged_for": date(2026, 3, 2)}, [waived, judged]),
    ]:
        edited = decision.model_copy(update=changes)
        assert list(waiver_faults(edited, [edited.checks[1]], manifest)) == faults
    scoped = judge(FAILS, {"scope": {"model": "tiny-chat", "policy": decision.policy_sha256}})
    assert (scoped.verdict, list(waiver_faults(scoped, [scoped.checks[1]], manifest))) == ("PASS", [])
