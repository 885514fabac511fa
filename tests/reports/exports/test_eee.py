"""A run as Every Eval Ever JSON, validated by the schema of version 0.2.2."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from audit.core.assets import wheel_cache
from audit.core.assets.asset import Wheel
from audit.core.errors import ConfigError
from audit.reports.exports import eee
from audit.reports.exports.publication import Publication
from tests.reports.conftest import a_manifest, a_metric, all_scored
from tests.reports.exports.conftest import VILE, a_check, a_decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.reports.contents import RunContents

    Contents = Callable[..., RunContents]

WHEEL = Wheel("every-eval-ever", "0.2.3rc1", "3d6865e0094794949a33ea5188251cc429d3bcb794ed934fb8d3cd480c9205c1", 94683)
MEMBER = "every_eval_ever/schemas/eval.schema.json"


@cache
def schema() -> dict[str, Any]:
    """The publisher's schema, version 0.2.2, from the package that has it."""
    wheel_cache.fetch(WHEEL, [MEMBER])
    found = wheel_cache.cached(WHEEL, [MEMBER])
    assert found
    loaded: dict[str, Any] = json.loads(found[MEMBER].read_text("utf-8"))
    return loaded


def read(text: str) -> dict[str, Any]:
    """The record, which must satisfy the schema."""
    record: dict[str, Any] = json.loads(text)
    Draft7Validator(schema()).validate(record)
    assert record["schema_version"] == schema()["version"]
    return record


def test_a_result_has_its_interval(make_contents: Contents) -> None:
    contents = make_contents(decision=a_decision(a_check()), packages={"checkpoint-audit": "0.1.0"})
    record = read(eee.render(contents, Publication(organisation="An Institute")))
    assert record["source_metadata"]["source_organization_name"] == "An Institute"
    assert record["eval_library"] == {"name": "checkpoint-audit", "version": "0.1.0"}
    (result,) = record["evaluation_results"]
    assert result["score_details"]["score"] == 0.6
    assert result["score_details"]["uncertainty"] == {
        "confidence_interval": {"lower": 0.5, "upper": 0.7, "confidence_level": 0.95, "method": "wilson"},
        "num_samples": 100,
    }
    config = result["metric_config"]
    assert (config["lower_is_better"], config["min_score"], config["max_score"]) == (False, 0, 1)
    assert result["source_data"]["url"] == ["https://github.com/google-research-datasets/boolean-questions"]
    assert result["score_details"]["details"]["verdict"] == "PASS"


def test_the_same_run_gives_the_same_bytes(make_contents: Contents) -> None:
    assert eee.render(make_contents()) == eee.render(make_contents())


def test_a_path_of_this_machine_is_not_the_id_of_a_model(make_contents: Contents) -> None:
    assert read(eee.render(make_contents()))["model_info"]["id"] == "tiny-chat"
    model = a_manifest().model.model_copy(update={"source": "owner/tiny-chat", "revision": "main"})
    assert read(eee.render(make_contents(model=model)))["model_info"]["id"] == "owner/tiny-chat"


def test_what_the_schema_cannot_say_is_left_out(make_contents: Contents) -> None:
    neither, unbounded = a_metric("boolq/pct", higher_is_better=None), a_metric("boolq/ppl", unit="perplexity")
    record = read(eee.render(make_contents(a_metric(), neither, unbounded, all_scored())))
    assert [one["metric_config"]["metric_id"] for one in record["evaluation_results"]] == ["boolq.accuracy"]
    with pytest.raises(ConfigError, match="none of its 2 primary metrics can be exported"):
        eee.render(make_contents(neither, unbounded, all_scored()))


@pytest.mark.parametrize("verdict", ["INCONCLUSIVE"])
def test_an_open_number_is_not_exported(verdict: str, make_contents: Contents) -> None:
    with pytest.raises(ConfigError, match="can be exported"):
        eee.render(make_contents(decision=a_decision(a_check(verdict=verdict))))


def test_settings_are_texts_and_text_of_others_is_printable(make_contents: Contents) -> None:
    settings = {"shots": 5, "note": VILE, "nested": {"a": 1}, "bad": float("nan"), "chat": True}
    record = read(eee.render(make_contents(tasks={"boolq": settings}, signature=VILE)))
    details = record["evaluation_results"][0]["generation_config"]["additional_details"]
    assert set(details) == {"shots", "note", "chat"}
    assert details["shots"] == "5"
    assert details["note"].isprintable()


def test_data_without_a_page_is_not_given_one(make_contents: Contents) -> None:
    (result,) = read(eee.render(make_contents(assets=[])))["evaluation_results"]
    assert result["source_data"] == {"dataset_name": "boolq", "source_type": "other"}
