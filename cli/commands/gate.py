"""``audit gate``: decides whether a run's checkpoint may ship."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column
from rich.text import Text

from audit.cli.advice.next_steps import Judging, after_gate, show
from audit.cli.commands.report import ratings_of
from audit.cli.console import JsonFlag, aside, err, finish_output, out, print_json, print_line
from audit.cli.options import RUNS, Runs
from audit.cli.results_table import TitledTable
from audit.cli.webhook import ON, WebhookAddress, WebhookVerdicts, announce, configured
from audit.core.errors import ConfigError, WriteError
from audit.core.filesystem import append_output, write_output
from audit.core.formatting import DIRECTION_KEY, number, unit_text
from audit.core.run_folder import RunFolder, refuse_evidence
from audit.core.text import printable
from audit.explain.methods.registry import METHODS
from audit.gate import decide as judge
from audit.gate.binding import kept_policy
from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.importers.opening.named_run import open_run
from audit.gate.policy import load_policy, shipped_policies
from audit.gate.rules.explaining import sentences
from audit.gate.signing import envelope, keyless, keys
from audit.gate.signing.sign import sign, signs_decision
from audit.gate.waivers.judging import fault_lines
from audit.gate.waivers.waiver_file import load_waivers
from audit.reports.comparison.titles import titles
from audit.reports.exports.comment import render_decision as render_comment
from audit.reports.exports.junit import render_decision as render_junit
from audit.reports.render import markdown
from audit.reports.render.baseline_text import baseline_lines, rule_text
from audit.reports.render.card_verdict import show_verdict
from audit.reports.render.limits import RESERVED, SUMMARY_BYTES
from audit.reports.render.verdict_text import verdict_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from sigstore.oidc import IdentityToken

    from audit.core.records import Decision, GateCheck
    from audit.gate.policy import PolicyFile

EXAMPLES = """\b
Examples:
  audit gate latest                                  the shipped policy
  audit gate latest --policy policy.yaml --summary "$GITHUB_STEP_SUMMARY"
  audit gate latest --policy policy.yaml --waivers waivers.yaml
  audit gate latest --policy quantised_twin --baseline runs/RELEASED
  audit gate results/new --baseline results/released     logs of lm-eval, Inspect, NeMo Evaluator, ...
  audit gate --explain policy.yaml                   the policy in plain sentences
  audit gate latest --junit junit.xml --comment comment.md     for a CI server and a pull request
  audit gate latest --webhook https://example.com/hook     posts a FAIL
  AUDIT_SIGNING_KEY=audit.key audit gate latest      signs the evidence, for audit verify

