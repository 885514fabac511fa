"""``audit gate --webhook``: a verdict that is posted, and one that cannot be."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

import pytest

from audit.reports.monitoring import webhook
from tests.cli.commands.test_gate import CODES, policy_for
from tests.reports.monitoring.receiver import receiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

    Audit = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("verdict", CODES)
@pytest.mark.parametrize(
    ("on", "posted"), [((), {"FAIL"}), (("--webhook-on", "fail,inconclusive"), {"FAIL", "INCONCLUSIVE"})]
)
def test_the_verdicts_that_were_asked_for_are_posted(
    audit: Audit,
    finished: RunFolder,
    verdict: str,
    on: tuple[str, ...],
    posted: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(webhook.SECRET_VARIABLE, "key")
    with receiver() as server:
        words = ["gate", finished.path, "--policy", policy_for(verdict, finished), "--webhook", f"{server.url}/hook"]
        code, _, said = audit(*words, *on)
    assert code == CODES[verdict]
    assert "webhook" not in said
    assert len(server.posted) == (verdict in posted)
    for one in server.posted:
        body = json.loads(one.body)
        assert (body["verdict"], body["exit_code"], body["run"]) == (verdict, code, finished.run_id)
        assert body["card"] == str(finished.report_path.resolve())
        assert "crows_pairs/pct_stereotype" in [rule["metric"] for rule in body["rules"]]
        signed = hmac.new(b"key", one.body, hashlib.sha256).hexdigest()
        assert one.headers["x-hub-signature-256"] == f"sha256={signed}"


@pytest.mark.parametrize("flags", [(), ("-v",)])
def test_what_is_not_delivered_is_a_line_and_the_verdict_stands(
    audit: Audit, finished: RunFolder, flags: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiver() as server:
        server.statuses = [404]
        monkeypatch.setenv("AUDIT_WEBHOOK", f"{server.url.replace('//', '//u:SECRET@')}/SECRET")
        code, shown, said = audit("gate", finished.path, "--policy", policy_for("FAIL", finished), *flags)
    assert (code, len(server.posted)) == (10, 1)
    assert f"no webhook: {server.url}: the verdict was not delivered: HTTP status 404\n" in said
    assert "SECRET" not in said + shown
    decision = finished.read_decision()
    assert decision is not None
    assert decision.verdict == "FAIL"
    assert [file for file in finished.path.rglob("*") if file.is_file() and b"SECRET" in file.read_bytes()] == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--webhook", "SECRET"), "error: --webhook: not the address of a server: "),
        (("--webhook-on", "never"), "error: --webhook-on never: write verdicts, "),
    ],
)
def test_a_slip_is_said_before_anything_is_judged(
    audit: Audit, finished: RunFolder, words: tuple[str, str], fault: str
) -> None:
    code, _, said = audit("gate", finished.path, *words)
    assert code == 2
    assert said.startswith(fault)
    assert "SECRET" not in said
    assert finished.read_decision() is None
