"""``compose.yaml``: app, database and provider are configured for each other. Its schema is checked by test_action.py.

Variables are put in as Compose documents it.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import tomllib
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.app.login_file import read_login_file
from audit.cli.main import load_command
from audit.core.errors import UsageError
from audit.ratings.database import parse_url

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "compose.yaml"
PAGE = (ROOT / "docs" / "howto" / "containers.md").read_text("utf-8")
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
VARIABLES = {
    "AUDIT_ADMIN": "ada@example.org",
    "AUDIT_ADMIN_HASH": base64.b64encode(b"$2y$12$" + b"x" * 53).decode(),
    "AUDIT_CLIENT_SECRET": "4f" * 32,
    "AUDIT_COOKIE_SECRET": "5e" * 32,
    "AUDIT_DATABASE_PASSWORD": "6d" * 32,
}
DEX: dict[str, set[str]] = {
    "": {"issuer", "storage", "web", "telemetry", "oauth2", "staticClients", "enablePasswordDB", "staticPasswords"}
    | {"connectors", "expiry", "frontend", "grpc", "logger"},
    "storage": {"type", "config"},
    "web": {"http", "https", "tlsCert", "tlsKey", "tlsMinVersion", "tlsMaxVersion", "headers"}
    | {"allowedOrigins", "allowedHeaders", "clientRemoteIP"},
    "telemetry": {"http", "enableProfiling"},
    "oauth2": {"grantTypes", "responseTypes", "skipApprovalScreen", "alwaysShowLoginScreen", "passwordConnector"},
    "staticClients": {"id", "idEnv", "secret", "secretEnv", "name", "redirectURIs"}
    | {"trustedPeers", "public", "logoURL"},
    "staticPasswords": {"email", "username", "userID", "hash", "hashFromEnv"},
}
"""Fields that Dex reads by table, from its ``cmd/dex/config.go`` and ``config.yaml.dist``; it passes over others."""


def filled(variables: dict[str, str]) -> dict[str, Any]:
    """The file with its variables put in: ``${NAME:?}`` must be there, ``${NAME:-DEFAULT}`` need not."""

    def value(found: re.Match[str]) -> str:
        name, kind, default = found.groups()
        if variables.get(name):
            return variables[name]
        if kind != "-":
            raise KeyError(name)
        return str(default)

    loaded: dict[str, Any] = yaml.safe_load(VARIABLE.sub(value, FILE.read_text("utf-8")))
    return loaded


COMPOSE = filled(VARIABLES)
APP, DATABASE, PROVIDER = (COMPOSE["services"][name] for name in ("app", "database", "provider"))


@pytest.mark.parametrize("name", VARIABLES)
def test_no_secret_has_a_default(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        filled({**VARIABLES, name: ""})


def test_how_to_makes_every_variable() -> None:
    (made,) = re.findall(r"cat > \.env <<.*?\n(.*?)\n\s*EOF\n", PAGE, re.DOTALL)
    named = set(re.findall(r"^\s*(AUDIT_\w+)=", made, re.MULTILINE))
    assert named == {match[1] for match in VARIABLE.finditer(FILE.read_text("utf-8"))} - {"AUDIT_RUNS"}


def test_people_sign_in_at_the_provider(tmp_path: Path) -> None:
    """The app accepts the file, which it could not if the provider were at a name within the network of containers."""
    file = tmp_path / "login.toml"
    file.write_text(COMPOSE["configs"]["login"]["content"], "utf-8")
    file.chmod(next(one["mode"] for one in APP["configs"] if one["source"] == "login"))
    read_login_file(file)
    login = tomllib.loads(file.read_text("utf-8"))["auth"]
    provider = yaml.safe_load(COMPOSE["configs"]["provider"]["content"])
    (client,) = provider["staticClients"]
    assert login["server_metadata_url"] == f"{provider['issuer']}/.well-known/openid-configuration"
    assert [login["redirect_uri"]] == client["redirectURIs"]
    assert login["client_id"] == client["id"]
    assert login["client_secret"] == PROVIDER["environment"][client["secretEnv"]]
    (person,) = provider["staticPasswords"]
    assert person["email"] == VARIABLES["AUDIT_ADMIN"]
    assert PROVIDER["environment"][person["hashFromEnv"]] == VARIABLES["AUDIT_ADMIN_HASH"]
    file.write_text(file.read_text("utf-8").replace("localhost:5556", "provider:5556"), "utf-8")
    with pytest.raises(UsageError, match="use https"):
        read_login_file(file)


def test_provider_is_configured_as_dex_documents() -> None:
    """Fields it knows, and what ``dex serve`` refuses to start without: names, one secret, a readable hash."""
    provider = yaml.safe_load(COMPOSE["configs"]["provider"]["content"])
    tables = {"": [provider], **{name: provider[name] for name in DEX if name}}
    found = {
        name: {field for one in (table if isinstance(table, list) else [table]) for field in one}
        for name, table in tables.items()
    }
    assert {name: fields - DEX[name] for name, fields in found.items() if fields - DEX[name]} == {}
    assert provider["storage"]["type"] == "memory"  # one of its kinds; people and clients are in the file
    (client,), (person,) = provider["staticClients"], provider["staticPasswords"]
    assert client["name"]
    assert len({"id", "idEnv"} & set(client)) == 1
    assert len({"secret", "secretEnv"} & set(client)) == 1
    assert provider["enablePasswordDB"] is True
    assert len({"hash", "hashFromEnv"} & set(person)) == 1
    assert uuid.UUID(person["userID"])
    hashed = base64.b64decode(PROVIDER["environment"][person["hashFromEnv"]])
    assert re.fullmatch(rb"\$2[aby]\$\d\d\$.{53}", hashed)
    assert PROVIDER["command"][:2] == ["dex", "serve"]
    (config,) = PROVIDER["configs"]
    assert PROVIDER["command"][2:] == [config["target"]]


def test_how_to_makes_a_hash_that_dex_reads(tmp_path: Path) -> None:
    """The pipe of the page, behind a ``htpasswd`` that prints what Debian's does: a name, the hash, an empty line."""
    hashed = "$2y$12$" + "x" * 53
    program = tmp_path / "htpasswd"
    program.write_text(f"#!/bin/sh\necho 'ada:{hashed}'\necho\n", "utf-8")
    program.chmod(0o755)
    (pipe,) = re.findall(r"^AUDIT_ADMIN_HASH=\$\((.*)\)$", PAGE, re.MULTILINE)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["sh", "-c", pipe], env=environment, capture_output=True, text=True, check=True)
    assert base64.b64decode(done.stdout).decode() == hashed
    assert not {"$", "\n"} & set(done.stdout)  # Compose would take them for a variable and for another line


