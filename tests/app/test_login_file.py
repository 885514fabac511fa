"""The file with the OpenID provider: what is refused before anybody can sign in, and that no secret is quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.app.login_file import is_loopback, read_login_file
from audit.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of a test
RIGHT: dict[str, Any] = {
    "redirect_uri": "https://audit.host.test:8443/oauth2callback",
    "cookie_secret": SECRET,
    "client_id": "audit",
    "client_secret": "hush-hush",
    "server_metadata_url": "https://login.host.test/.well-known/openid-configuration",
}


def written(folder: Path, **changes: Any) -> Path:
    """The file with some values changed; None leaves one out."""
    values = {name: value for name, value in (RIGHT | changes).items() if value is not None}
    file = folder / "login.toml"
    file.write_text("[auth]\n" + "".join(f"{name} = {value!r}\n" for name, value in values.items()))
    file.chmod(0o600)
    return file


def test_a_right_file_says_where_people_find_the_app(tmp_path: Path) -> None:
    found = read_login_file(written(tmp_path))
    assert (found.origin, found.host, found.path) == (
        "https://audit.host.test:8443",
        "audit.host.test",
        tmp_path / "login.toml",
    )
    local = {"redirect_uri": "http://localhost:8501/oauth2callback", "server_metadata_url": "http://127.0.0.1:9/x"}
    assert read_login_file(written(tmp_path, **local)).origin == "http://localhost:8501"


def test_what_is_missing_left_over_or_unsafe_is_one_line_without_a_secret(tmp_path: Path) -> None:
    faults: list[tuple[dict[str, Any], str]] = [
        *(({name: None}, f"lacks {name}") for name in RIGHT),
        ({"client_secret": " "}, "lacks client_secret"),
        ({"client_id": 5}, "lacks client_id"),
        ({"client_secert": "x"}, "Did you mean 'client_secret'"),
        ({"client_secret": "<your secret>"}, "client_secret is still a placeholder"),
        ({"client_secret": "your-client-secret"}, "client_secret is still a placeholder"),
        ({"client_id": "xxxxxxxx"}, "client_id is still a placeholder"),
        ({"cookie_secret": "CHANGE_ME" * 5}, "cookie_secret is still a placeholder"),
        ({"cookie_secret": SECRET[:31]}, "cookie_secret has 31 characters"),
        ({"redirect_uri": "https://audit.example.org/oauth2callback"}, "redirect_uri is still a placeholder"),
        ({"redirect_uri": "https://audit.host.test/"}, "ending in /oauth2callback"),
        ({"redirect_uri": "https://audit.host.test/oauth2callback?x=1"}, "ending in /oauth2callback"),
        ({"redirect_uri": "http://audit.host.test/oauth2callback"}, "use https"),
        ({"redirect_uri": "https://ada:pw@audit.host.test/oauth2callback"}, "not an address"),
        ({"redirect_uri": "oauth2callback"}, "not an address"),
        ({"server_metadata_url": "http://login.host.test/x"}, "use https"),
        ({"server_metadata_url": "https://login.host.test:port/x"}, "not an address"),
    ]
    for changes, said in faults:
        with pytest.raises(UsageError) as caught:
            read_login_file(written(tmp_path, **changes))
        message = str(caught.value)
        assert said in message, changes
        assert str(tmp_path / "login.toml") in message
        assert "\n" not in message
        assert not [secret for secret in (SECRET[:31], "hush-hush", "ada:pw", "CHANGE_ME") if secret in message]


def test_what_is_no_such_file(tmp_path: Path) -> None:
    file = written(tmp_path)
    for text, said in (
        ("[auth", "not TOML"),
        ("client_secret = hush-hush", "not TOML"),
        ("[other]\nx = 1", "one table"),
        (file.read_text() + "[more]\nx = 1\n", "one table"),
        ("auth = 1", "one table"),
    ):
        file.write_text(text)
        with pytest.raises(UsageError, match=said) as caught:
            read_login_file(file)
        assert "hush" not in str(caught.value)
    with pytest.raises(UsageError, match="No such file"):
        read_login_file(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("mode", "is_refused"),
    [(0o600, False), (0o400, False), (0o640, False), (0o644, True), (0o602, True), (0o660, True)],
)
def test_secrets_that_others_can_read_or_change_are_refused(tmp_path: Path, mode: int, is_refused: bool) -> None:
    file = written(tmp_path)
    file.chmod(mode)
    if not is_refused:
        read_login_file(file)
        return
    with pytest.raises(UsageError, match="chmod 600"):
        read_login_file(file)


@pytest.mark.parametrize(
    ("host", "is_own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("Localhost", True), ("::", False),
     ("192.168.1.5", False), ("127.0.0.1.host.test", False)],
)  # fmt: skip
def test_what_is_this_machine_alone(host: str, is_own: bool) -> None:
    assert is_loopback(host) is is_own
