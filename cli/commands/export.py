"""``audit export``: sends runs to systems that watch many of them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli.commands.report import ratings_of
from audit.cli.console import err, out
from audit.cli.options import RUNS, Runs
from audit.core.errors import ConfigError
from audit.core.filesystem import is_stream, refuse_folder, write_output
from audit.core.run_folder import RunFolder, refuse_evidence
from audit.core.text import printable

if TYPE_CHECKING:
    from audit.reports.contents import RunContents
    from audit.reports.monitoring.mlflow_runs import Store

EXAMPLES = """\b
Examples:
  audit export latest --prometheus /var/lib/node_exporter/audit.prom     for node_exporter's textfile collector
  audit export runs/* --prometheus audit.prom                            several runs in one file
  audit export latest --otlp http://127.0.0.1:4318                       to an OpenTelemetry collector
  audit export latest --mlflow                                           to the server of MLFLOW_TRACKING_URI
  audit export runs/* --mlflow-uri sqlite:///mlflow.db                   one MLflow run for each run

Needs: pip install 'checkpoint-audit[monitoring]'
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("export", epilog=EXAMPLES)(export)


def export(
    run: Annotated[list[str], typer.Argument(metavar="RUN...", help="Run folders, run ids or 'latest'.")],
    *,
    prometheus: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the metrics in Prometheus' text format.")
    ] = None,
    otlp: Annotated[
        str | None, typer.Option(metavar="URL", help="Send the metrics to this OpenTelemetry collector, over HTTP.")
    ] = None,
    mlflow: Annotated[bool, typer.Option("--mlflow", help="Store each run as an MLflow run.")] = False,
    mlflow_uri: Annotated[
        str | None,
        typer.Option(metavar="URI", help="MLflow's tracking store; implies --mlflow. Default: MLFLOW_TRACKING_URI."),
    ] = None,
    mlflow_experiment: Annotated[str, typer.Option(metavar="NAME", help="Experiment of the MLflow runs.")] = "audit",
    runs: Runs = RUNS,
) -> int:
    """Send metrics and verdicts to Prometheus, OpenTelemetry or MLflow.

    Values and intervals go out as the run has them, and the verdict if it was reached on exactly these numbers. What a
    run does not report is left out, never 0. Repeating an export doubles nothing.
    """
    wants_mlflow = mlflow or mlflow_uri is not None
    if prometheus is None and otlp is None and not wants_mlflow:
        msg = "nothing to do: name a target: --prometheus FILE, --otlp URL or --mlflow"
        raise ConfigError(msg)
    if prometheus is not None:
        refuse_evidence(prometheus, "--prometheus")
        refuse_folder(prometheus)
        _require_prometheus()
    address = _address(otlp)
    folders = _folders(run, runs)
    store = _store(mlflow_uri, mlflow_experiment) if wants_mlflow else None
    found = [_read(folder) for folder in folders]
    if prometheus is not None:
        _write(prometheus, found)
    if address is not None:
        _send(address, found)
    if store is not None:
        for contents, folder in zip(found, folders, strict=True):
            _log(store, contents, folder)
    return 0


def _require_prometheus() -> None:
    from audit.reports.monitoring import prometheus  # noqa: PLC0415 - an optional package

    prometheus.require()


def _address(url: str | None) -> str | None:
    """The collector's address, before anything is read.

    Raises:
        ConfigError: It is none, or the exporter is not installed.
    """
    if url is None:
        return None
    from audit.reports.monitoring import otlp  # noqa: PLC0415 - an optional package

    address = otlp.endpoint(url)
    otlp.require()
    return address


def _store(uri: str | None, experiment: str) -> Store:
    from audit.reports.monitoring.mlflow_runs import Store  # noqa: PLC0415 - its formats import the Hub's client

    return Store(uri, experiment)


def _folders(names: list[str], runs: Path) -> list[RunFolder]:
    """The runs, each named once.

    Raises:
        ConfigError: Two names are of one run.
    """
    folders = [RunFolder.resolve(name, runs) for name in names]
    ids = [folder.run_id for folder in folders]
    again = next((name for name in ids if ids.count(name) > 1), None)
    if again is not None:
        msg = f"{printable(again, 200)}: two of the names are this run: name it once"
        raise ConfigError(msg)
    return folders


def _read(folder: RunFolder) -> RunContents:
    """A run as reports read it; a verdict that is out of date is left out, with a line."""
    from audit.reports import contents  # noqa: PLC0415 - it is slow to import

    found = contents.read(folder, **ratings_of(folder))
    if found.stale_reason:
        line = f"{folder.path}: the verdict is left out: {found.stale_reason}: run audit gate again"
        err.print(printable(line), markup=False, highlight=False, soft_wrap=True)
    return found


def _write(path: Path, found: list[RunContents]) -> None:
    """One file for all runs, which takes the place of the earlier one at once."""
    from audit.reports.monitoring import prometheus  # noqa: PLC0415 - an optional package

    write_output(path, prometheus.render(found))
    if not is_stream(path):
        _say(f"{path}")


def _send(address: str, found: list[RunContents]) -> None:
    from audit.reports.monitoring import otlp  # noqa: PLC0415 - an optional package

    remark = otlp.send(found, address)
    _say(f"sent to {otlp.shown(address)}{f'; the collector says: {remark}' if remark else ''}")


def _log(store: Store, contents: RunContents, folder: RunFolder) -> None:
    logged = store.log(contents, folder)
    _say(f"MLflow run {logged.run_id} {logged.state}: {contents.manifest.run_id}")


def _say(line: str) -> None:
    out.print(printable(line), markup=False, highlight=False, soft_wrap=True)
