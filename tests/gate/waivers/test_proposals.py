"""Proposed waivers: two people, files that are made once, and what the gate makes of the result."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError, UsageError, WriteError
from audit.core.records import Decision
from audit.gate.waivers.proposals import (
    FOLDER,
    Proposal,
    _write_once,
    decide,
    drafted,
    propose,
    read_proposals,
    take_back,
    waivable,
)
from audit.gate.waivers.waiver_file import load_waivers, written
from tests.reports.conftest import a_manifest
from tests.reports.decision.test_rule_axis import a_check

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 2, 1, 23, 0, tzinfo=UTC)
POLICY = "b" * 64


def draft(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"reason": "Why not: *a*\n\x1b", "owner": "Ada Lovelace", "expires": date(2026, 3, 1)}
    return drafted(a_check(), None, a_manifest(), POLICY, **{**given, **changes})


def one(runs: Path) -> Proposal:
    (found,), faults = read_proposals(runs)
    assert faults == []
    return found


def test_a_second_person_approves_and_the_gate_reads_the_file(tmp_path: Path) -> None:
    propose(tmp_path, draft(), "Ada Lovelace", NOW)
    found = one(tmp_path)
    assert (found.state, found.proposal.by) == ("open", "Ada Lovelace")
    decide(tmp_path, found, by="Grace Hopper", approve=True, now=NOW + timedelta(hours=2))
    approved = one(tmp_path)
    waiver = approved.waiver()
    assert (approved.state, waiver.approver, waiver.granted) == ("approved", "Grace Hopper", date(2026, 2, 2))
    assert (waiver.rule, waiver.scope.policy, waiver.scope.digest) == (
        "boolq/accuracy", POLICY, a_manifest().model.digest,
    )  # fmt: skip
    file = tmp_path / "waivers.yaml"
    file.write_text(written([waiver, waiver.model_copy(update={"id": "W-2"})]), "utf-8")
    assert load_waivers(file).waivers == (waiver, waiver.model_copy(update={"id": "W-2"}))


@pytest.mark.parametrize(
    ("by", "owner", "reason"),
    [
        ("ada.lovelace", "Ada Lovelace", "proposed it"),
        ("Grace Hopper", "GRACE  HOPPER", "owns it"),
        ("Gr\u0430ce Hopper", "Ada Lovelace", "alphabets that look alike"),
    ],
)
def test_nobody_approves_alone(tmp_path: Path, by: str, owner: str, reason: str) -> None:
    propose(tmp_path, draft(owner=owner), "Ada Lovelace", NOW)
    with pytest.raises(UsageError, match=reason):
        decide(tmp_path, one(tmp_path), by=by, approve=True, now=NOW)
    assert one(tmp_path).state == "open"
    with pytest.raises(UsageError, match="who proposed it, can take it back"):
        take_back(tmp_path, one(tmp_path), by="ada.lovelace", now=NOW)
    take_back(tmp_path, one(tmp_path), by="ADA Lovelace ", now=NOW)
    assert one(tmp_path).state == "taken back"
    with pytest.raises(UsageError, match="somebody else has already decided it"):
        take_back(tmp_path, one(tmp_path), by="Ada Lovelace", now=NOW)


def test_the_first_answer_counts(tmp_path: Path) -> None:
    propose(tmp_path, draft(), "Ada", NOW)
    seen_by_both = one(tmp_path)
    decide(tmp_path, seen_by_both, by="Grace", approve=False, now=NOW)
    with pytest.raises(UsageError, match="somebody else has already decided it"):
        decide(tmp_path, seen_by_both, by="Edsger", approve=True, now=NOW)
    assert one(tmp_path).state == "declined"


@pytest.mark.parametrize(
    ("changes", "by", "message"),
    [
        ({"expires": date(2026, 6, 1)}, "Ada", "more than 90 days"),
        ({"expires": date(2026, 1, 1)}, "Ada", "is before granted"),
        ({"reason": " "}, "Ada", "must not be empty"),
        ({"owner": "--"}, "Ada", "must name a person"),
        ({}, " ", "must name a person"),
    ],
)
def test_what_could_not_be_approved_is_not_proposed(
    tmp_path: Path, changes: dict[str, Any], by: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        propose(tmp_path, draft(**changes), by, NOW)
    assert read_proposals(tmp_path) == ([], [])


def test_an_approval_holds_for_what_was_read_alone(tmp_path: Path) -> None:
    made = propose(tmp_path, draft(), "Ada", NOW)
    decide(tmp_path, one(tmp_path), by="Grace", approve=True, now=NOW)
    file = tmp_path / FOLDER / f"{made.id}.json"
    file.write_text(file.read_text().replace("2026-03-01", "2026-03-31"))
    found, (fault,) = read_proposals(tmp_path)
    assert found == []
    assert "about a proposal that was changed since" in fault


def test_files_made_by_hand_are_refused_with_a_line_each(tmp_path: Path) -> None:
    """An approval by the proposer, an id that is not the file's, text that is no JSON; other files are no proposals."""
    made = propose(tmp_path, draft(), "Ada", NOW)
    folder = tmp_path / FOLDER
    outcome = {"approved": True, "by": "ADA", "at": NOW.isoformat(), "proposal_sha256": made.sha256}
    (folder / f"{made.id}.outcome.json").write_text(json.dumps(outcome))
    (folder / "W-00000000.json").write_text((folder / f"{made.id}.json").read_text())
    (folder / "W-00000001.json").write_text("{")
    (folder / "notes.txt").write_text("x")
    found, faults = read_proposals(tmp_path)
    assert found == []
    assert len(faults) == 3
    for words in ("ADA proposed it", "of another waiver", "not valid JSON"):
        assert any(words in fault for fault in faults)


def test_rules_that_block_can_be_waived() -> None:
    bare = {"minimum": None, "maximum": None, "value": None, "ci_low": None, "ci_high": None, "unit": None}
    checks = [
        a_check(metric="run/status", rule="status complete", **bare),
        a_check(metric="waiver/W-1", rule="in force and used", verdict="FAIL", **bare),
        a_check(),
        a_check(metric="t/warns", severity="warn"),
        a_check(metric="t/passes", verdict="PASS"),
        a_check(metric="t/waived", waived_by="W-1"),
        a_check(metric="t/missing", **bare),
        a_check(metric="t/missing [a=b…]", **bare),
    ]
    decision = Decision(
        run_id="r", model_digest="0" * 64, policy="p", policy_sha256=POLICY, confidence=0.95, max_unscored=0.0,
        optional=[], metrics_sha256="2" * 64, verdict="FAIL", checks=checks,
    )  # fmt: skip
    assert [check.metric for check, _ in waivable(decision, [])] == ["boolq/accuracy", "t/missing"]


def test_a_checkpoint_without_files_is_known_by_its_run() -> None:
    bare = a_manifest()
    bare = bare.model_copy(update={"model": bare.model.model_copy(update={"files": []})})
    found = drafted(a_check(), None, bare, POLICY, reason="x", owner="Ada", expires=date(2026, 3, 1))
    assert found["scope"] == {"run": bare.run_id, "policy": POLICY}


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="cannot be written: its folder takes no new files"):
        _write_once(tmp_path / "gone" / "proposal.json", b"{}")
