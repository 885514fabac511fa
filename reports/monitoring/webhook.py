"""A verdict posted to a web address.

The body has names, numbers and bounds alone: no text of checkpoints or data sets, and none of the reasons, which may
quote what a library said. With a secret, the header ``X-Hub-Signature-256`` signs the body as GitHub's webhooks do:
HMAC-SHA256 (RFC 2104) in hexadecimal digits after ``sha256=``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

import httpx2
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_exponential

from audit.core.errors import AuditError, ConfigError
from audit.core.records.decision import Verdict
from audit.core.text import printable
from audit.reports.monitoring import web_address

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Decision, GateCheck, RunManifest

OPTION = "--webhook"
SECRET_VARIABLE = "AUDIT_WEBHOOK_SECRET"  # noqa: S105 - a name
VERSION = 1
"""Of the body."""
SECONDS = 10.0
"""Time limit of one try."""
TRIES = 4
AGAIN = {408, 425, 429}
"""Statuses below 500 that a further try may resolve."""


@dataclass(frozen=True)
class Webhook:
    """Where verdicts are posted to, and which."""

    url: str = field(repr=False)
    """The address; any part of it may be secret."""
    on: frozenset[str]
    """Verdicts that are posted."""
    secret: str | None = field(default=None, repr=False)
    """Key of the signature; None sends none."""
    first_pause: float = 0.5
    """Seconds before the second try; doubled before each further one."""

    @property
    def shown(self) -> str:
        """The part of the address that may be printed."""
        return web_address.shown(web_address.read(self.url, OPTION))


def configured(url: str | None, on: str) -> Webhook | None:
    """The webhook that was asked for; None without an address.

    Args:
        url: The address.
        on: Verdicts, separated by commas: ``fail,inconclusive``.

    Raises:
        ConfigError: Address, verdicts or secret cannot be used.
    """
    verdicts = frozenset(word.strip().upper() for word in on.split(","))
    if not verdicts <= {*get_args(Verdict)}:
        msg = f"--webhook-on {printable(on, 80)}: write verdicts, separated by commas: fail, inconclusive, pass"
        raise ConfigError(msg)
    if url is None:
        return None
    web_address.read(url, OPTION)
    secret = os.environ.get(SECRET_VARIABLE)
    if secret == "":
        msg = f"{SECRET_VARIABLE} is empty: set the secret, or remove the variable to send no signature"
        raise ConfigError(msg)
    return Webhook(url, verdicts, secret)


def body_of(decision: Decision, manifest: RunManifest, code: int, card: Path) -> dict[str, Any]:
    """What is posted about a verdict.

    Args:
        decision: The verdict.
        manifest: Of the judged run.
        code: Exit code of the gate.
        card: Where the report card is, if there is one.
    """
    return {
        "event": "audit.verdict",
        "version": VERSION,
        "verdict": decision.verdict,
        "exit_code": code,
        "run": printable(decision.run_id),
        "model": printable(manifest.model.name, 200),
        "digest": decision.model_digest,
        "status": manifest.status,
        "started": manifest.started.isoformat(),
        "finished": manifest.finished.isoformat() if manifest.finished else None,
        "policy": printable(decision.policy, 200),
        "policy_sha256": decision.policy_sha256,
        "metrics_sha256": decision.metrics_sha256,
        "baseline": printable(decision.baseline.run_id) if decision.baseline else None,
        "rules": [_rule(check) for check in decision.checks if check.blocking != "PASS"],
        "card": str(card.resolve()) if card.is_file() else None,
    }


def _rule(check: GateCheck) -> dict[str, Any]:
    """A rule that keeps the checkpoint from passing: value, interval and bounds."""
    compared = check.baseline.difference if check.baseline else None
    return {
        "metric": printable(check.metric, 200),
        "rule": printable(check.rule, 200),
        "kind": check.kind,
        "verdict": check.verdict,
        "value": check.value,
        "ci_low": check.ci_low,
        "ci_high": check.ci_high,
        "unit": check.unit,
        "minimum": check.minimum,
        "maximum": check.maximum,
        "margin": check.margin,
        "relative": check.relative,
        "difference": compared.difference if compared else None,
        "difference_ci_low": compared.ci_low if compared else None,
        "difference_ci_high": compared.ci_high if compared else None,
    }


def post(hook: Webhook, body: dict[str, Any]) -> None:
    """Post a verdict, with retries where the server is busy or does not answer. Redirects are not followed.

    Raises:
        AuditError: It was not delivered. The message has no more of the address than scheme, host and port.
    """
    content = json.dumps(body, ensure_ascii=True, allow_nan=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "checkpoint-audit",
        "X-Audit-Delivery": hashlib.sha256(content).hexdigest()[:32],
    }
    if hook.secret is not None:
        signed = hmac.new(hook.secret.encode("utf-8", "surrogateescape"), content, hashlib.sha256)
        headers["X-Hub-Signature-256"] = f"sha256={signed.hexdigest()}"
    retrying = Retrying(
        stop=stop_after_attempt(TRIES),
        wait=wait_exponential(hook.first_pause, min=hook.first_pause),
        retry=retry_if_result(lambda fault: fault is not None and fault[1]),
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
    with httpx2.Client(timeout=SECONDS, follow_redirects=False) as client:
        fault = retrying(_post_once, client, hook.url, content, headers)
    if fault is not None:
        msg = f"{hook.shown}: the verdict was not delivered: {fault[0]}"
        raise AuditError(msg)


def _post_once(client: httpx2.Client, url: str, content: bytes, headers: dict[str, str]) -> tuple[str, bool] | None:
    """One try: None where it was taken, else why not, and whether another try may help."""
    logger = logging.getLogger("httpx2")  # it logs whole addresses
    before, logger.disabled = logger.disabled, True
    try:
        with client.stream("POST", url, content=content, headers=headers) as reply:
            status = reply.status_code
    except httpx2.TimeoutException:
        return f"no answer within {SECONDS:g} seconds", True
    except httpx2.TransportError as error:
        return f"{type(error).__name__}: {printable(str(error), 200)}", True
    except (httpx2.InvalidURL, ValueError):  # a UnicodeError of the name of a host is one
        return "its address cannot be used", False
    finally:
        logger.disabled = before
    if 200 <= status < 300:
        return None
    return f"HTTP status {status}", status in AGAIN or status >= 500