Exit codes: 0 PASS, 10 FAIL, 11 INCONCLUSIVE, 12 invalid evidence, 13 incomplete run or budget exceeded, 14 waiver
expired, unused or self-approved, 2 bad input.
"""
STYLES = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("gate", epilog=EXAMPLES)(gate)


def gate(  # noqa: PLR0913 - the options of a command
    run: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="Run folder, run id or 'latest'; or another tool's log, imported first."),
    ] = None,
    *,
    policy: Annotated[
        Path | None,
        typer.Option(
            help=f"YAML file of rules, or the name of a shipped policy: {', '.join(shipped_policies())}. "
            "Default: the policy named default.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Run or log that rules compare with, e.g. of the released checkpoint."),
    ] = None,
    waivers: Annotated[Path | None, typer.Option(help="YAML file of rules that may be broken for a while.")] = None,
    database: Annotated[
        str | None,
        typer.Option(
            help="Ratings that correct metrics, for rules that ask for it. Default: ratings.sqlite next to RUN."
        ),
    ] = None,
    explain: Annotated[
        Path | None, typer.Option(metavar="POLICY", help="Print a policy in plain sentences and judge nothing.")
    ] = None,
    summary: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also append the verdict as Markdown to this file.")
    ] = None,
    junit: Annotated[str | None, typer.Option(metavar="FILE", help="Also write the verdict as JUnit XML.")] = None,
    comment: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also write the verdict as a pull-request comment.")
    ] = None,
    sigstore: Annotated[
        bool, typer.Option("--sigstore", help="Sign with the identity of the CI job, by Sigstore; needs the network.")
    ] = False,
    webhook: WebhookAddress = None,
    webhook_on: WebhookVerdicts = ON,
    runs: Runs = RUNS,
    as_json: JsonFlag = False,
) -> int:
    """Judge a run against a policy: PASS, FAIL or INCONCLUSIVE.

    Writes decision.json into the run folder and shows the verdict in its report card. Signs the evidence if
    AUDIT_SIGNING_KEY is a private key, or the path of one.
    """
    if explain is not None:
        out.print(Text("\n".join(sentences(load_policy(explain)))), soft_wrap=True)
        return 0
    if run is None:
        msg = "RUN is missing: give a run folder, a run id or 'latest', or a policy with --explain"
        raise ConfigError(msg)
    rules = load_policy(policy)  # and the next ones before a log is imported, which makes a run folder
    waived = load_waivers(waivers) if waivers else None
    rated = _ratings(database)
    hook = configured(webhook, webhook_on)
    folder = open_run(run, runs, print_line)
    other = open_run(baseline, runs, print_line) if baseline else None
    outputs = [
        (one, path)
        for one, given in zip(OUTPUTS, (summary, junit, comment), strict=True)
        if (path := _output_file(folder, one, given))
    ]
    _refuse_overlap(outputs, {"--policy": policy, "--waivers": waivers})
    key = keys.signing_key()
    token = keyless.ambient_token() if sigstore else None
    decision = judge.decide(folder, rules, METHODS, other, waived, ratings=rated)
    unwritten = _write(folder, decision, rules)
    aside("the verdict is not printed", lambda: _print(folder, decision, as_json=as_json))
    for output, path in outputs:
        aside(f"no {output.name}", partial(output.write, path, decision))
    announce(hook, folder, decision, judge.exit_code(decision))
    if unwritten:
        raise unwritten
    aside("the report card is not updated", lambda: _refresh_card(folder, decision))
    _sign(folder, key, token)
    by = Judging(policy, other, waivers, database)
    if not as_json:
        aside("no next steps", lambda: show(after_gate(folder, decision, by)))
    return judge.exit_code(decision)


def _ratings(database: str | None) -> RatedOutputs | None:
    """The ratings that were named.

    Raises:
        UsageError: There is no such database.
    """
    if database is None:
        return None
    from audit.ratings.database import require  # noqa: PLC0415 - SQLAlchemy takes a second to import

    require(database)
    return RatedOutputs.of_database(database)


def _append_summary(path: Path, decision: Decision) -> None:
    """Append the verdict to what the step has written before; both together stay below GitHub's limit."""
    before = path.stat().st_size if path.is_file() else 0
    append_output(path, markdown.render_decision(decision, max(SUMMARY_BYTES - before - 1, RESERVED)))


def _write_junit(path: Path, decision: Decision) -> None:
    write_output(path, render_junit(decision).encode())


def _write_comment(path: Path, decision: Decision) -> None:
    write_output(path, render_comment(decision).encode())


@dataclass(frozen=True)
class Output:
    """A file that the verdict also goes to."""

    name: str
    """Of its option."""
    write: Callable[[Path, Decision], None]
    """Writes it."""


OUTPUTS = (
    Output("summary", _append_summary),
    Output("junit", _write_junit),
    Output("comment", _write_comment),
)


def _output_file(folder: RunFolder, output: Output, given: str | None) -> Path | None:
    """The file that the verdict is also written to; None for none, with a line where it is empty.

    Of all outputs only the summary may be: every other empty option has been refused.

    Raises:
        WriteError: It is evidence, or the report card.
    """
    if given == "":
        err.print("no summary: --summary is empty: is $GITHUB_STEP_SUMMARY set?", markup=False, highlight=False)
    if not given:
        return None
    path = Path(given)
    refuse_evidence(path, f"--{output.name}")
    if os.path.realpath(path) == os.path.realpath(folder.report_path):
        msg = f"--{output.name} {path}: this file is the report card, which shows it already: choose another name"
        raise WriteError(msg)
    return path


