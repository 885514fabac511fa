"""``audit verify``: is the evidence of a run what was measured, decided and signed?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from audit.cli.console import JsonFlag, out, print_json
from audit.cli.options import RUNS, Runs
from audit.core.errors import AuditError, ConfigError, ExitCode, RunFolderError
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.explain.methods.registry import METHODS
from audit.gate.binding.kept_policy import policy_of
from audit.gate.policy import load_policy
from audit.gate.signing import envelope, keyless, keys
from audit.gate.signing.statement import MODEL_SIGNING
from audit.gate.signing.verify import verify as compare
from audit.gate.waivers.waiver_file import load_waivers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.gate.policy import PolicyFile
    from audit.gate.signing.verify import Verification

EXAMPLES = """\b
Examples:
  audit verify latest                                files, numbers and decision fit each other
  audit verify latest --key release.pub              and are signed with this key
  audit verify latest --key release.pub --recompute --policy policy.yaml
  audit verify latest --sigstore-identity ID --sigstore-issuer URL     signed by a CI job

Exit codes: 0 nothing contradicts the evidence, 12 something does, 2 bad input.
"""
MOST = 50
"""Contradictions that are printed."""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("verify", epilog=EXAMPLES)(verify)


def verify(  # noqa: PLR0913 - the options of a command
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run folder, run id or 'latest'.")],
    *,
    key: Annotated[
        Path | None, typer.Option(help="Public key that the evidence must be signed with.", show_default=False)
    ] = None,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Derive every metric and the decision again from the samples.")
    ] = False,
    policy: Annotated[
        Path | None,
        typer.Option(help="Policy that the decision must be reached under; --recompute decides with it again."),
    ] = None,
    waivers: Annotated[Path | None, typer.Option(help="Waivers that the decision must be made with.")] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="RUN", help="Run that the decision compares with. Default: next to the run.")
    ] = None,
    sigstore_identity: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Who must have signed with Sigstore: an e-mail address or a workflow."),
    ] = None,
    sigstore_issuer: Annotated[
        str | None, typer.Option(metavar="URL", help="OpenID Connect issuer of this identity.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Folder or file that must be the checkpoint that was signed.")
    ] = None,
    runs: Runs = RUNS,
    as_json: JsonFlag = False,
) -> int:
    """Check a run's evidence: its files, their signature, its numbers.

    Works offline and lists every file that was changed, lost or added. A missing signature is said; with --key it is an
    error.
    """
    public = keys.public_key(key) if key else None
    folder = _folder(run, runs)
    found = compare(
        folder,
        public,
        signer=_signer(sigstore_identity, sigstore_issuer),
        checkpoint=checkpoint,
        policy=_policy(folder, policy),
        waivers=load_waivers(waivers) if waivers else None,
        again=recompute,
        known=METHODS,
        baseline=_baseline(folder, baseline, runs) if baseline else None,
    )
    if as_json:
        print_json(found.model_dump(mode="json") | {"valid": found.valid})
    else:
        for line, style in _lines(found):
            out.print(Text(printable(line, 1000), style=style), soft_wrap=True)
    return ExitCode.DONE if found.valid else ExitCode.EVIDENCE_INVALID


def _signer(name: str | None, issuer: str | None) -> keyless.Signatory | None:
    """Who must have signed.

    Raises:
        ConfigError: An identity without its issuer, or the other way round: anybody can issue any name.
    """
    if name is None and issuer is None:
        return None
    if not name or not issuer:
        msg = "--sigstore-identity and --sigstore-issuer belong together: give both"
        raise ConfigError(msg)
    return keyless.Signatory(name, issuer)


def _folder(run: str, runs: Path) -> RunFolder:
    """The run; one that is signed although its manifest is broken or gone, so that this is named, too.

    Raises:
        RunFolderError: There is no such run.
    """
    try:
        return RunFolder.resolve(run, runs)
    except RunFolderError:
        for path in (Path(run), runs / run):
            if any(os.path.isfile(path / name) for name in (envelope.NAME, keyless.NAME)):  # noqa: PTH113 - no error where the name is too long
                return RunFolder(path)
        raise


def _baseline(folder: RunFolder, name: str, runs: Path) -> RunFolder:
    """The baseline that was given.

    Raises:
        ConfigError: The decision compares with another run, or with none: nothing contradicts the evidence.
        RunFolderError: There is no such run.
    """
    given = RunFolder.resolve(name, runs)
    try:
        decision = folder.read_decision()
    except RunFolderError:
        return given  # named by the comparison
    wanted = decision.baseline.run_id if decision and decision.baseline else None
    if decision is not None and given.run_id != wanted:
        other = f"run {wanted}" if wanted else "no baseline"
        msg = f"--baseline {name}: this is run {given.run_id}, and the decision compares with {other}"
        raise ConfigError(msg)
    return given


def _policy(folder: RunFolder, given: Path | None) -> PolicyFile | None:
    """The policy that was given, else the one that the gate left next to the decision, or the shipped one."""
    if given:
        return load_policy(given)
    try:
        decision = folder.read_decision()
        return policy_of(folder, decision) if decision else None
    except AuditError:
        return None  # named by the comparison


def _lines(found: Verification) -> Iterator[tuple[str, str]]:
    """What is printed, with its style: every contradiction, what is known, and the result as the last line."""
    for fault in found.faults[:MOST]:
        yield fault, "red"
    if len(found.faults) > MOST:
        yield f"and {len(found.faults) - MOST:,} more: --json lists all", "red"
    if found.subject is not None:
        kind = found.subject.annotations
        how = kind.method if kind.method == MODEL_SIGNING else f"{kind.method}; {kind.remark}"
        yield f"checkpoint: {found.subject.name} sha256:{found.subject.digest['sha256']} ({how})", ""
    if found.recomputed is not None:
        yield from ((line, "") for line in _recomputed(found))
    for remark in found.remarks:
        yield remark, "yellow"
    if found.faults:
        count = len(found.faults)
        yield f"INVALID: {count:,} contradiction{'s' if count > 1 else ''}", "bold red"
        return
    states = {found.signature, found.keyless}
    word = "VALID, NOT SIGNED" if states == {"missing"} else "VALID, SIGNATURE NOT CHECKED"
    signed = f", signed with {found.key_id}" if found.signature == "valid" else ""
    signed += f", signed by {found.identity}" if found.keyless == "valid" else ""
    verdict = f"decision {found.verdict}" if found.verdict else "no decision"
    yield f"{'VALID' if signed else word}: {found.files} files, {verdict}{signed}", "bold green" if signed else "bold"


def _recomputed(found: Verification) -> Iterator[str]:
    """What was derived again, and what could not be."""
    done = found.recomputed
    if done is None:
        return
    yield f"derived again: {done.metrics} metrics" + (f", the decision {done.decision}" if done.decision else "")
    if not done.intervals:
        yield "not derived: intervals, because numpy, scipy or checkpoint-audit has another version than in the run"
    if done.without_definition:
        yield f"not derived: {done.without_definition} metrics without a definition, of tasks from elsewhere"
