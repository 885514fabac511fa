"""Faults of pydantic in plain words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from audit.core.records.faults import TextForm, fault_text, is_about_value, place_of


class Inner(BaseModel):
    """A section."""


class Sheet(BaseModel, strict=True):
    """One field of each kind."""

    inner: Inner = Inner()
    table: dict[str, int] = {}
    some: Annotated[list[int], Field(min_length=1)] = [1]
    pair: Annotated[list[int], Field(min_length=2)] = [1, 2]
    name: Annotated[str, Field(min_length=1)] = "a"
    place: Path | None = None
    flag: bool = False
    whole: int = 1
    typed: Annotated[int, Field(strict=False)] = 1
    words: list[str] = []
    share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.5
    count: Annotated[int, Field(ge=2, le=9)] = 2
    kind: Literal["a", "b"] = "a"
    own: str = ""
    code: Annotated[str, TextForm("[a-z]{2}", "must be two letters {such as en}")] = "en"

    @field_validator("own")
    @classmethod
    def _refuse(cls, value: str) -> str:
        if value:
            msg = f"{value!r} is no good: leave it out"
            raise ValueError(msg)
        return value


def fault(**values: Any) -> Any:
    with pytest.raises(ValidationError) as raised:
        Sheet(**values)
    return raised.value.errors()[0]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"inner": 3}, "must be a mapping"),
        ({"table": 3}, "must be a mapping"),
        ({"table": {3: 3}}, "keys must be text"),
        ({"some": 3}, "must be a list"),
        ({"some": []}, "must not be empty"),
        ({"name": 3}, "must be text"),
        ({"name": ""}, "must not be empty"),
        ({"flag": "maybe"}, "must be true or false"),
        ({"whole": "x"}, "must be a whole number"),
        ({"whole": 1.5}, "must be a whole number"),
        ({"typed": "9" * 5000}, "must be a whole number of fewer digits"),
        ({"words": [3]}, "must be text"),
        ({"share": "x"}, "must be a number"),
        ({"share": float("nan")}, "must be a finite number"),
        ({"share": 0.0}, "must be above 0"),
        ({"share": 1.0}, "must be below 1"),
        ({"count": 1}, "must be at least 2"),
        ({"count": 10}, "must be at most 9"),
        ({"kind": "c"}, "must be 'a' or 'b'"),
        ({"own": "x"}, "'x' is no good: leave it out"),
    ],
)
def test_each_kind_of_fault_in_plain_words(values: dict[str, Any], text: str) -> None:
    assert fault_text(fault(**values)) == text


def test_what_has_no_words_keeps_pydantics() -> None:
    assert re.match(r"List should have at least 2 items", fault_text(fault(pair=[1])))


def test_a_check_of_our_own_names_its_value_itself() -> None:
    assert not is_about_value(fault(own="x"))
    assert is_about_value(fault(whole="x"))


@pytest.mark.parametrize(
    ("values", "place"),
    [({"table": {3: 3}}, "table.3"), ({"table": {"a": "x"}}, "table.a"), ({"words": ["a", 3]}, "words.1")],
)
def test_the_place_of_a_fault_has_the_users_own_words_alone(values: dict[str, Any], place: str) -> None:
    assert place_of(fault(**values)) == place


@pytest.mark.parametrize("code", ["", "e", "eng", "EN", "en\n", "x en"])
def test_the_form_of_a_text_is_asked_for_in_words(code: str) -> None:
    found = fault(code=code)
    assert (fault_text(found), place_of(found)) == ("must be two letters {such as en}", "code")
    assert is_about_value(found)
    assert fault_text(fault(code=1)) == "must be text"
    assert Sheet(code="de").code == "de"
    assert Sheet.model_json_schema()["properties"]["code"]["pattern"] == "^[a-z]{2}$"


def test_no_message_shows_a_regular_expression() -> None:
    """Pydantic's own ``pattern=`` says "String should match pattern …"."""
    packages = [mark.parent for mark in Path(__file__).parents[3].glob("*/py.typed")]
    files = [file for package in packages for file in package.rglob("*.py")]
    assert len(files) > 500
    patterns = re.compile(r"(?:Field|StringConstraints|\bconstr)\([^)]*\bpattern=")
    assert [file for file in files if patterns.search(file.read_text("utf-8"))] == []
