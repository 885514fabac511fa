"""The file that says where people sign in: Streamlit's ``secrets.toml`` with a table ``[auth]``, checked before use.

No message quotes a value of it but the two addresses: the others are secrets.
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from audit.core.errors import UsageError, did_you_mean
from audit.core.text import named

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.parse import SplitResult

NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
OPTIONAL = ("client_kwargs",)
"""Passed on to Authlib: ``scope``, ``prompt``."""
CALLBACK = "/oauth2callback"
"""The path where Streamlit takes people back from the provider."""
LEAST_COOKIE_SECRET = 32
"""Characters of the secret that signs cookies: whoever guesses it is everybody."""
MOST_BYTES = 100_000
_PLACEHOLDER = re.compile(
    r"^<.*>$|…|\.\.\.|change.?me|placeholder|example\.(com|org|net)|^your\b|^(.)\2*$", re.IGNORECASE
)
"""What templates and manuals put where a value belongs, and one character again and again."""
_OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP


@dataclass(frozen=True, slots=True)
class LoginFile:
    """A file that was found right."""

    path: Path
    """Where it is."""
    origin: str
    """Where people find the app: ``https://audit.example.org``."""
    host: str
    """The host of that address, without its port."""


def read_login_file(path: Path) -> LoginFile:
    """Check a file with the table ``[auth]``.

    Raises:
        UsageError: It cannot be read, others can read or change it, or a value is missing, a placeholder or unsafe.
    """
    table = _table(path)
    unknown = next((name for name in table if name not in {*NEEDED, *OPTIONAL}), None)
    if unknown is not None:
        msg = f"{path}: [auth] has no {named(unknown)}: it has {', '.join(NEEDED)}.{did_you_mean(unknown, NEEDED)}"
        raise UsageError(msg)
    values = {name: _value(path, table, name) for name in NEEDED}
    secret = values["cookie_secret"]
    if len(secret) < LEAST_COOKIE_SECRET:
        how = "python -c 'import secrets; print(secrets.token_hex(32))'"
        msg = f"{path}: cookie_secret has {len(secret)} characters: at least {LEAST_COOKIE_SECRET}, random: {how}"
        raise UsageError(msg)
    _address(path, "server_metadata_url", values["server_metadata_url"])
    found = _address(path, "redirect_uri", values["redirect_uri"])
    if values["redirect_uri"] != f"{found.scheme}://{found.netloc}{CALLBACK}":
        msg = f"{path}: redirect_uri: {named(values['redirect_uri'])}: the app's own address, ending in {CALLBACK}"
        raise UsageError(msg)
    return LoginFile(path.absolute(), f"{found.scheme}://{found.netloc}", found.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone: ``localhost`` or a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def _table(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            _check_permissions(path, os.fstat(file.fileno()))
            content = tomllib.loads(file.read(MOST_BYTES).decode("utf-8"))
    except OSError as error:
        msg = f"--auth {path}: cannot be read: {error.strerror}"
        raise UsageError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        msg = f'{path}: not TOML: write [auth] and a line NAME = "VALUE" for each of {", ".join(NEEDED)}'
        raise UsageError(msg) from None  # the parser's message may quote the line
    table = content.get("auth")
    if not isinstance(table, dict) or set(content) != {"auth"}:
        msg = f"{path}: it must hold exactly one table: [auth] with {', '.join(NEEDED)}"
        raise UsageError(msg)
    return table


def _check_permissions(path: Path, status: os.stat_result) -> None:
    if os.name == "posix" and status.st_mode & _OTHERS:
        msg = f"{path}: other users of this machine can read or change it, and it holds secrets: chmod 600 {path}"
        raise UsageError(msg)


def _value(path: Path, table: dict[str, object], name: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value.strip():
        msg = f"{path}: [auth] lacks {name}"
        raise UsageError(msg)
    if _PLACEHOLDER.search(value):
        msg = f"{path}: {name} is still a placeholder: put in the value from your OpenID provider"
        raise UsageError(msg)
    return value


def _address(path: Path, name: str, value: str) -> SplitResult:
    """An address of the file: with TLS, or on this machine."""
    try:
        found = urlsplit(value)
        is_address = found.scheme in {"http", "https"} and bool(found.hostname) and found.port != 0
    except ValueError:
        is_address = False
    if not is_address or found.username is not None:
        msg = f"{path}: {name}: not an address: write https:// and a host"
        raise UsageError(msg)
    if found.scheme == "http" and not is_loopback(found.hostname or ""):
        msg = f"{path}: {name}: {named(value)}: use https: over http, somebody in between could sign in as others"
        raise UsageError(msg)
    return found
