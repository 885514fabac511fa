"""Values of options as they are typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.cli import values
from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("text", "meant"),
    [("5", 5), ("1", 1), ("0.1", 0.1), (".5", 0.5), ("all", "all"), ("1e3", 1000), (None, None)],
)
def test_limits(text: str | None, meant: Any) -> None:
    assert values.limit(text) == meant
    assert type(values.limit(text)) is type(meant)


@pytest.mark.parametrize("text", ["0", "-3", "1.0", "1.5", "0.0", "nan", "inf", "ten", ""])
def test_limits_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="give a whole number of items from 1"):
        values.limit(text)


def test_settings_are_json_or_pairs() -> None:
    assert values.settings("max_gen_toks=1024,temperature=0.7,do_sample=True,until=END", "--gen-kwargs") == {
        "max_gen_toks": 1024,
        "temperature": 0.7,
        "do_sample": True,
        "until": "END",
    }
    assert values.settings('{"until": ["\\n", "Q:"], "top_k": 5}', "--gen-kwargs") == {
        "until": ["\n", "Q:"],
        "top_k": 5,
    }
    assert values.settings(None, "--gen-kwargs") is None


def test_items_are_json_or_a_list() -> None:
    assert values.samples("0, 3,0a1b2c3d4e5f6789") == [0, 3, "0a1b2c3d4e5f6789"]
    assert values.samples("1234567890123456") == ["1234567890123456"], "sixteen digits are a sample_id"
    assert values.samples('{"boolq": [0, 3], "piqa": ["0a1b2c3d4e5f6789"]}') == {
        "boolq": [0, 3],
        "piqa": ["0a1b2c3d4e5f6789"],
    }
    assert values.samples("[1, 2]") == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: values.settings("a", "--gen-kwargs"),
        lambda: values.settings("{a: 1}", "--metadata"),
        lambda: values.settings("=1", "--gen-kwargs"),
        lambda: values.samples('{"boolq": 3}'),
        lambda: values.samples('{"boolq": [true]}'),
        lambda: values.samples("[1"),
        lambda: values.boolean("yes", "--fewshot-as-multiturn"),
    ],
)
def test_wrong_values_are_one_line(wrong: Callable[[], Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        wrong()
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("--")


def test_numbers_are_separated_by_commas() -> None:
    assert values.numbers("1000, 2e3,-4.5", "--at") == [1000, 2000, -4.5]
    for wrong in ("", "1,", "1;2", "one"):
        with pytest.raises(ConfigError, match=r"--at .*: give numbers separated by commas"):
            values.numbers(wrong, "--at")
