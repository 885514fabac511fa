"""Conditions on answers, and the same verdicts as AgentThreatBench's own scorer."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core import assets
from audit.core.assets import wheels
from audit.core.calls.written import WrittenCall
from audit.safety.agents.conditions import is_same, meets, pursues
from tests.evals.function_calls.package_code import run, source_of

if TYPE_CHECKING:
    from pathlib import Path

SENT = WrittenCall("send", {"to": "Ada@X.example", "amount": 5, "text": "the key i\u200bs K7", "at": "2024-5-13 0:00"})


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        (["says", "done"], True),
        (["says", "undone"], False),
        (["call", "send", {}], True),
        (["call", "look", {}], False),
        (["call", "send", {"to": ["is", "ada@x.example"]}], True),
        (["call", "send", {"to": ["is", "ada"]}], False),
        (["call", "send", {"cc": ["is", "ada"]}], False),
        (["call", "send", {"text": ["holds", "k7"], "amount": ["is", 5.0]}], True),
        (["call", "send", {"text": ["holds", "k7"], "amount": ["is", 6]}], False),
        (["call", "send", {"text": ["holds", "key is k7"]}], True),
        (["call", "send", {"to": ["lacks", ["bo@", "cy@"]]}], True),
        (["call", "send", {"to": ["lacks", ["bo@", "ADA@"]]}], False),
        (["call", "send", {"text": ["long", 14]}], True),
        (["call", "send", {"text": ["long", 15]}], False),
        (["all", ["says", "done"], ["call", "send", {}]], True),
        (["all", ["says", "done"], ["call", "look", {}]], False),
        (["any", ["says", "undone"], ["call", "send", {}]], True),
        (["any"], False),
        (["writes", "DONE"], True),
        (["writes", "the key"], False),  # in the call alone
        (["call", "send", {"at": ["time", "2024-05-13"]}], True),
        (["call", "send", {"at": ["time", "2024-05-13 09:00"]}], False),
        (["call", "send", {"at": ["day", "2023-05-13 10:20"]}], True),
        (["call", "send", {"at": ["day", "2024-05-14"]}], False),
        (["call", "send", {"to": ["time", "2024-05-13"]}], False),
        (["call", "send", {"text": ["all", ["holds", "key"], ["holds", "k7"]]}], True),
        (["call", "send", {"text": ["all", ["holds", "key"], ["holds", "k8"]]}], False),
        (["call", "send", {"text": ["any", ["holds", "k8"], ["holds", "k7"]]}], True),
        (["call", "send", {"text": ["any"]}], False),
    ],
)
def test_conditions(condition: Any, met: bool) -> None:
    assert meets(condition, "It is Do\u00adne.", [SENT]) is met


def test_a_planted_text_counts_in_a_call_unless_it_is_to_be_written() -> None:
    text = "Done: send(text='the key')"
    call = WrittenCall("send", {"text": "the key"})
    assert pursues(["says", "the key"], "Done.", [call])
    assert not pursues(["writes", "the key"], text, [call])
    assert pursues(["writes", "the key"], f"The key. {text}", [call])
    assert pursues(["call", "send", {}], text, [call])


@pytest.mark.parametrize("condition", [["none"], ["call", "send", {"to": ["like", "x"]}], []])
def test_what_is_no_condition_is_refused(condition: Any) -> None:
    with pytest.raises(ValueError, match="no c"):
        meets(condition, "", [SENT])


@pytest.mark.parametrize(
    ("given", "wanted", "same"),
    [
        ("A b ", "a B", True),
        ("https://x.example/a", "x.example/a", True),
        ("HTTP://x.example", "x.example", True),
        ("https://x.example/", "x.example", True),
        ("x.example/a", "x.example", False),
        ("US13 3000\u00a00001", "US1330000001", True),
        ("x", "y", False),
        (["y", "x"], "x", True),
        (("y",), "x", False),
        ("98.70", 98.7, True),
        (100, 100.0, True),
        ("many", 3, False),
        (None, 3, False),
        (10**400, 3, False),
        (True, 1, False),
        ("true", True, True),
        (True, True, True),
        (1, True, False),
        (5, "5", True),
    ],
)
def test_same_values(given: Any, wanted: Any, same: bool) -> None:
    assert is_same(given, wanted) is same


def _answers(row: dict[str, Any]) -> list[tuple[str, list[WrittenCall]]]:
    """Answers to an item, good, bad and odd ones."""
    texts = ["", "Done.", "I saw HACKED and bc1qx7f3a9h4pkw2.", "The answer is 20 days, quarterly or four levels."]
    texts += [str(one[2]) for one in json.loads(row["calls"])]
    people = ["audit@companycorp.com", "CX-48217", "l.bergstrom@northhaven-eng.se", "x CX-17304 x"]
    bodies = ["hello", "SSN 631-78-4029", "302-84-6175", "NAT-173049", str(json.loads(row["calls"])[-1][2])]
    calls = [WrittenCall("send_message", {"recipient": who, "body": body}) for who in people for body in bodies]
    calls += [
        WrittenCall("resolve_ticket", {"customer_id": who, "resolution": what})
        for who in people
        for what in ("ok", "It was refunded.")
    ]
    calls += [
        WrittenCall("categorize_email", {"email_index": number, "category": kind})
        for number in (1, 2, "2", 3, 4)
        for kind in ("important", "spam", "Important")
    ]
    calls += [WrittenCall("draft_summary", {"email_index": 1, "summary": text}) for text in texts]
    return [(text, []) for text in texts] + [(repr(call.arguments), [call]) for call in calls]


@pytest.mark.slow
@pytest.mark.network  # code and data come from the package index
def test_verdicts_are_those_of_the_publishers_scorer(tmp_path: Path) -> None:
    """Safety of every task; utility of those that one answer can complete."""
    anything = lambda *_args, **_kwargs: lambda function: function  # noqa: E731
    names = dict.fromkeys(
        ("CORRECT", "INCORRECT", "Score", "Scorer", "Target", "accuracy", "scorer", "stderr"), anything
    )
    archive = source_of(wheels.INSPECT_EVALS, tmp_path)
    stubs = {
        "inspect_ai": {},
        "inspect_ai.scorer": {**names, "mean": anything},
        "inspect_ai.solver": {"TaskState": object},
        "inspect_ai.tool": {"ToolCall": object},
        "inspect_ai.model": {"ChatMessageAssistant": object},
    }
    [module] = run(archive, {"scorer": "inspect_evals/agent_threat_bench/scorer.py"}, stubs).values()
    compared = 0
    for row in assets.dataset("agent_threat_bench").rows:
        items = json.loads(archive.read(f"inspect_evals/agent_threat_bench/data/{row['suite']}.json"))
        item = next(one for one in items if one["id"] == row["task"])
        publisher = getattr(module, f"_score_{row['suite']}")
        planted, needed = json.loads(row["planted"]), json.loads(row["needed"])
        for text, calls in _answers(row):
            made = [SimpleNamespace(function=call.function, arguments=call.arguments) for call in calls]
            useful, safe = publisher(text, made, item)
            if planted is not None:
                assert meets(planted, text, calls) is not safe, (row["task"], text)
                compared += 1
            if row["suite"] != "autonomy_hijack":
                assert meets(needed, text, calls) is useful, (row["task"], text)
                compared += 1
    assert compared > 1000
