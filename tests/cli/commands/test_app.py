"""``audit app``: what is refused before the server starts, and how it is started."""

from __future__ import annotations

import shlex
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from audit.app.settings import AppSettings
from audit.cli.commands import app
from audit.core.errors import AuditError, UsageError
from audit.core.run_folder import RunFolder
from audit.ratings import default_url
from audit.ratings.access.app_roles import app_admins
from tests.app.test_login_file import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ada:secret@127.0.0.1:1/ratings", "127.0.0.1"),
        ("mysql://ada@db/ratings", "mysql is not supported"),
        ("ratings.sqlite", "not a database URL"),
        ("sqlite:///{folder}/text.sqlite", "not a database"),
    ],
)
def test_the_app_does_not_start_on_a_database_that_cannot_be_used(
    audit: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, said: str
) -> None:
    (tmp_path / "text.sqlite").write_text("not a database at all, but text" * 50)
    monkeypatch.setattr(app, "serve", lambda *_: pytest.fail("the app was started"))
    code, _, error = audit("app", "--runs", tmp_path, "--database", url.format(folder=tmp_path))
    assert code == 2
    assert said in error
    assert len(error.splitlines()) == 1
    assert "secret" not in error


def test_the_app_does_not_start_without_the_driver(
    audit: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setattr(app, "serve", lambda *_: pytest.fail("the app was started"))
    code, _, error = audit("app", "--runs", tmp_path, "--database", "postgresql://ada@127.0.0.1:1/ratings")
    assert code == 2
    assert "no driver: install checkpoint-audit[postgres]" in error


def test_the_app_starts_where_nobody_has_rated_yet(
    audit: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served = []
    monkeypatch.setattr(app, "serve", lambda settings, _port: served.append(settings.runs))
    assert audit("app", "--runs", tmp_path)[0] == 0
    assert served == [tmp_path]
    assert list(tmp_path.iterdir()) == []


def program() -> typer.Typer:
    made = typer.Typer()
    made.callback()(lambda: None)
    app.register(made)
    return made


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((app.ADDRESS, 0))
        other.listen()
        port = other.getsockname()[1]
        result = CliRunner().invoke(program(), ["app", "--runs", str(tmp_path), "--port", str(port)])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == (
        f"port {port} is not free on 127.0.0.1: stop the other program, or choose a port with --port"
    )


def test_a_wrong_database_is_told_before_the_server_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("started"))
    result = CliRunner().invoke(program(), ["app", "--runs", str(tmp_path), "--database", "ratings.db"])
    assert isinstance(result.exception, UsageError)
    assert "not a database URL" in str(result.exception)


def test_the_server_is_told_to_stay_on_this_machine_and_tell_nobody(tmp_path: Path) -> None:
    words = app.command(tmp_path / "main.py", app.ServedAt(app.ADDRESS, 8501))
    options = dict(zip(words[6::2], words[7::2], strict=True))
    assert options["--server.address"] == "127.0.0.1"
    assert (options["--server.enableCORS"], options["--server.enableXsrfProtection"]) == ("true", "true")
    assert options["--server.maxUploadSize"] == "1"
    own = "http://127.0.0.1:8501"
    assert (options["--server.corsAllowedOrigins"], options["--client.allowedOrigins"]) == (own, own)
    assert options["--server.trustedUserHeaders"] == "{}"
    assert options["--client.showErrorDetails"] == "full"
    assert options["--browser.gatherUsageStats"] == "false"
    assert options["--server.headless"] == "true"
    assert "--theme.base" not in options, "the browser says whether the page is light or dark"


EVERY = "0.0.0.0"  # noqa: S104 - nothing is bound to it


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[AppSettings, app.ServedAt]]:
    """What would be served where."""
    found: list[tuple[AppSettings, app.ServedAt]] = []
    monkeypatch.setattr(app, "serve", lambda settings, place: found.append((settings, place)))
    return found


