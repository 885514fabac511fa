"""Which server it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import ServerConfig
from audit.core.errors import ScoringUnavailable
from audit.engine.server.contact import contact
from audit.engine.server.native.detect import detect, root_client
from audit.engine.server_name import ServerName, parse
from tests.engine.server.openai_double import NAME

if TYPE_CHECKING:
    from tests.engine.server.openai_double import Double

pytestmark = pytest.mark.usefixtures("patient")
INFO = {"model_path": "/some", "served_model_name": NAME, "is_generation": True, "preferred_sampling_params": None}


def found(double: Double) -> list[str]:
    client = root_client(contact(parse(double.name), ServerConfig()))
    assert client is not None
    return [dialect.called for dialect in detect(client, NAME)]


def test_a_server_that_says_nothing_of_itself_has_none(double: Double) -> None:
    assert found(double) == []


def test_vllm_is_read_by_parts_first(double: Double) -> None:
    double.pages["/version"] = {"version": "0.33.0"}
    assert found(double) == [
        "vLLM 0.33.0, /inference/v1/generate, parts of prompts",
        "vLLM 0.33.0, /inference/v1/generate, whole prompts",
    ]


@pytest.mark.parametrize("older", [False, True])
def test_sglang_says_it_at_either_path(double: Double, *, older: bool) -> None:
    double.pages["/get_model_info" if older else "/model_info"] = INFO
    double.pages["/get_server_info" if older else "/server_info"] = {"version": "0.5.23"}
    assert found(double) == ["SGLang 0.5.23, /generate"]


def test_sglang_of_unknown_version(double: Double) -> None:
    double.pages["/model_info"] = {"model_path": "/some"}  # fields of today are missing
    assert found(double) == ["SGLang of unknown version, /generate"]


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"is_generation": False}, "no model that writes text"),
        ({"preferred_sampling_params": {"top_k": 5}}, "preferred_sampling_params, which change log-probabilities"),
        ({"served_model_name": "another"}, "SGLang's /generate answers for another"),
    ],
)
def test_sglang_whose_endpoint_answers_otherwise(double: Double, info: dict[str, Any], said: str) -> None:
    double.pages["/model_info"] = INFO | info
    with pytest.raises(ValueError, match=said):
        found(double)


@pytest.mark.slow
def test_a_server_that_fails_at_unknown_paths_has_none(double: Double) -> None:
    for path in ("/version", "/model_info", "/get_model_info"):
        double.pages[path] = (500, {"error": "no such path"})
    assert found(double) == []


def test_a_lost_connection_decides_nothing(double: Double) -> None:
    client = root_client(contact(parse(double.name), ServerConfig(tries=1)))
    assert client is not None
    client.url = "http://127.0.0.1:9"
    with pytest.raises(ScoringUnavailable, match=r"http://127\.0\.0\.1:9: no connection"):
        detect(client, NAME)


def test_an_address_without_v1_has_no_own_endpoints(double: Double) -> None:
    server = contact(ServerName(f"{double.url}/openai", NAME), ServerConfig())
    assert root_client(server) is None
