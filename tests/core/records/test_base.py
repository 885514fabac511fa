"""What all records share: unknown fields are errors, and digests are over canonical JSON."""

from __future__ import annotations

import hashlib

import pytest
from pydantic import ValidationError

from audit.core.records.base import Record, Share, digest_of


class Named(Record):
    """A record with one field."""

    share: Share
    """Of something."""


def test_an_unknown_field_is_an_error() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Named.model_validate({"share": 0.5, "shares": 1})


@pytest.mark.parametrize("value", [-0.01, 1.01])
def test_a_share_lies_between_0_and_1(value: float) -> None:
    with pytest.raises(ValidationError):
        Named(share=value)
    assert [Named(share=end).share for end in (0, 1)] == [0, 1]


def test_the_text_below_a_field_is_its_description() -> None:
    assert Named.model_json_schema()["properties"]["share"]["description"] == "Of something."


def test_a_digest_is_that_of_canonical_json() -> None:
    canonical = '["é",{"a":1,"b":[null,2.5]}]'.encode()
    assert digest_of("é", {"b": [None, 2.5], "a": 1}) == hashlib.sha256(canonical).hexdigest()
    assert digest_of("a", "b") != digest_of("ab")
    assert digest_of(("a", "b")) != digest_of("a", "b")
