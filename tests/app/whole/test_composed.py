"""The app as ``compose.yaml`` starts it: its command, files and environment, PostgreSQL with a password, a provider.

What a network of containers gives is put in: ports, the address behind the name ``database``, and a provider that is
the tests' own. Its configuration is compared with what Dex reads by tests/packaging/test_compose.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from audit.core.errors import UsageError
from audit.ratings import database as opening
from audit.ratings.access.app_roles import app_admins
from audit.ratings.database import check_connection
from tests import postgresql
from tests.app.provider import CLIENT_SECRET, Provider
from tests.app.whole.raw import Session, sign_in
from tests.app.whole.served import Server, unused_port
from tests.packaging.test_compose import VARIABLES, filled
from tests.packaging.test_images import CPU, arguments, stages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.whole.processes import Forks

pytestmark = pytest.mark.slow
ADMIN, PASSWORD = VARIABLES["AUDIT_ADMIN"], VARIABLES["AUDIT_DATABASE_PASSWORD"]
ANOTHER = "7c" * 32
RULES = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
"""Who comes over the network is asked for the password, as in the image of PostgreSQL."""


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Port of a server with the database and the password of ``compose.yaml``, at the address behind ``database``."""
    port = str(unused_port())
    monkeypatch.setenv("PGPORT", port)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as rules:
        rules.write(RULES)
        rules.flush()
        Path(rules.name).chmod(0o644)  # the server may run as somebody else
        options = ("fsync=off", "listen_addresses=127.0.0.1", f"hba_file={rules.name}")
        with postgresql.server(*options) as url:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE ratings")
                connection.execute(f"ALTER ROLE audit PASSWORD '{PASSWORD}'")
            monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
            opening._migrated_engine.cache_clear()  # the URL is the same for every server
            yield port


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider({"admin": {"email": ADMIN, "email_verified": True}})
    yield made
    made.close()


@pytest.fixture
def options(
    database: str, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Options of the app's command, with its files and its environment in place."""

    def made(port: int, **changed: str) -> list[str]:
        compose = filled({**VARIABLES, "AUDIT_CLIENT_SECRET": CLIENT_SECRET, **changed})
        app: dict[str, Any] = compose["services"]["app"]
        moved = {
            "http://localhost:8501": f"http://127.0.0.1:{port}",
            "http://localhost:5556/dex": provider.url,
            "database:5432": f"database:{database}",
        }
        for one in app["configs"]:
            moved[one["target"]] = str(tmp_path / Path(one["target"]).name)

        def at(text: str) -> str:
            for here, there in moved.items():
                text = text.replace(here, there)
            return text

        for one in app["configs"]:
            file = Path(at(one["target"]))
            file.write_text(at(compose["configs"][one["source"]]["content"]), "utf-8")
            file.chmod(one["mode"])
        for name, value in app["environment"].items():
            monkeypatch.setenv(name, at(value))
        return [at(word) for word in app["command"][1:] if not word.startswith("--port=")]

    return made


def url_in(words: list[str]) -> str:
    """What the command names with ``--database``."""
    (url,) = (word.partition("=")[2] for word in words if word.startswith("--database="))
    return url


def ready() -> bool:
    """What the health check of the database finds."""
    program, *words = filled(VARIABLES)["services"]["database"]["healthcheck"]["test"][1:]
    folder = postgresql.programs()
    assert folder is not None
    return subprocess.run([folder / program, *words], check=False).returncode == 0


def healthy(port: int) -> bool:
    """What the health check of the image finds."""
    (text,) = arguments(stages(CPU)["app"], "HEALTHCHECK")
    _, flag, code = json.loads(text.partition(" CMD ")[2])
    command = [sys.executable, flag, code.replace("8501", str(port))]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


@pytest.mark.usefixtures("run")
def test_the_admin_signs_in_and_is_in_the_database(
    options: Callable[..., list[str]],
    runs: Path,
    app_forks: Forks,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = unused_port()
    words = options(port)
    server = Server(runs, *words, port=port, forks=app_forks)
    try:
        assert ready()
        assert healthy(port)
        assert app_admins(url_in(words)) == [ADMIN]
        opening.open_engine(url_in(words)).dispose()
        session = Session(server.url, sign_in(server.url, "admin"))
        drawn = session.run()
        session.close()
    finally:
        server.stop()
    assert not healthy(port)
    monkeypatch.setenv("PGPORT", str(unused_port()))
    assert not ready()
    assert "admin" in drawn.pages()
    assert drawn.faults == []
    assert provider.codes == {}  # the one that was given is spent


def test_another_password_is_one_line(options: Callable[..., list[str]]) -> None:
    url = url_in(options(unused_port(), AUDIT_DATABASE_PASSWORD=ANOTHER))
    with pytest.raises(UsageError, match="password authentication failed") as caught:
        check_connection(url)
    assert len(str(caught.value).splitlines()) == 1
    assert ANOTHER not in str(caught.value)
