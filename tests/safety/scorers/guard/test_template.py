"""Places of texts in templates of guard models."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import AssetError
from audit.safety.scorers.guard.template import around

if TYPE_CHECKING:
    from collections.abc import Callable


def engine(template: Callable[[list[Any]], str]) -> Any:
    def apply(turns: list[Any], **options: Any) -> str:
        assert options == {"tokenize": False, "add_generation_prompt": True, "policy": "p"}
        return template(turns)

    tokenizer = SimpleNamespace(apply_chat_template=apply)
    return SimpleNamespace(tokenizer=tokenizer, record=SimpleNamespace(name="m"))


def joined(turns: list[Any]) -> str:
    return "".join(f"<{turn['role']}>{turn['content']}" for turn in turns) + "<end>"


def in_parts(turns: list[Any]) -> str:
    return "".join(f"<{turn['role']}>{turn['content'][0]['text']}" for turn in turns)


def of(template: Callable[[list[Any]], str], *places: str) -> tuple[str, ...]:
    return around(engine(template), places, {"policy": "p"}, "guard", "all texts")


def test_what_stands_around_the_texts() -> None:
    assert of(joined, "REQUEST") == ("<user>", "<end>")
    assert of(joined, "REQUEST", "ANSWER") == ("<user>", "<assistant>", "<end>")


def test_contents_of_several_parts_are_tried_where_texts_fail() -> None:
    assert of(in_parts, "REQUEST", "ANSWER") == ("<user>", "<assistant>", "")


@pytest.mark.parametrize(
    "template",
    [
        lambda turns: joined(turns[:1]),
        lambda turns: joined(turns) + joined(turns[:1]),
        lambda turns: joined(turns[::-1]),
        lambda turns: f"{turns[1]['content']} {joined(turns)}",
        lambda turns: "".join(str(turn["content"]) for turn in turns if isinstance(turn["content"], list)),
    ],
)
def test_each_text_stands_once_in_its_order(template: Any) -> None:
    with pytest.raises(AssetError, match=r"guard: the chat template of m cannot be used .*all texts exactly once"):
        of(template, "REQUEST", "ANSWER")


def test_a_template_that_fails_is_named_with_its_reason() -> None:
    def broken(turns: list[Any]) -> str:
        raise ValueError(f"no {len(turns)} turns")

    with pytest.raises(AssetError, match=r"cannot be used \(ValueError: no 1 turns; ValueError: no 1 turns\)"):
        of(broken, "REQUEST")
