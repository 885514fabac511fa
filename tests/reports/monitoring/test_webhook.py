"""Verdicts that are posted: body, signature, retries, and what is never shown."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import AuditError, ConfigError
from audit.core.records import RunReference
from audit.core.records.comparison import MetricDifference
from audit.core.records.decision import BaselineComparison
from audit.reports.monitoring import webhook
from audit.reports.monitoring.webhook import Webhook, body_of, configured, post
from tests.reports.conftest import a_manifest
from tests.reports.exports.conftest import a_check, a_decision
from tests.reports.monitoring.receiver import receiver

if TYPE_CHECKING:
    from pathlib import Path

FAIL = frozenset({"FAIL"})


def quick(url: str, secret: str | None = None) -> Webhook:
    return Webhook(url, FAIL, secret, first_pause=0.001)


def test_the_body_names_what_failed_with_values_and_bounds_and_no_reason(tmp_path: Path) -> None:
    difference = MetricDifference(
        name="boolq/f1", suite="evals", task="boolq", unit="share", difference=-0.1, ci_low=-0.2, ci_high=-0.05
    )
    failed = a_check("boolq/accuracy", "FAIL", minimum=0.7, reason="SECRET words of a model")
    open_ = a_check("boolq/f1", "INCONCLUSIVE", kind="no_worse", margin=0.02, minimum=None,
                    baseline=BaselineComparison(confidence=0.95, difference=difference))  # fmt: skip
    waived = a_check("boolq/x", "FAIL", severity="warn")
    decision = a_decision(failed, open_, waived, a_check("boolq/y"))
    card = tmp_path / "index.html"
    body = body_of(decision, a_manifest(), 10, card)
    assert body["card"] is None
    card.touch()
    body = body_of(decision, a_manifest(), 10, card)
    assert "SECRET" not in json.dumps(body)
    assert (body["event"], body["verdict"], body["exit_code"]) == ("audit.verdict", "FAIL", 10)
    assert (body["run"], body["model"], body["digest"]) == (decision.run_id, "tiny-chat", "a" * 64)
    assert (body["card"], body["baseline"]) == (str(card.resolve()), None)
    first, second = body["rules"]
    assert (first["metric"], first["verdict"], first["value"], first["minimum"]) == ("boolq/accuracy", "FAIL", 0.6, 0.7)
    assert (first["ci_low"], first["ci_high"], first["maximum"], first["difference"]) == (0.55, 0.65, None, None)
    assert (second["kind"], second["margin"]) == ("no_worse", 0.02)
    assert (second["difference"], second["difference_ci_low"], second["difference_ci_high"]) == (-0.1, -0.2, -0.05)


def test_the_baseline_is_named_and_a_run_that_goes_on_has_no_end(tmp_path: Path) -> None:
    reference = RunReference(
        run_id="before",
        model="released",
        model_digest="d" * 64,
        dtype="float32",
        quantization=None,
        metrics_sha256="e" * 64,
    )
    decision = a_decision(a_check(verdict="FAIL"), baseline=reference)
    body = body_of(decision, a_manifest(finished=None, status="running"), 10, tmp_path / "none")
    assert (body["baseline"], body["finished"], body["status"]) == ("before", None, "running")


def test_the_signature_is_that_of_the_bytes_that_arrive() -> None:
    with receiver() as server:
        post(quick(f"{server.url}/hook?token=SECRET", "the secret"), {"verdict": "FAIL", "model": "é"})
    (posted,) = server.posted
    assert posted.path == "/hook?token=SECRET"
    assert json.loads(posted.body) == {"verdict": "FAIL", "model": "é"}
    signed = hmac.new(b"the secret", posted.body, hashlib.sha256).hexdigest()
    assert posted.headers["x-hub-signature-256"] == f"sha256={signed}"
    assert posted.headers["content-type"] == "application/json"


def test_without_a_secret_there_is_no_signature_and_a_user_is_sent_as_such() -> None:
    with receiver() as server:
        post(quick(server.url.replace("//", "//user:password@")), {})
    (posted,) = server.posted
    assert "x-hub-signature-256" not in posted.headers
    assert posted.headers["authorization"].startswith("Basic ")


def test_a_busy_server_is_tried_again_with_the_same_delivery() -> None:
    with receiver() as server:
        server.statuses = [503, 429, 500]
        post(quick(server.url), {})
    assert len(server.posted) == 4
    assert len({one.headers["x-audit-delivery"] for one in server.posted}) == 1


@pytest.mark.parametrize(("status", "calls"), [(404, 1), (302, 1), (500, 4)])
def test_what_is_not_delivered_is_one_line_without_the_secret_parts(status: int, calls: int, logged: list[str]) -> None:
    with receiver() as server:
        server.statuses = [status] * 4
        with pytest.raises(AuditError) as caught:
            post(quick(f"{server.url.replace('//', '//u:SECRET@')}/SECRET?x=SECRET"), {})
    assert str(caught.value) == f"{server.url}: the verdict was not delivered: HTTP status {status}"
    assert len(server.posted) == calls
    assert [line for line in logged if "SECRET" in line] == []
    assert not logging.getLogger("httpx2").disabled


@pytest.mark.slow
def test_a_silent_server_and_one_that_is_not_there_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 0.05)
    with receiver() as server:
        server.wait = 5
        with pytest.raises(AuditError, match=r"not delivered: no answer within 0\.05 seconds$"):
            post(quick(server.url), {})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(AuditError, match=r"not delivered: ConnectError: .*refused"):
            post(quick(f"http://127.0.0.1:{taken.getsockname()[1]}/SECRET"), {})


def test_an_address_that_the_client_does_not_take_is_one_line() -> None:
    with pytest.raises(AuditError, match=r"^http://a\.\.b: the verdict was not delivered: its address cannot be used$"):
        post(quick("http://a..b/SECRET"), {})


def test_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(webhook.SECRET_VARIABLE, "key")
    hook = configured("https://h:8/SECRET", "fail, Inconclusive")
    assert hook == replace(quick("https://h:8/SECRET", "key"), on=frozenset({"FAIL", "INCONCLUSIVE"}), first_pause=0.5)
    assert hook is not None
    assert hook.shown == "https://h:8"
    assert "SECRET" not in repr(hook)
    assert "key" not in repr(hook)
    assert configured(None, "fail") is None


def test_an_empty_secret_and_unknown_verdicts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for on in ("fails", "", "fail,"):
        with pytest.raises(ConfigError, match=r"^--webhook-on .*: write verdicts, separated by commas"):
            configured(None, on)
    monkeypatch.setenv(webhook.SECRET_VARIABLE, "")
    with pytest.raises(ConfigError, match=r"^AUDIT_WEBHOOK_SECRET is empty"):
        configured("http://h", "fail")
