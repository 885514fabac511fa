"""Calls anywhere in answers, in the forms in which checkpoints write them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from audit.core.calls.written import MAX_CHARACTERS, MAX_FAULTS, MAX_OBJECTS, WrittenCall, calls_in

FUNCTIONS = {"send": ("to", "amount"), "send_all": (), "look": ("what",)}
SENT = WrittenCall("send", {"to": "Ada", "amount": 5})
OBJECT = {"name": "send", "arguments": {"to": "Ada", "amount": 5}}


@pytest.mark.parametrize(
    "answer",
    [
        "[send(to='Ada', amount=5)]",
        'send("Ada", 5)',
        'I will do that.\n```python\nbank.send(to="Ada",\n     amount=2 + 3)\n```\nDone (or not).',
        "send ('Ada', amount=5)",
        # Hermes 2 and Qwen 2.5
        f"<tool_call>\n{json.dumps(OBJECT)}\n</tool_call>",
        # Llama 3.1
        '<|python_tag|>{"type": "function", "name": "send", "parameters": {"to": "Ada", "amount": 5}}',
        # Mistral
        f"[TOOL_CALLS] [{json.dumps(OBJECT)}]",
        # the interface of OpenAI
        json.dumps({"tool_calls": [{"function": {"name": "send", "arguments": '{"to": "Ada", "amount": 5}'}}]}),
        '{"function": "send", "to": "Ada", "amount": 5}',
        '{"send": {"to": "Ada", "amount": 5}}',
        'a { b } {"tool": "send", "input": {"to": "Ada", "amount": 5}} c',
        # LangChain
        '{"action": "send", "action_input": {"to": "Ada", "amount": 5}}',
        "<tool_call>send(to='Ada', amount=5)</tool_call>",
    ],
)
def test_forms_of_one_call(answer: str) -> None:
    found = calls_in(answer, FUNCTIONS)
    assert found.calls == (SENT,) or found.calls == (WrittenCall("send", {"type": "function", **SENT.arguments}),)
    assert not found.unread


@pytest.mark.parametrize(
    ("answer", "calls"),
    [
        ("", []),
        ("I will send Ada 5.", []),
        ("resend(to='Ada') and unknown(x=1)", []),
        ("<b>Nobody</b> will send_all, or send 1 to {x}.", []),
        (r"send\_all()", [WrittenCall("send_all", {})]),
        ("send_all()", [WrittenCall("send_all", {})]),
        ("[look(what={'k': [1]}), send(to='a)b', amount=-1)]", [
            WrittenCall("look", {"what": {"k": [1]}}), WrittenCall("send", {"to": "a)b", "amount": -1})
        ]),
        ("send(to=look(what='x'))", [WrittenCall("send", {"to": {"look": {"what": "x"}}})]),
        (r"look(what='it\'s')", [WrittenCall("look", {"what": "it's"})]),
        ('{"answer": [1, {"name": "Ada"}], "send": 3}', []),
        (f"{json.dumps(OBJECT)} look('x')", [SENT, WrittenCall("look", {"what": "x"})]),
    ],
)  # fmt: skip
def test_what_is_read(answer: str, calls: Any) -> None:
    found = calls_in(answer, FUNCTIONS)
    assert list(found.calls) == calls
    assert not found.unread


@pytest.mark.parametrize(
    "answer",
    [
        "send(to='Ada', amount=",
        "send(to Ada)",
        "send(*everything)",
        "send(**everything)",
        "send(1, 2, 3)",
        "send(to=x.y)",
        '{"name": "send", "arguments": {"to": "Ada"',
        "{'name': 'send', 'arguments': {'to': 'Ada'}}",
        '{"name": "send", "arguments": "to Ada"}',
        '{"name": "send", "arguments": ["Ada"]}',
        "<function=send><parameter=to>Ada</parameter></function>",
        '<invoke name="send"><parameter name="to">Ada</parameter></invoke>',
        "name: send\narguments:\n  to: Ada",
        'Action: send\nAction Input: {"to": "Ada"}',
        "Thought: pay.\nAction: `send`\nAction Input: Ada, 5",
        '{"action": "send", "action_input": {"to": "A',
        # DeepSeek, Kimi K2, GLM-4.5, gpt-oss, Llama's built-in tools; with special tokens and without them
        'function<｜tool▁sep｜>send\n```json\n{"to": "Ada"}\n```',
        'function send\n```json\n{"to": "Ada"}\n```',
        'functions.send:0<|tool_call_argument_begin|>{"to": "Ada"}',
        'functions.send:0{"to": "Ada"}',
        "<tool_call>send\n<arg_key>to</arg_key>\n<arg_value>Ada</arg_value>\n</tool_call>",
        'assistant to=functions.send <|message|>{"to": "Ada"}',
        'send.call(to="Ada")',
        "<send><to>Ada</to></send>",
        "x" * (MAX_CHARACTERS + 1),
        "{" * (MAX_OBJECTS + 1),
        # values that cannot be written as text, or are too large for it
        "send(amount=2**4999 * 2**4999 * 2**4999)",
        "send(to={1: [0x" + "f" * 4000 + "]})",
        "send(to=[[[1] * 999] * 999] * 999)",
        "send(to=" + "[" * 60 + "]" * 60 + ")",
        '{"send": {"to": ' + "[" * 400 + "]" * 400 + "}}",
        '{"name": "send", "arguments": {"to": ' + "[" * 400 + "]" * 400 + "}}",
    ],
)
def test_what_begins_like_a_call_and_is_none_is_not_overlooked(answer: str) -> None:
    assert calls_in(answer, FUNCTIONS).unread


def test_an_unreadable_call_does_not_hide_another() -> None:
    found = calls_in("send(to Ada), then send('Ada', 5)", FUNCTIONS)
    assert found.calls == (SENT,)
    assert found.unread


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        "send(" * 9000,
        '{"a":' * 9000,
        "{" * 40000,
        "send('" * 8000,
        "(" * 40000,
        "[" * 40000,
        "send(a=" + "-" * 9000 + "1)",
    ],
)
def test_hostile_answers_take_no_time(answer: str) -> None:
    started = time.process_time()
    assert calls_in(answer, FUNCTIONS).calls == ()
    assert time.process_time() - started < 2


def test_nothing_is_looked_for_without_functions() -> None:
    assert calls_in("send(to='Ada') {}", {}).calls == ()


def test_after_many_faults_no_more_is_read() -> None:
    assert calls_in("send(x y) " * (MAX_FAULTS + 1) + "send('Ada', 5)", FUNCTIONS).calls == ()