def _refuse_overlap(outputs: list[tuple[Output, Path]], inputs: dict[str, Path | None]) -> None:
    """Keep outputs from overwriting what the gate reads, and each other; devices take several.

    Raises:
        WriteError: Two options name one file.
    """
    taken = {os.path.realpath(path): option for option, path in inputs.items() if path}
    for output, path in outputs:
        place = os.path.realpath(path)
        if place in taken:
            msg = f"--{output.name} {path}: {taken[place]} names this file, too: choose another name"
            raise WriteError(msg)
        device = os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113 - no error for a long name
        if not device:
            taken[place] = f"--{output.name}"


def _write(folder: RunFolder, decision: Decision, policy: PolicyFile) -> WriteError | None:
    """Write the decision and its policy; the error where that fails, to be raised when the verdict has been shown."""
    try:
        kept_policy.keep(folder, policy)
        folder.write_decision(decision)
    except WriteError as error:
        return error
    return None


def _sign(folder: RunFolder, key: Ed25519PrivateKey | None, token: IdentityToken | None) -> None:
    """Sign the evidence where there is a key or an identity; without, say so of a signature that no longer fits."""
    lines = []
    if token is not None:
        keyless.sign_keyless(folder, token)
        lines = [f"signed: {folder.path / keyless.NAME}"]
    elif (folder.path / keyless.NAME).exists() and not keyless.signs_decision(folder):
        lines = [f"{keyless.NAME} signs an earlier decision: run this again with --sigstore"]
    if key is not None:
        remark = sign(folder, key).annotations.remark
        lines += [f"signed: {folder.path / envelope.NAME}"]
        lines += [f"the signature names the checkpoint by this tool's digest alone: {remark}"] if remark else []
    elif (folder.path / envelope.NAME).exists() and not signs_decision(folder):
        lines += [f"{envelope.NAME} signs an earlier decision: set {keys.VARIABLE} and run this again"]
    for line in lines:
        err.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def _print(folder: RunFolder, decision: Decision, *, as_json: bool) -> None:
    """The verdict on stdout; what it does not take is dropped, or the end of the program would fail on it again."""
    try:
        if as_json:
            print_json(decision)
        else:
            _show(decision, titles(folder))
    finally:
        finish_output()


def _show(decision: Decision, known: Mapping[str, str]) -> None:
    """A table, one line per check, what no rule judged, and the verdict as the last line; warnings go to stderr."""
    table = TitledTable(
        [
            Column("rule", min_width=16),
            Column("value", justify="right", no_wrap=True),
            Column("unit", no_wrap=True),
            Column("reason", overflow="fold", min_width=40),  # it ends with a command, which must not be cut
        ],
        lead="verdict",
        caption=DIRECTION_KEY,
    )
    for check in sorted(decision.checks, key=lambda check: check.verdict):
        verdict = Text("\n".join([check.verdict, *(["waived"] if check.waived_by else [])]), style=_style(check))
        reason = "; ".join(part for part in (check.reason, decision.waiver_text(check)) if part)
        cells = [
            printable(rule_text(check)),
            number(check.value, check.unit or "score"),
            unit_text(check.unit, check.higher_is_better),
            printable(reason),
        ]
        table.add(known.get(check.metric, ""), printable(check.metric, 80), cells, verdict)
    out.print(table.fitted(out))
    for text in baseline_lines(decision):
        out.print(Text(text), soft_wrap=True)
    for warning in decision.warnings:
        err.print(Text(f"warning: {printable(warning)}", style="yellow"), soft_wrap=True)
    for text in fault_lines(decision):
        err.print(Text(printable(text), style="red"), soft_wrap=True)
    for text in judge.not_judged_lines(decision):
        out.print(Text(f"not judged: {printable(text)}"), soft_wrap=True)
    line = f"{decision.verdict}: {verdict_text(decision)} (policy {printable(decision.policy, 80)})"
    out.print(Text(line, style=STYLES[decision.verdict]), soft_wrap=True)


def _style(check: GateCheck) -> str:
    """Colour of a verdict; a waived one does not block."""
    return STYLES["INCONCLUSIVE" if check.waived_by else check.verdict]


def _refresh_card(folder: RunFolder, decision: Decision) -> None:
    """Show the verdict in a card that exists already; the verdict holds whatever becomes of the card."""
    if not folder.report_path.exists() or show_verdict(folder, decision):
        return
    from audit.reports.render.card import write_card  # noqa: PLC0415 - it is slow to import

    err.print("updating the report card", style="dim")
    write_card(folder, **ratings_of(folder))