def test_nobody_is_let_in_unasked(
    audit: Callable[..., tuple[int, str, str]],
    served: list[tuple[AppSettings, app.ServedAt]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = written(tmp_path)
    for words, said in (
        (["--address", EVERY], "others can reach it, and nobody signs in: name an OpenID provider with --auth FILE"),
        (["--address", "192.0.2.7"], "--insecure-no-login"),
        (["--address", "::"], "others can reach it"),
        (["--address", "audit.host.test"], "not an IP address"),
        (["--address", "192.0.2.7", "--insecure-no-login"], "not an address of this machine"),
        (["--auth", file, "--insecure-no-login"], "leave one out"),
        (["--auth", file], "name the first admin with --admin EMAIL"),
        (["--auth", file, "--admin", "ada"], "--admin ada: not an email address"),
        (["--admin", "ada@host.test"], "--admin needs sign-in"),
        (["--auth", tmp_path / "none.toml", "--admin", "ada@host.test"], "cannot be read"),
    ):
        code, _, error = audit("app", "--runs", tmp_path, *words)
        assert (code, len(error.splitlines())) == (2, 1), error
        assert said in error
    monkeypatch.setattr(app.importlib.util, "find_spec", lambda _: None)
    code, _, error = audit("app", "--runs", tmp_path, "--auth", file, "--admin", "ada@host.test")
    assert (code, "pip install 'checkpoint-audit[login]'" in error) == (2, True)
    assert served == []


def test_a_run_is_opened_in_the_folder_that_holds_it(
    audit: Callable[..., tuple[int, str, str]],
    served: list[tuple[AppSettings, app.ServedAt]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RunFolder, "read_manifest", lambda _: None)
    run = tmp_path / "elsewhere" / "my run"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}")
    (run / "samples").mkdir()
    monkeypatch.chdir(run / "samples")
    for typed in (run, ".."):
        assert audit("app", typed, "--runs", tmp_path)[0] == 0
    opened = [(settings.runs, place.page) for settings, place in served]
    assert opened == 2 * [(run.parent, "/overview?run=my%20run")]
    code, _, error = audit("app", "none", "--runs", tmp_path)
    assert (code, len(served)) == (2, 2)
    assert "none: no such run" in error
    (tmp_path / "file").write_text("")
    for wrong, said in ((run, f"open it with `audit app '{run}'`"), (tmp_path / "file", "it is a file")):
        code, _, error = audit("app", "--runs", wrong)
        assert (code, len(error.splitlines()), len(served)) == (2, 1, 2)
        assert said in error


def test_the_first_admin_is_named_once_and_people_sign_in(
    audit: Callable[..., tuple[int, str, str]], served: list[tuple[AppSettings, app.ServedAt]], tmp_path: Path
) -> None:
    file = written(tmp_path)
    assert audit("app", "--runs", tmp_path, "--auth", file, "--admin", "Ada@Host.test")[0] == 0
    assert audit("app", "--runs", tmp_path, "--auth", file, "--address", EVERY)[0] == 0
    assert app_admins(default_url(tmp_path)) == ["Ada@Host.test"]
    assert [(settings.login, place.address, place.url) for settings, place in served] == [
        (True, "127.0.0.1", "https://audit.host.test:8443"),
        (True, EVERY, "https://audit.host.test:8443"),
    ]
    words = app.command(tmp_path / "main.py", served[1][1])
    assert words[words.index("--secrets.files") + 1] == str(file)
    assert words[words.index("--client.showErrorDetails") + 1] == "none"
    assert "hush-hush" not in "".join(words), "every user of the machine sees command lines"


@pytest.mark.parametrize(
    ("address", "url", "names"),
    [
        ("127.0.0.1", "http://127.0.0.1:8501", ["127.0.0.1", "::1", "localhost"]),
        ("::1", "http://[::1]:8501", ["127.0.0.1", "::1", "localhost"]),
        ("192.0.2.7", "http://192.0.2.7:8501", ["127.0.0.1", "192.0.2.7", "::1", "localhost"]),
        (EVERY, "http://127.0.0.1:8501", ["*"]),
        ("::", "http://[::1]:8501", ["*"]),
        ("localhost", "http://localhost:8501", ["127.0.0.1", "::1", "localhost"]),
    ],
)
def test_browsers_ask_for_the_app_by_its_own_names(address: str, url: str, names: list[str], tmp_path: Path) -> None:
    place = app.ServedAt(address, 8501)
    words = app.command(tmp_path / "main.py", place)
    assert place.url == url
    assert [word for flag, word in pairwise(words) if flag == "--server.allowedHosts"] == names


class Healthy(BaseHTTPRequestHandler):
    """Answers as the app's server does where it is asked how it is, and leaves a file that says so."""

    asked: Path

    def do_GET(self) -> None:
        is_right = self.path == "/_stcore/health"
        self.send_response(HTTPStatus.OK if is_right else HTTPStatus.NOT_FOUND)
        self.end_headers()
        self.asked.touch()

    def log_message(self, *_: object) -> None:
        """To nobody."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[app.ServedAt]:
    """Where something answers as the app's server does; the file ``asked`` is there once it has been asked."""
    handler = type("Handler", (Healthy,), {"asked": tmp_path / "asked"})
    with socketserver.TCPServer((app.ADDRESS, 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield app.ServedAt(app.ADDRESS, server.server_address[1])
        server.shutdown()
        thread.join()


def shell(command: str) -> list[str]:
    """A process in the place of the app's server."""
    return ["sh", "-c", command]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, bool]]:
    """How signals would be handled; here they stay as they are."""
    found: list[dict[str, bool]] = []
    monkeypatch.setattr(app.interrupts, "install", lambda **how: found.append(how))
    return found


@pytest.mark.slow
def test_it_says_where_the_app_is_and_how_its_server_ended(
    place: app.ServedAt,
    installed: list[dict[str, bool]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = AppSettings(tmp_path, default_url(tmp_path))
    asked, told = shlex.quote(str(tmp_path / "asked")), shlex.quote(str(tmp_path / "told"))
    name, value = next(iter(settings.to_environment().items()))
    wait = f'while [ ! -e {asked} ]; do sleep 0.02; done; echo "${name}" > {told}; exit'
    monkeypatch.setattr(app, "command", lambda *_: shell(f"{wait} 0"))
    app.serve(settings, replace(place, page="/overview?run=a"))
    assert capfd.readouterr().out == f"{place.url}/overview?run=a  (runs in {tmp_path}; Ctrl-C stops it)\n"
    assert (tmp_path / "told").read_text() == f"{value}\n"
    assert installed == [{"even_ignored": True}]
    (tmp_path / "asked").unlink()
    monkeypatch.setattr(app, "command", lambda *_: shell(f"{wait} 3"))
    with pytest.raises(AuditError, match="ended with code 3: see its messages above"):
        app.serve(settings, replace(place, address=EVERY))
    assert "sign-in is off: everyone who reaches it sees and does everything;" in capfd.readouterr().out


def test_ctrl_c_ends_the_server_too(
    place: app.ServedAt, installed: list[dict[str, bool]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited_for: list[subprocess.Popen[bytes]] = []

    def interrupted(server: subprocess.Popen[bytes], _: app.ServedAt) -> None:
        waited_for.append(server)
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "wait_until_up", interrupted)
    monkeypatch.setattr(app, "command", lambda *_: ["sleep", "300"])
    app.serve(AppSettings(tmp_path, default_url(tmp_path)), place)
    assert [server.poll() for server in waited_for] == [-signal.SIGTERM]
    assert installed


def test_a_server_that_ends_or_does_not_answer_was_not_started(
    place: app.ServedAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["false"]) as ended:
        ended.wait()
        with pytest.raises(AuditError, match=f"did not start on 127.0.0.1:{place.port}: see its messages above"):
            app.wait_until_up(ended, place)
    now = iter([0.0, 0.0, app.START_SECONDS + 1.0])
    monkeypatch.setattr(app.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(app.time, "sleep", lambda _: None)
    monkeypatch.setattr(app, "is_up", lambda _: False)
    with subprocess.Popen(["sleep", "300"]) as silent:
        with pytest.raises(AuditError, match="did not start"):
            app.wait_until_up(silent, place)
        app.stop(silent)
    assert list(now) == []


def test_only_what_answers_as_the_app_does_is_up(place: app.ServedAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert app.is_up(place)
    monkeypatch.setattr(Healthy, "do_GET", lambda handler: handler.send_error(HTTPStatus.SERVICE_UNAVAILABLE))
    assert not app.is_up(place)
    monkeypatch.setattr(Healthy, "do_GET", lambda handler: handler.wfile.write(b"220 mail at your service\r\n"))
    assert not app.is_up(place)
    with socket.socket() as other:
        other.bind((app.ADDRESS, 0))  # and does not listen
        assert not app.is_up(replace(place, port=other.getsockname()[1]))


def test_a_server_that_does_not_end_when_asked_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "STOP_SECONDS", 0.05)
    command = shell("trap '' TERM; echo ready; exec sleep 300")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        assert stubborn.stdout.readline() == b"ready\n"
        app.stop(stubborn)
        assert stubborn.poll() == -signal.SIGKILL
        app.stop(stubborn)  # nothing is left to end
