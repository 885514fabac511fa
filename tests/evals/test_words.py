"""Titles, questions and chance levels of benchmarks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from audit.core.records import TaskWords
from audit.evals.catalogue import own_tasks
from audit.evals.samples import Item
from audit.evals.words import declared, is_plain, meaning_of, task_words


def task(kind: str = "multiple_choice", **config: Any) -> Any:
    fields = {"process_results": None, "metadata": None, **config}
    return SimpleNamespace(OUTPUT_TYPE=kind, task_name="mine", config=SimpleNamespace(**fields))


def item(target: object) -> Item:
    return Item(({"target": target},), ())


def test_every_task_of_ours_has_a_title_and_a_question() -> None:
    words = {name: one.words for name, one in own_tasks().items()}
    assert [name for name, one in words.items() if one is None or not one.question.endswith("?")] == []
    assert len({one.title for one in words.values() if one}) == len(words)


def test_every_metric_of_ours_has_a_title() -> None:
    names = [metric.metric for one in own_tasks().values() for metric in one.metrics if metric.metric != "unscored"]
    assert [name for name in names if not (found := meaning_of(name, name, is_plain=True)) or not found.words] == []


@pytest.mark.parametrize(
    ("name", "kind", "title"),
    [
        ("accuracy", "accuracy", "Right answers"),
        ("exact_match_strict_match", "exact_match", "Right answers, strict match"),
        ("exact_match_if_cut_wrong", "exact_match_if_cut_wrong", "Right answers, if all cut answers are wrong"),
    ],
)
def test_titles_of_filters_and_bounds(name: str, kind: str, title: str) -> None:
    found = meaning_of(name, kind, is_plain=True)
    assert found is not None
    assert found.words is not None
    assert found.words.title == title


def test_an_unknown_metric_shows_its_name() -> None:
    assert meaning_of("brier_score", "brier_score", is_plain=True) is None


@pytest.mark.parametrize(
    ("given", "items", "plain"),
    [
        (task(), [item(1)], True),
        (task(), [item("yes")], True),
        (task(), [item(1), item([0, 2])], False),
        (task(process_results=dict), [item(1)], False),
        (task("generate_until"), [item(1)], False),
    ],
)
def test_chance_is_known_where_one_option_is_right(given: Any, items: list[Item], plain: bool) -> None:
    assert is_plain(given, items) is plain
    found = meaning_of("accuracy", "accuracy", is_plain=plain)
    assert found is not None
    assert found.chance == ("options" if plain else None)


def test_a_task_from_elsewhere_declares_its_words_or_gets_those_of_its_kind() -> None:
    given = {"title": "Capitals", "question": "Does it know capitals?", "good": 3}
    assert declared(given) == TaskWords(title="Capitals", question="Does it know capitals?")
    assert task_words(task(metadata=given), None).title == "Capitals"
    plain = task_words(task("generate_until", metadata={"title": "Capitals"}), None)
    assert plain == TaskWords(title="mine", question="Does it write the expected answers?")
    assert declared("text") is None


def test_words_of_the_audit_come_before_those_of_the_file() -> None:
    own = own_tasks()["boolq"]
    assert task_words(task(metadata={"title": "a", "question": "b?"}), own) == own.words