def test_database_is_ready_when_its_own_program_says_so() -> None:
    """``pg_isready`` over TCP, where the server that sets up a new volume does not listen; test_composed.py runs it."""
    kind, program, *options = DATABASE["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "pg_isready")
    environment = DATABASE["environment"]
    user, name = environment["POSTGRES_USER"], environment["POSTGRES_DB"]
    assert options == ["--quiet", "--host=127.0.0.1", f"--username={user}", f"--dbname={name}"]
    assert APP["depends_on"]["database"] == {"condition": "service_healthy"}


def test_ports_are_those_of_the_addresses_and_of_this_machine_alone() -> None:
    assert APP["network_mode"] == "service:provider"
    assert "ports" not in APP | DATABASE
    assert PROVIDER["ports"] == ["127.0.0.1:5556:5556", "127.0.0.1:8501:8501"]
    provider = yaml.safe_load(COMPOSE["configs"]["provider"]["content"])
    (address,) = (word for word in PROVIDER["healthcheck"]["test"] if word.startswith("http"))
    assert address.startswith(f"http://{provider['telemetry']['http']}/")


def test_app_finds_its_database() -> None:
    name, *words = APP["command"]
    command: Any = load_command(name)
    with command.make_context(name, words) as context:
        given = context.params
    url = parse_url(given["database"])
    assert (given["port"], given["address"], given["admin"]) == (8501, "0.0.0.0", [VARIABLES["AUDIT_ADMIN"]])  # noqa: S104
    host, port, *rest = COMPOSE["configs"]["pgpass"]["content"].strip().split(":")
    assert host == url.host
    assert host in COMPOSE["services"]
    assert (port, url.port) == ("5432", None)
    assert rest == [url.database, url.username, VARIABLES["AUDIT_DATABASE_PASSWORD"]]
    environment = DATABASE["environment"]
    assert (environment["POSTGRES_USER"], environment["POSTGRES_DB"]) == (url.username, url.database)
    (secret,) = DATABASE["secrets"]
    assert environment["POSTGRES_PASSWORD_FILE"] == f"/run/secrets/{secret}"
    assert COMPOSE["secrets"][secret] == {"environment": "AUDIT_DATABASE_PASSWORD"}
    targets = {one["source"]: one["target"] for one in APP["configs"]}
    assert (str(given["auth"]), APP["environment"]["PGPASSFILE"]) == (targets["login"], targets["pgpass"])
