"""Conversations with a tool's result, in templates that know tools and in those that do not."""

from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import TemplateError
from audit.safety.agents.turns import ToolCall, laid_out, result_turn, system_prompt

CALL = ToolCall("look", {"what": 'the "sky"', "n": 2}, "It is\nblue.")
ANY = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
FAILS = "{% for m in messages if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endfor %}" + ANY
DROPS = "{% for m in messages if m.role != 'tool' %}<{{ m.role }}>{{ m.content }}{% endfor %}<a>"
AS_JSON = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content | tojson if m.role == 'tool' else m.content }}{% endfor %}<a>"
)
NEVER = "{% for m in messages if m.role == 'assistant' %}{{ raise_exception('one turn only') }}{% endfor %}" + ANY
START = "<system>Help.<user>Colour?<assistant>[look(what='the \"sky\"', n=2)]"
QUOTED = START + "<user>Result of look(what='the \"sky\"', n=2):\nIt is\nblue.<a>"


@pytest.fixture
def text(tiny: Any) -> Any:
    def make(template: str | None, **settings: Any) -> tuple[str, str]:
        tiny.tokenizer.chat_template = template
        config = RunConfig(**settings)
        return laid_out(tiny, config, "Help.", "Colour?", [CALL]).text, result_turn(tiny, config)

    return make


@pytest.mark.parametrize(
    ("template", "expected", "turn"),
    [
        (ANY, START + "<tool>It is\nblue.<a>", "tool"),
        (AS_JSON, START + '<tool>"It is\\nblue."<a>', "tool"),
        (FAILS, QUOTED, "user"),
        (DROPS, QUOTED, "user"),
    ],
)
def test_templates(template: str, expected: str, turn: str, text: Any) -> None:
    assert text(template) == (expected, turn)


def test_without_a_template(text: Any) -> None:
    expected = (
        "Help.\n\nUser: Colour?\n\nAssistant: [look(what='the \"sky\"', n=2)]\n\n"
        "Result of look(what='the \"sky\"', n=2):\nIt is\nblue.\n\nAssistant:"
    )
    assert text(None) == (expected, "text")
    assert text(ANY, chat_template="off") == (expected, "text")


def test_a_template_that_takes_no_second_turn(text: Any) -> None:
    with pytest.raises(TemplateError, match="one turn only"):
        text(NEVER)


def test_functions_stand_in_the_system_prompt() -> None:
    found = system_prompt(" Help. ", [{"name": "look"}])
    assert found.startswith('Help.\n\nYou can call these functions:\n[\n {\n  "name": "look"\n }\n]\n\n')
    assert "[name(parameter=value)" in found
