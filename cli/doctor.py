"""``audit doctor``: what this machine has, what is missing, what to do about it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel
from rich.table import Table

from audit.cli.console import JsonFlag, out, print_json
from audit.core import assets, provenance
from audit.core.assets.settings import cache_dir

if TYPE_CHECKING:
    from pathlib import Path

    import typer

State = Literal["ok", "missing", "note"]


class Finding(BaseModel):
    """One thing that was looked at."""

    subject: str
    state: State
    found: str
    advice: str = ""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("doctor")(doctor)


def doctor(*, as_json: JsonFlag = False) -> None:
    """Say what this machine has, what is missing, and what to do about it.

    Example: audit doctor
    """
    findings = [*_machine(), *_assets(), *_optional()]
    if as_json:
        print_json(findings)
        return
    table = Table("", "what", "found", "what to do", box=None)
    marks = {"ok": "[green]✓", "missing": "[red]✗", "note": "[yellow]·"}
    for finding in findings:
        table.add_row(marks[finding.state], finding.subject, finding.found, finding.advice)
    out.print(table)


def _machine() -> list[Finding]:
    """Processor, memory, GPU, disk."""
    import torch  # noqa: PLC0415 - seconds to import, and every command imports this module

    machine = provenance.platform_record(threads=torch.get_num_threads())
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    free = shutil.disk_usage(_existing(cache_dir())).free / 2**30
    return [
        Finding(subject="python", state="ok", found=f"{machine.python} on {machine.system}"),
        Finding(
            subject="cores and memory", state="ok", found=f"{machine.cpu_count}, {machine.memory_bytes / 2**30:.0f} GiB"
        ),
        Finding(
            subject="GPU",
            state="ok" if torch.cuda.is_available() else "note",
            found=gpu,
            advice=""
            if torch.cuda.is_available()
            else "large checkpoints will be slow; a CUDA build of torch finds a card",
        ),
        Finding(
            subject="disk for assets",
            state="ok" if free > 2 else "missing",
            found=f"{free:.0f} GiB free in {cache_dir()}",
            advice="" if free > 2 else "2 GiB are needed for the default checkpoint: set AUDIT_CACHE",
        ),
    ]


def _existing(folder: Path) -> Path:
    """The nearest folder above that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder


def _assets() -> list[Finding]:
    """Models and data sets at hand."""
    findings = []
    for entry in assets.names():
        at_hand = assets.at_hand(entry.name)
        findings.append(
            Finding(
                subject=f"{entry.kind} {entry.name}",
                state="ok" if at_hand else "note",
                found="at hand" if at_hand else "not here",
                advice="" if at_hand else f"audit assets pull {entry.name}",
            )
        )
    return findings


def _optional() -> list[Finding]:
    """Packages of the optional extras."""
    wanted = {"shap": "explain", "lime": "explain", "captum": "explain"}
    installed = provenance.package_versions(tuple(wanted))
    return [
        Finding(
            subject=f"package {name}",
            state="ok" if name in installed else "note",
            found=installed.get(name, "not installed"),
            advice="" if name in installed else f"pip install 'checkpoint-audit[{extra}]'",
        )
        for name, extra in wanted.items()
    ]
