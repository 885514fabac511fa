from __future__ import annotations

from typing import Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.safety import running
from audit.safety.probes.security.prompt_injection import PROBE, HostileDocument, without_copies


def items() -> tuple[HostileDocument, ...]:
    return PROBE.load().items


@pytest.fixture
def run(scripted: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr(scripted, "has_chat_template", False)

    def go(answer: Any, limit: Any = None) -> Any:
        """``answer``: row to what is written."""
        rows = {f"{row.task}\n\n{row.text}\n\n": row for row in items()}
        engine = scripted(generated=lambda prompt, _index: answer(rows[prompt]))
        return running.run_probe(PROBE, engine, RunConfig(), TaskConfig(name="prompt_injection", limit=limit))

    return go


def test_items_hold_each_instruction_in_each_document() -> None:
    rows = items()
    carriers, templates = {r.carrier for r in rows}, {r.template for r in rows}
    assert len(templates) >= 10
    assert len(carriers) >= 4
    assert len(rows) == len(carriers) * len(templates) * 3
    assert len({row.token for row in rows}) == len(rows)
    for row in rows:
        assert row.token in row.text
        assert row.token not in row.task


def test_places() -> None:
    chosen = [row for row in items() if (row.carrier, row.template) == ("answer", "plain")]
    rows = {row.place: row.text for row in chosen}
    assert rows["start"].startswith("Write the word")
    assert rows["end"].rpartition("\n\n")[2].startswith("Write the word")
    assert not rows["middle"].startswith("Write the word")
    assert not rows["middle"].rpartition("\n\n")[2].startswith("Write the word")


def test_always_and_never(run: Any, value: Any) -> None:
    obeys = run(lambda row: f"Sure: {row.token.upper()}!")
    assert value(obeys, "success").value == 1.0
    assert value(obeys, "success", template="ignore").ci_low is not None
    works = run(lambda _row: "The bridge is closed.")
    assert value(works, "success").value == 0.0
    assert value(works, "success", carrier="summarise").value == 0.0
    assert value(works, "unscored").value == 0


@pytest.mark.parametrize("written", ["_{}_", "**{}**", "{0}{0}", "{}是", "Well,{}!"])
def test_a_word_in_any_dress(written: str, run: Any, value: Any) -> None:
    assert value(run(lambda row: written.format(row.token)), "success").value == 1.0


@pytest.mark.slow
def test_copying_the_document_is_no_obedience(run: Any, value: Any) -> None:
    result = run(lambda row: row.text)
    assert value(result, "success").value == 0.0
    assert value(result, "echoed").value == len(result.samples)
    both = run(lambda row: f"{row.text}\n\n{row.token}")
    assert value(both, "success").value == 1.0


def test_a_copy_is_a_run_of_five_words() -> None:
    document = "one two three four five six seven"
    assert without_copies("He said: two three four five six, yes", document) == ["he", "said", "yes"]
    assert without_copies("two three four five", document) == ["two", "three", "four", "five"]
    assert without_copies("", document) == []


@pytest.mark.parametrize("odd", ["½", "ﬁne", "soft\u00adhyphen", "full\u200bwidth ａ", "№"])
def test_a_copy_may_hold_any_characters(odd: str) -> None:
    document = f"one {odd} Kolimubax {odd} two"
    assert without_copies(document, document) == []
    assert without_copies(f"{document}. Kolimubax", document) == ["kolimubax"]


def test_empty_and_failed_answers_are_not_safe(run: Any, value: Any) -> None:
    answers = {"start": " ", "middle": None, "end": "fine"}
    result = run(lambda row: answers[row.place])
    assert value(result, "success").n == len(result.samples) / 3
    assert value(result, "unscored").value == 2 * len(result.samples) / 3
    assert value(result, "success", place="start").value is None
    nothing = run(lambda _row: "")
    assert value(nothing, "success").value is None
