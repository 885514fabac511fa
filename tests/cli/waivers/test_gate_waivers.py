"""``audit gate --waivers`` and ``audit verify --waivers``: what is waived is shown in words wherever a verdict is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.gate.signing import envelope
from audit.gate.signing.statement import Statement
from tests.cli.commands.test_gate import policy_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

    Audit = Callable[..., tuple[int, str, str]]

TODAY = datetime.now(UTC).date()


def waivers(run: RunFolder, **changes: Any) -> Path:
    """A file of one waiver on the rule of :func:`policy_for`."""
    waiver = {
        "id": "REL-7",
        "rule": "crows_pairs/pct_stereotype",
        "scope": {"digest": run.read_manifest().model.digest},
        "reason": "The data set is being replaced.",
        "owner": "Ada",
        "approver": "Grace",
        "granted": str(TODAY - timedelta(days=1)),
        "expires": str(TODAY + timedelta(days=30)),
    }
    file = run.path.parent / "waivers.yaml"
    file.write_text(yaml.safe_dump({"waivers": [waiver | changes]}), "utf-8")
    return file


@pytest.mark.slow
def test_a_waived_rule_is_shown_in_table_summary_card_statement_and_by_verify(
    audit: Audit, finished: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert audit("keys", "make", "--out", tmp_path / "release.key")[0] == 0
    monkeypatch.setenv("AUDIT_SIGNING_KEY", str(tmp_path / "release.key"))
    file, policy, summary = waivers(finished), policy_for("FAIL", finished), tmp_path / "summary.md"
    code, shown, error = audit("gate", finished.path, "--policy", policy, "--waivers", file, "--summary", summary)
    until = TODAY + timedelta(days=30)
    assert code == 0, error
    assert shown.splitlines()[-1] == "PASS: 1 of 2 checks waived, 1 pass (policy FAIL.yaml)"
    words = f"waived by REL-7 until {until} UTC, approved by Grace: The data set is being replaced."
    assert words in " ".join(shown.split())
    plain = summary.read_text().replace("\\", "")
    assert "❌ FAIL, waived" in plain
    assert words in plain
    assert f"<strong>Waived</strong> {words.removeprefix('waived ')}" in finished.report_path.read_text()
    _signed(finished)
    public = ("--key", tmp_path / "release.pub")
    code, shown, _ = audit("verify", finished.path, *public, "--policy", policy, "--waivers", file, "--recompute")
    assert code == 0, shown
    waivers(finished, reason="Another one.")
    code, shown, _ = audit("verify", finished.path, *public, "--waivers", file)
    assert code == 12
    assert "decision.json: it was made with other waivers" in shown


def _signed(run: RunFolder) -> None:
    """The statement names the file's digest, and says that the PASS rests on a waiver."""
    decision = run.read_decision()
    assert decision is not None
    path = run.path / envelope.NAME
    statement = envelope.parsed(path, envelope.payload_of(path, envelope.read(path)), Statement)
    given = {one.name: one.digest["sha256"] for one in statement.predicate.configuration}
    assert given["waivers waivers.yaml"] == decision.waivers_sha256
    assert statement.predicate.result == "WARNED"
    assert statement.predicate.failedTests == []
    assert statement.predicate.warnedTests[0].startswith("crows_pairs/pct_stereotype max ")


FAULTS = [
    ("FAIL", {"expires": str(TODAY - timedelta(days=1))}, "expired on"),
    ("FAIL", {"approver": "ADA"}, "self-approved"),
    ("PASS", {}, "unused: crows_pairs/pct_stereotype passes without it"),
    ("FAIL", {"rule": "crows_pairs/pct_stereotip"}, "Did you mean 'crows_pairs/pct_stereotype'?"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("verdict", "changes", "reason"), FAULTS)
def test_a_waiver_without_effect_is_one_line_and_exit_code_14(
    audit: Audit, finished: RunFolder, verdict: str, changes: dict[str, Any], reason: str
) -> None:
    policy, file = policy_for(verdict, finished), waivers(finished, **changes)
    code, shown, error = audit("gate", finished.path, "--policy", policy, "--waivers", file)
    assert code == 14, shown + error
    (line,) = [line for line in error.splitlines() if line.startswith("waiver ")]
    assert line.startswith("waiver REL-7: ")
    assert reason in line
    assert "a waiver has no effect (exit code 14)" in shown.splitlines()[-1]
    decision = finished.read_decision()
    assert decision is not None
    assert decision.verdict == "FAIL"
    assert audit("verify", finished.path)[0] == 0


def test_a_broken_file_is_one_line_and_nothing_is_decided(audit: Audit, finished: RunFolder) -> None:
    file = waivers(finished, id="../../etc/passwd")
    code, shown, error = audit("gate", finished.path, "--waivers", file)
    assert (code, shown) == (2, "")
    assert len(error.splitlines()) == 1
    assert finished.read_decision() is None


def test_an_expired_waiver_is_said_by_report_and_verify(
    audit: Audit, finished: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same folder, looked at after the last day."""
    from audit.gate.signing import verify
    from audit.reports import contents

    assert (
        audit("gate", finished.path, "--policy", policy_for("FAIL", finished), "--waivers", waivers(finished))[0] == 0
    )

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(days=31)

    for module in (verify, contents):
        monkeypatch.setattr(module, "datetime", Later)
    read = contents.read(finished)
    assert read.decision is None
    assert str(read.stale_reason).startswith("it rests on waiver REL-7, which expired on ")
    code, shown, _ = audit("verify", finished.path)
    assert code == 0, shown
    assert "the decision no longer holds: it rests on waiver REL-7" in " ".join(shown.split())
