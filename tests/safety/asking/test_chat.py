from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import RunConfig
from audit.core.errors import UsageError
from audit.engine.chat import ChatText
from audit.safety.asking.chat import asked, conversation, settings
from audit.safety.probe import Context

MESSAGES = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
SYSTEM_ALLOWED = MESSAGES + "{% if add_generation_prompt %}<a>{% endif %}"
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + SYSTEM_ALLOWED


@pytest.fixture
def templated(tiny: Any) -> Any:
    def make(template: str | None) -> Any:
        tiny.tokenizer.chat_template = template
        return tiny

    return make


def test_with_a_template(templated: Any) -> None:
    engine = templated(SYSTEM_ALLOWED)
    assert conversation(engine, RunConfig(), "Hi", "Be kind") == ChatText("<system>Be kind<user>Hi<a>")
    assert conversation(engine, RunConfig(), "Hi") == ChatText("<user>Hi<a>")
    assert conversation(engine, RunConfig(chat_template="off"), "Hi", "Be kind") == ChatText("Be kind\n\nHi\n\n")
    assert settings(Context(RunConfig(), engine=engine), 5)["chat_template"] is True


def test_a_template_without_system_messages(templated: Any) -> None:
    found = conversation(templated(NO_SYSTEM), RunConfig(), "Hi", "Be kind")
    assert found == ChatText("<user>Be kind\n\nHi<a>", system_merged=True)
    assert asked(found, 5).flags == ("system_turn_merged",)


def test_a_template_that_leaves_system_messages_out(templated: Any) -> None:
    silent = "{% for m in messages %}{% if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endif %}{% endfor %}"
    found = conversation(templated(silent), RunConfig(), "Hi", "Be kind")
    assert found == ChatText("<user>Be kind\n\nHi", system_merged=True)


def test_without_a_template(templated: Any) -> None:
    engine = templated(None)
    assert conversation(engine, RunConfig(), "Hi", "Be kind") == ChatText("Be kind\n\nHi\n\n")
    assert settings(Context(RunConfig(), engine=engine), 5)["chat_template"] is False
    with pytest.raises(UsageError, match="has no chat template"):
        conversation(engine, RunConfig(chat_template="on"), "Hi")
