"""Half characters of UTF-16: written in a form that comes back as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.records.files.surrogates import escaped, has_surrogates, json_escaped, unescaped

TEXT = st.text(st.characters(exclude_categories=()), max_size=8) | st.sampled_from(["\ud800", "\\ud800", "\\", "\\\\"])
VALUES = st.recursive(TEXT | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner))


@pytest.mark.slow
@given(VALUES)
def test_what_was_escaped_comes_back_and_can_be_encoded(value: object) -> None:
    written = escaped(value)
    repr(written).encode()
    json.dumps(written, ensure_ascii=False).encode()
    assert unescaped(written) == value


@pytest.mark.parametrize(
    ("text", "written"), [("a\ud800b", "a\\ud800b"), ("\\ud800", "\\\\ud800"), ("é😀", "é😀"), ("\udfff", "\\udfff")]
)
def test_each_surrogate_is_its_code_and_each_backslash_two(text: str, written: str) -> None:
    assert escaped(text) == written
    assert escaped((text, {text: 1})) == (written, {written: 1})


def test_json_holds_surrogates_as_json_does() -> None:
    text = json.dumps("a\\\ud83d", ensure_ascii=False)
    assert json_escaped(text) == json.dumps("a\\\ud83d")
    assert json.loads(json_escaped(text)) == "a\\\ud83d"


def test_surrogates_are_found() -> None:
    assert has_surrogates("a\udc00")
    assert not has_surrogates("\U0001f600\ufffd")
