"""``audit app``: the reviewers' app, on this machine alone unless people sign in."""

from __future__ import annotations

import errno
import http.client
import importlib.util
import ipaddress
import os
import shlex
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from audit.app.elements.theme import THEME
from audit.app.login_file import LoginFile, is_loopback, read_login_file
from audit.app.settings import AppSettings
from audit.cli import interrupts
from audit.cli.console import out
from audit.cli.options import RUNS, Runs
from audit.cli.ratings.options import acting_user
from audit.core.errors import AuditError, UsageError
from audit.core.filesystem import did_you_mean_path
from audit.core.run_folder import RunFolder
from audit.core.text import named
from audit.ratings import default_url
from audit.ratings.access.app_roles import app_admins, give_app_role
from audit.ratings.database import check_connection

if TYPE_CHECKING:
    from collections.abc import Iterable

ADDRESS = "127.0.0.1"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
FIRST_PORT, LAST_PORT = 8501, 8520
START_SECONDS, STOP_SECONDS = 60, 3

EXAMPLES = """\b
Examples:
  audit app                                          the runs in ./runs
  audit app latest                                   the same, opened at the newest run
  audit app --runs /data/runs --port 9000
  audit app --database postgresql://ada@db.example.org/ratings
  audit app --auth login.toml --admin ada@example.org              people sign in; behind a proxy on this machine
  audit app --auth login.toml --address 0.0.0.0
"""


@dataclass(frozen=True)
class ServedAt:
    """Where the app is served."""

    address: str
    """IP address that it listens on, or ``localhost``."""
    port: int
    """Port."""
    login: LoginFile | None = None
    """Where people sign in; None where nobody does."""
    page: str = ""
    """Address of the page to open; empty for the list of runs."""

    @property
    def here(self) -> str:
        """An address at which this machine reaches it."""
        try:
            found = ipaddress.ip_address(self.address)
        except ValueError:
            return self.address
        if not found.is_unspecified:
            return self.address
        return "127.0.0.1" if found.version == 4 else "::1"

    @property
    def url(self) -> str:
        """What people type into their browser."""
        host = f"[{self.here}]" if ":" in self.here else self.here
        return self.login.origin if self.login else f"http://{host}:{self.port}"

    @property
    def hosts(self) -> list[str]:
        """Names by which browsers may ask for the app; ``*`` is any.

        A page elsewhere can give its own name this machine's address once it is loaded (DNS rebinding), and would be
        taken for the app. At every address of this machine, its names are not known.
        """
        if self.login:
            return sorted({self.login.host, *LOOPBACK})
        if self.here != self.address:
            return ["*"]
        return sorted({self.address, *LOOPBACK})


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("app", epilog=EXAMPLES)(app)


def app(
    run: Annotated[
        str | None,
        typer.Argument(metavar="RUN", help="Run to open: folder, run id or 'latest'. Default: the list of runs."),
    ] = None,
    *,
    runs: Runs = RUNS,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port. Default: the first free one from 8501.")
    ] = None,
    database: Annotated[str | None, typer.Option(help="Ratings database. Default: RUNS/ratings.sqlite.")] = None,
    address: Annotated[
        str, typer.Option(metavar="ADDR", help="IP address to listen on. Any that others can reach needs --auth.")
    ] = ADDRESS,
    auth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file with the OpenID provider that people sign in with.")
    ] = None,
    admin: Annotated[
        list[str] | None, typer.Option(metavar="EMAIL", help="Make this person an admin, who gives roles to others.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure-no-login", help="Let everyone who reaches the address see and do everything.")
    ] = False,
) -> None:
    """Browse runs and rate outputs in a browser. Without options, only this machine can reach it; Ctrl-C stops it."""
    _check_runs(runs)
    page = ""
    if run is not None:
        folder = Path(os.path.abspath(RunFolder.resolve(run, runs).path))  # noqa: PTH100 - Path keeps ".."
        runs, page = folder.parent, f"/overview?run={quote(folder.name)}"
    _check_address(address, has_login=auth is not None, insecure=insecure)
    login = _login(auth, admin or [])
    settings = AppSettings(runs.absolute(), database or default_url(runs.absolute()), login is not None)
    check_connection(settings.database_url)
    if login:
        _make_admins(settings.database_url, admin or [])
    serve(settings, ServedAt(address, free_port(port, address), login, page))


def _check_runs(runs: Path) -> None:
    """Refuse what is no folder of runs; the default may be missing, and the app then says how to make a run.

    Raises:
        UsageError: It is missing, a file, or itself a run.
    """
    if (runs / "manifest.json").is_file():
        msg = f"--runs {runs}: this is one run: open it with `audit app {shlex.quote(str(runs))}`"
        raise UsageError(msg)
    if runs != RUNS and not runs.is_dir():
        fault = (
            "it is a file: name the folder that holds the runs" if runs.exists() else "no such folder: check the path"
        )
        msg = f"--runs {runs}: {fault}.{did_you_mean_path(runs, folder=True)}"
        raise UsageError(msg)


def _check_address(address: str, *, has_login: bool, insecure: bool) -> None:
    """Refuse what would let others in unasked.

    Raises:
        UsageError: It is no address, or others can reach it and nobody signs in.
    """
    try:
        if address != "localhost":
            ipaddress.ip_address(address)
    except ValueError:
        msg = f"--address {named(address)}: not an IP address: give one of this machine's, 0.0.0.0 for all of them"
        raise UsageError(msg) from None
    if has_login and insecure:
        msg = "--auth and --insecure-no-login contradict each other: leave one out"
        raise UsageError(msg)
    if not (is_loopback(address) or has_login or insecure):
        msg = (
            f"--address {address}: others can reach it, and nobody signs in: name an OpenID provider with --auth FILE, "
            "or let everybody see and do everything with --insecure-no-login"
        )
        raise UsageError(msg)


