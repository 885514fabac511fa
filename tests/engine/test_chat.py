"""Chat templates: named ones, variables, system turns, templates that fail."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError, TemplateError
from audit.engine import load
from audit.engine.chat import ChatText, named, uses_chat_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

SAYS = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
USER = [{"role": "user", "content": "Hi"}]
TALK = [{"role": "system", "content": "Be  kind.\n"}, *USER]


@pytest.fixture
def with_template(tiny_model: Path, tmp_path: Path) -> Callable[..., TransformersEngine]:
    def make(template: str | dict[str, str] | None, **options: Any) -> TransformersEngine:
        from transformers import AutoTokenizer

        folder = tmp_path / "checkpoint"
        if not folder.exists():
            shutil.copytree(tiny_model, folder)
            (folder / "chat_template.jinja").unlink(missing_ok=True)
            tokenizer = AutoTokenizer.from_pretrained(folder)
            tokenizer.chat_template = template
            tokenizer.save_pretrained(folder)
        engine: TransformersEngine = load(str(folder), device="cpu", **options)  # type: ignore[assignment]
        return engine

    return make


NAMED = {"rag": "rag " + SAYS, "tool_use": "tool " + SAYS}


def test_a_template_is_chosen_by_name(with_template: Callable[..., TransformersEngine]) -> None:
    assert with_template(NAMED, chat_template="rag").apply_chat_template(USER) == "rag <user>Hi"
    engine = with_template(NAMED, chat_template="tool_use")
    assert engine.apply_chat_template(USER) == "tool <user>Hi"
    assert engine.tokenizer.chat_template == NAMED["tool_use"]  # whoever asks the tokenizer itself gets the same
    with pytest.raises(ConfigError, match=r"no template called ragg: its templates are called rag, tool_use\. Did you"):
        with_template(NAMED, chat_template="ragg")


def test_names_without_a_default_need_a_choice(with_template: Callable[..., TransformersEngine]) -> None:
    engine = with_template(NAMED)
    assert engine.has_chat_template
    for rule in ("auto", "on"):
        with pytest.raises(
            TemplateError, match=r"several chat templates and no default: pass --chat-template NAME \(one of rag, t"
        ):
            uses_chat_template(engine, rule, generates=True)
    with pytest.raises(TemplateError, match="rag, tool_use"):
        engine.apply_chat_template(USER)
    assert not uses_chat_template(engine, "off", generates=True)


def test_the_default_is_taken_where_none_is_named(with_template: Callable[..., TransformersEngine]) -> None:
    templates = {**NAMED, "default": SAYS}
    assert with_template(templates).apply_chat_template(USER) == "<user>Hi"
    assert with_template(templates, chat_template="rag").apply_chat_template(USER) == "rag <user>Hi"


def test_the_only_template_has_no_name(with_template: Callable[..., TransformersEngine]) -> None:
    assert with_template(SAYS, chat_template="default").apply_chat_template(USER) == "<user>Hi"
    with pytest.raises(ConfigError, match="its templates are called default"):
        with_template(SAYS, chat_template="rag")


def test_there_is_no_template(with_template: Callable[..., TransformersEngine]) -> None:
    engine = with_template(None)
    assert not engine.has_chat_template
    assert not uses_chat_template(engine, "auto", generates=True)
    with pytest.raises(ConfigError, match="has no chat template: set chat_template to 'auto' or 'off'"):
        uses_chat_template(engine, "on", generates=False)
    with pytest.raises(ConfigError, match="no template called rag: it has no chat template"):
        with_template(None, chat_template="rag")


@pytest.mark.parametrize(
    ("rule", "generates", "expected"),
    [("auto", True, True), ("auto", False, False), ("on", False, True), ("off", True, False), ("rag", False, True)],
)
def test_the_rule(with_template: Callable[..., TransformersEngine], rule: str, generates: bool, expected: bool) -> None:
    engine = with_template(NAMED, chat_template=named(rule) or "tool_use")
    assert uses_chat_template(engine, rule, generates=generates) == expected


def test_variables_of_the_template(with_template: Callable[..., TransformersEngine]) -> None:
    template = SAYS + "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}"
    assert with_template(template).apply_chat_template(USER) == "<user>Hi"
    quiet = with_template(template, chat_template_args={"enable_thinking": False})
    assert quiet.apply_chat_template(USER) == "<user>Hi<think></think>"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (SAYS, ChatText("<system>Be  kind.\n<user>Hi")),
        (SAYS.replace("m.content", "m.content | trim"), ChatText("<system>Be  kind.<user>Hi")),
        ("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + SAYS, None),
        ("{% if messages[0].role == 'system' %}{{ messages.nothing.at_all }}{% endif %}" + SAYS, None),
        ("{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}", None),
    ],
)
def test_a_system_turn_is_never_lost(
    with_template: Callable[..., TransformersEngine], template: str, expected: ChatText | None
) -> None:
    engine = with_template(template)
    found = engine.chat_text(TALK)
    assert found == (expected or ChatText("<user>Be  kind.\n\n\nHi", system_merged=True))
    assert engine.chat_text(USER) == ChatText("<user>Hi")
    assert TALK[0]["content"] == "Be  kind.\n"


def test_a_system_turn_alone(with_template: Callable[..., TransformersEngine]) -> None:
    engine = with_template("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}" + SAYS)
    assert engine.chat_text(TALK[:1]) == ChatText("<user>Be  kind.\n", system_merged=True)
    empty = [{"role": "system", "content": ""}, *USER]
    assert engine.chat_text(empty) == ChatText("<user>Hi", system_merged=True)


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('roles must\nalternate') }}",
        "{{ messages[5].role.x }}",
        "{{ 1 / 0 }}",
        "{% if %}",
        "{{ f() }}",
    ],
)
def test_a_template_that_fails_is_one_line(with_template: Callable[..., TransformersEngine], template: str) -> None:
    engine = with_template(template)
    for messages in (USER, TALK):
        with pytest.raises(TemplateError, match="the chat template fails on this conversation") as caught:
            engine.apply_chat_template(messages)
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 2


def test_an_answer_that_was_begun_is_left_open(with_template: Callable[..., TransformersEngine]) -> None:
    engine = with_template("{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}")
    begun = [*USER, {"role": "assistant", "content": "Well"}]
    open_text = engine.chat_text(begun, add_generation_prompt=False, continue_final_message=True)
    assert open_text == ChatText("<user>Hi</><assistant>Well")
