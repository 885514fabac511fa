"""Names of served models: what is read, refused, and shown to people."""

from __future__ import annotations

import pytest

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.source import check_source, short_name
from audit.engine.server.client import KEY_VARIABLE
from audit.engine.server_name import parse

pytestmark = pytest.mark.usefixtures("patient")


@pytest.mark.parametrize(
    ("written", "url", "model"),
    [
        ("openai:http://127.0.0.1:8000#m", "http://127.0.0.1:8000/v1", "m"),
        ("openai:http://127.0.0.1:8000/#m", "http://127.0.0.1:8000/v1", "m"),
        ("openai:https://example.org/api/v2/#owner/m#x", "https://example.org/api/v2", "owner/m#x"),
        ("openai:http://[::1]:8000#m", "http://[::1]:8000/v1", "m"),
    ],
)
def test_names(written: str, url: str, model: str) -> None:
    assert (parse(written).url, parse(written).model) == (url, model)
    check_source(written)


@pytest.mark.parametrize(
    "written",
    [
        "openai:", "openai:#m", "openai:http://#m", "openai:127.0.0.1:8000#m", "openai:ftp://host#m", "openai:http://h",
        "openai:http://h# ", "openai:http://h:99999#m", "openai:http://h:port#m", "openai:http://a b#m",
    ],
)  # fmt: skip
def test_other_forms_are_refused(written: str) -> None:
    with pytest.raises(CheckpointError, match="write openai:URL#NAME"):
        check_source(written)


@pytest.mark.parametrize("written", ["openai:http://u:hush@h#m", "openai:u:hush@h#m", "openai:http://h/v1?key=hush#m"])
def test_credentials_in_the_url_are_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(CheckpointError, match=KEY_VARIABLE) as caught:
        check_source(written)
    assert "hush" not in str(caught.value)


def test_name_for_people() -> None:
    assert short_name("openai:http://h:1#owner/some-model") == "some-model"
    assert short_name("openai:http://h:1#/models/mine/") == "mine"
