"""The webhook of a verdict: its options, and how it is posted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli.console import aside

if TYPE_CHECKING:
    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder
    from audit.reports.monitoring.webhook import Webhook

WebhookAddress = Annotated[
    str | None,
    typer.Option(
        "--webhook",
        metavar="URL",
        envvar="AUDIT_WEBHOOK",
        help="Also post the verdict as JSON to this address; signed with AUDIT_WEBHOOK_SECRET, if that is set.",
    ),
]
WebhookVerdicts = Annotated[
    str, typer.Option("--webhook-on", help="Verdicts that --webhook posts: fail, inconclusive, pass.")
]
ON = "fail"


def announce(hook: Webhook | None, folder: RunFolder, decision: Decision, code: int) -> None:
    """Post a verdict, where it is one of those asked for; what is not delivered is one line, and changes nothing.

    Args:
        hook: Where to; None for nowhere.
        folder: The judged run.
        decision: Its verdict.
        code: Exit code of the gate.
    """
    if hook is not None and decision.verdict in hook.on:
        aside("no webhook", lambda: _post(hook, folder, decision, code))


def configured(url: str | None, on: str) -> Webhook | None:
    """The webhook that was asked for; None for none.

    Raises:
        ConfigError: Address, verdicts or secret cannot be used.
    """
    if url is None and on == ON:
        return None
    from audit.reports.monitoring import webhook  # noqa: PLC0415 - the client of HTTP takes a while to import

    return webhook.configured(url, on)


def _post(hook: Webhook, folder: RunFolder, decision: Decision, code: int) -> None:
    from audit.reports.monitoring import webhook  # noqa: PLC0415 - see above

    webhook.post(hook, webhook.body_of(decision, folder.read_manifest(), code, folder.report_path))
