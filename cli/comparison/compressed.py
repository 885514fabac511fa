"""What ``audit compress-check`` prints: a line per checkpoint, languages, tasks, what broke, and the verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Column, Table
from rich.text import Text

from audit.cli.comparison import two
from audit.cli.console import out
from audit.core.errors import ExitCode
from audit.core.formatting import size_text
from audit.core.text import printable
from audit.gate import decide as judge
from audit.reports.comparison.titles import titles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import MetricDifference
    from audit.core.records.many.compression import CompressedTwin, CompressionCheck, Estimated
    from audit.core.run_folder import RunFolder

STYLES = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}
MOST_SLICES = 8
"""Worse slices that are named for each checkpoint."""


def show(found: CompressionCheck, runs: Sequence[RunFolder]) -> None:
    """Print a check.

    Args:
        found: The check.
        runs: Of the original and the compressed checkpoints.
    """
    for twin, run in zip(found.twins, runs[1:], strict=True):
        out.print(Text(printable(twin.label, 80), style="bold"), soft_wrap=True)
        two.show(twin.comparison.model_copy(update={"differences": _primary(twin)}), titles(run))
        worse = twin.broken_slices
        if worse:
            more = f" and {len(worse) - MOST_SLICES} more" if len(worse) > MOST_SLICES else ""
            line = f"worse slices: {printable(', '.join(worse[:MOST_SLICES]), 600)}{more}"
            out.print(Text(line, style="red"), soft_wrap=True)
        for check in twin.decision.checks:
            if check.verdict != "PASS":
                text = f"{check.verdict}: {printable(check.metric, 80)}: {printable(check.reason)}"
                out.print(Text(text, style=STYLES[check.verdict]), soft_wrap=True)
    if found.no_languages:
        out.print(Text(f"no languages: {found.no_languages}", style="yellow"), soft_wrap=True)
    else:
        out.print(_languages(found))
    out.print(_distributions(found))
    for twin in found.twins:
        if twin.no_divergence:
            line = f"no divergence: {printable(twin.label, 80)}: {printable(twin.no_divergence)}"
            out.print(Text(line, style="yellow"), soft_wrap=True)
        for reason, count in (twin.divergence.left_out if twin.divergence else {}).items():
            out.print(Text(f"left out: {printable(twin.label, 80)}: {count} items: {reason}"), soft_wrap=True)


def exit_code(found: CompressionCheck) -> int:
    """The code of ``audit gate`` for the worst of the verdicts: a FAIL, then what is open."""
    codes = [judge.exit_code(twin.decision) for twin in found.twins]
    return ExitCode.FAIL if ExitCode.FAIL in codes else max(codes)


def _primary(twin: CompressedTwin) -> list[MetricDifference]:
    """Primary metrics over all items."""
    return [one for one in twin.comparison.differences if one.primary and one.slice is None]


def _languages(found: CompressionCheck) -> Table:
    """Bits per byte by language."""
    table = Table(
        "language",
        "checkpoint",
        Column("original", justify="right"),
        Column("compressed", justify="right"),
        Column("difference", justify="right"),
        Column("interval", no_wrap=True),
        Column("perplexity", justify="right"),
        title="bits per byte of texts, and perplexity per token (lower is better)",
        title_justify="left",
    )
    for twin in found.twins:
        for fit in twin.languages:
            bits, tokens = fit.bits_per_byte, fit.perplexity
            ends = "—" if bits.ci_low is None else f"{bits.ci_low:+.4f} to {bits.ci_high:+.4f}"
            table.add_row(
                f"{fit.language} ({fit.texts})",
                Text(printable(twin.label, 40)),
                f"{bits.original:.4f}",
                f"{bits.compressed:.4f}",
                f"{bits.difference:+.4f}",
                ends,
                f"{tokens.original:.4g} → {tokens.compressed:.4g}" if tokens else "—",
            )
    return table


def _distributions(found: CompressionCheck) -> Table:
    """Next-token distributions and verdicts, a line per checkpoint."""
    table = Table(
        "checkpoint",
        Column("weights", justify="right"),
        Column("KL divergence (nats)", justify="right"),
        Column("99 %", justify="right"),
        Column("same top token", justify="right"),
        Column("RMS Δp", justify="right"),
        Column("n", justify="right"),
        "verdict",
        title=Text(f"next-token distributions against {printable(found.original.model, 60)}", style="table.title"),
        title_justify="left",
    )
    for twin in found.twins:
        one = twin.divergence
        cells = ["—"] * 5
        if one is not None:
            cells = [
                _ends(one.kl_divergence, "{:.2g}"),
                f"{one.kl_quantiles['99 %']:.2g}",
                _ends(one.top1_agreement, "{:.1%}"),
                f"{one.rms_delta_p.value:.2%}",
                f"{one.items}",
            ]
        verdict = Text(twin.decision.verdict, style=STYLES[twin.decision.verdict])
        table.add_row(Text(printable(twin.label, 40)), size_text(twin.bytes) if twin.bytes else "—", *cells, verdict)
    return table


def _ends(one: Estimated, form: str) -> str:
    """A value with its interval."""
    ends = "" if one.ci_low is None else f" ({form.format(one.ci_low)} to {form.format(one.ci_high)})"
    return form.format(one.value) + ends
