"""Addresses that are sent to, and what of them is shown."""

from __future__ import annotations

import pytest

from audit.core.errors import ConfigError
from audit.reports.monitoring import web_address


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://hooks.example.com/services/T0/B0/SECRET", "https://hooks.example.com"),
        ("http://user:SECRET@127.0.0.1:8080/x?token=SECRET", "http://127.0.0.1:8080"),
        ("http://[::1]:9/SECRET", "http://[::1]:9"),
    ],
)
def test_scheme_host_and_port_are_all_that_is_shown(url: str, shown: str) -> None:
    assert web_address.shown(web_address.read(url, "--webhook")) == shown


@pytest.mark.parametrize(
    "url",
    ["SECRET", "ftp://host/SECRET", "http:///SECRET", "http://host:0/SECRET", "http://host:x/SECRET",
     "http://h/SECRET x", "http://h/SECRET\u00e9", "http://h/SECRET\x1b", "http://[::1/SECRET"],
)  # fmt: skip
def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^--webhook: not the address of a server: write http://HOST") as caught:
        web_address.read(url, "--webhook")
    assert "SECRET" not in str(caught.value)
