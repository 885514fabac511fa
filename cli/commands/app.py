"""``audit app``: the reviewers' app, on this machine alone."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from importlib import resources
from typing import TYPE_CHECKING, Annotated

import typer

from audit.app.elements.theme import THEME
from audit.app.settings import AppSettings
from audit.cli import interrupts
from audit.cli.console import out
from audit.cli.options import RUNS, Runs
from audit.core.errors import AuditError, UsageError
from audit.core.filesystem import did_you_mean_path
from audit.ratings import default_url
from audit.ratings.database import check_connection

if TYPE_CHECKING:
    from pathlib import Path

ADDRESS = "127.0.0.1"
FIRST_PORT, LAST_PORT = 8501, 8520
START_SECONDS, STOP_SECONDS = 60, 3

EXAMPLES = """\b
Examples:
  audit app                                          the runs in ./runs
  audit app --runs /data/runs --port 9000
  audit app --database postgresql://ada@db.example.org/ratings
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("app", epilog=EXAMPLES)(app)


def app(
    *,
    runs: Runs = RUNS,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port. Default: the first free one from 8501.")
    ] = None,
    database: Annotated[str | None, typer.Option(help="Ratings database. Default: RUNS/ratings.sqlite.")] = None,
) -> None:
    """Browse runs and rate outputs in a browser. Only this machine can reach it; Ctrl-C stops it."""
    if runs != RUNS and not runs.is_dir():
        msg = f"--runs {runs}: no such folder: check the path.{did_you_mean_path(runs, folder=True)}"
        raise UsageError(msg)  # the default may be missing: the app then says how to make a run
    settings = AppSettings(runs.absolute(), database or default_url(runs.absolute()))
    check_connection(settings.database_url)
    serve(settings, free_port(port))


def free_port(wanted: int | None) -> int:
    """The wanted port, or the first free one from 8501.

    Raises:
        UsageError: It is taken, or all are.
    """
    candidates = [wanted] if wanted else range(FIRST_PORT, LAST_PORT + 1)
    for port in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
        return port
    taken = f"port {wanted} is" if wanted else f"ports {FIRST_PORT} to {LAST_PORT} are"
    msg = f"{taken} not free on {ADDRESS}: stop the other program, or choose a port with --port"
    raise UsageError(msg)


def serve(settings: AppSettings, port: int) -> None:
    """Run Streamlit until it ends, or until the user interrupts or terminates this process.

    Raises:
        AuditError: The server did not come up, or ended by itself.
    """
    # Behind the shell's & SIGINT is ignored, which would leave no way to end the app but SIGTERM.
    interrupts.install(even_ignored=True)
    with resources.as_file(resources.files("audit.app.entry").joinpath("main.py")) as script:
        server = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            command(script, port),
            env={**os.environ, **settings.to_environment()},
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until_up(server, port)
            text = f"http://{ADDRESS}:{port}  (runs in {settings.runs}; Ctrl-C stops it)"
            out.print(text, markup=False, highlight=False, soft_wrap=True)
            code = server.wait()
        except KeyboardInterrupt:
            return
        finally:
            stop(server)
    if code:
        msg = f"the app's server ended with code {code}: see its messages above"
        raise AuditError(msg)


def command(script: Path, port: int) -> list[str]:
    """The Streamlit process: bound to this machine, no browser opened, no usage statistics, no watching of files.

    ``-P`` keeps the working directory off the import path, where a file of the user's could shadow a library.
    """
    options = {
        "server.address": ADDRESS,
        "server.port": port,
        "server.headless": "true",
        "logger.level": "warning",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        **THEME,
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-P", "-m", "streamlit", "run", str(script), *flags]


def wait_until_up(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when the server answers.

    Raises:
        AuditError: It ended, or did not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if is_up(port):
            return
        time.sleep(0.2)
    msg = f"the app's server did not come up on {ADDRESS}:{port}: see its messages above"
    raise AuditError(msg)


def is_up(port: int) -> bool:
    """Whether Streamlit answers; asked directly, whatever proxy the environment names."""
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=2)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server, and insist when it does not; SIGTERM, since it may have been started with SIGINT ignored."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