def _login(file: Path | None, admins: list[str]) -> LoginFile | None:
    """Where people sign in; None where nobody does.

    Raises:
        UsageError: The file is not right, Authlib is missing, or an admin is none.
    """
    if file is None:
        if admins:
            msg = "--admin needs sign-in: name an OpenID provider with --auth FILE"
            raise UsageError(msg)
        return None
    wrong = next((one for one in admins if "@" not in one), None)
    if wrong is not None:
        msg = f"--admin {named(wrong)}: not an email address"
        raise UsageError(msg)
    if any(importlib.util.find_spec(name) is None for name in ("authlib", "httpx")):
        msg = "--auth: signing in needs Authlib: pip install 'checkpoint-audit[login]'"
        raise UsageError(msg)
    return read_login_file(file)


def _make_admins(database_url: str, admins: Iterable[str]) -> None:
    """Make people admins.

    Raises:
        UsageError: Nobody is admin then, or the database cannot be written.
    """
    for email in admins:
        give_app_role(database_url, acting_user(None), email, "admin", at_machine=True)
    if not app_admins(database_url):
        msg = "nobody can give roles yet: name the first admin with --admin EMAIL"
        raise UsageError(msg)


def free_port(wanted: int | None, address: str = ADDRESS) -> int:
    """The wanted port, or the first free one from 8501.

    Raises:
        UsageError: It is taken, all are, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    candidates = [wanted] if wanted else range(FIRST_PORT, LAST_PORT + 1)
    for port in candidates:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    msg = f"--address {address}: not an address of this machine"
                    raise UsageError(msg) from error
                continue
        return port
    taken = f"port {wanted} is" if wanted else f"ports {FIRST_PORT} to {LAST_PORT} are"
    msg = f"{taken} not free on {address}: stop the other program, or choose a port with --port"
    raise UsageError(msg)


def serve(settings: AppSettings, place: ServedAt) -> None:
    """Run Streamlit until it ends, or until the user interrupts or terminates this process.

    Raises:
        AuditError: The server did not start, or ended by itself.
    """
    # Behind the shell's & SIGINT is ignored, which would leave no way to end the app but SIGTERM.
    interrupts.install(even_ignored=True)
    with resources.as_file(resources.files("audit.app.entry").joinpath("main.py")) as script:
        server = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            command(script, place),
            env={**os.environ, **settings.to_environment()},
            stdout=subprocess.DEVNULL,
        )
        try:
            wait_until_up(server, place)
            is_open = not (place.login or is_loopback(place.address))
            warning = "sign-in is off: everyone who reaches it sees and does everything; " if is_open else ""
            text = f"{place.url}{place.page}  (runs in {settings.runs}; {warning}Ctrl-C stops it)"
            out.print(text, markup=False, highlight=False, soft_wrap=True)
            code = server.wait()
        except KeyboardInterrupt:
            return
        finally:
            stop(server)
    if code:
        msg = f"the app's server ended with code {code}: see its messages above"
        raise AuditError(msg)


def command(script: Path, place: ServedAt) -> list[str]:
    """The Streamlit process: no browser opened, no usage statistics, no watching of files, no foreign pages let in.

    What concerns security is set in any case, whatever the user's own configuration of Streamlit says.
    ``-P`` keeps the working directory off the import path, where a file of the user's could shadow a library.
    """
    options: dict[str, object] = {
        "server.address": place.address,
        "server.port": place.port,
        "server.headless": "true",
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "server.maxUploadSize": "1",  # no page takes a file
        "server.corsAllowedOrigins": place.url,
        "client.allowedOrigins": place.url,  # of frames around the app, which then may press its buttons
        "server.trustedUserHeaders": "{}",  # whoever reaches the port can send headers
        "server.enableStaticServing": "false",
        # Megabytes. All boxes of a page hold less than the first, all its text and charts less than the second.
        "server.maxWidgetStateSize": "4",
        "server.maxMessageSize": "50",
        # Where people sign in, not everybody may see paths of this machine; the server's own output has the traceback.
        "client.showErrorDetails": "none" if place.login else "full",
        "logger.level": "warning",
        "server.fileWatcherType": "none",
        "runner.postScriptGC": "false",  # it walks through all objects after each press of a key, and everybody waits
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        **THEME,
        **({"secrets.files": place.login.path} if place.login else {}),
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    hosts = [word for host in place.hosts for word in ("--server.allowedHosts", host)]
    return [sys.executable, "-P", "-m", "audit.app.serving", "run", str(script), *flags, *hosts]


def wait_until_up(server: subprocess.Popen[bytes], place: ServedAt) -> None:
    """Return when the server answers.

    Raises:
        AuditError: It ended, or did not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if is_up(place):
            return
        time.sleep(0.2)
    msg = f"the app's server did not start on {place.address}:{place.port}: see its messages above"
    raise AuditError(msg)


def is_up(place: ServedAt) -> bool:
    """Whether Streamlit answers; asked directly, whatever proxy the environment names."""
    connection = http.client.HTTPConnection(place.here, place.port, timeout=2)
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
