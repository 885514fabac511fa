"""Columns with usual names are found; those that are not there are named."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.evals.own_data.test_questions import CAPITALS, fault, questions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_columns_with_usual_names_are_found(write: Callable[..., Path]) -> None:
    file = write(CAPITALS)
    found = questions(file)
    assert found.columns.shown == {"question": "question", "options": "a, b, c", "answer": "answer"}
    first = found.questions[0]
    assert (first.prompt, first.options, first.right) == (
        "Question: Capital of France?\nAnswer:",
        ("Lyon", "Paris", "Nice"),
        1,
    )
    assert [one.right for one in found.questions] == [1, 0, 2]
    assert [one.number for one in found.questions] == [2, 3, 4], "as a spreadsheet numbers rows"
    assert found.record.sha256 == hashlib.sha256(CAPITALS.encode()).hexdigest()
    assert (found.record.licence, found.record.name) == ("LicenseRef-yours", "mine.csv")


def test_options_may_be_a_column_of_lists(write: Callable[..., Path]) -> None:
    rows = [{"question": f"{n}?", "choices": ["x", "y", "z"][: 2 + n], "answer": "y"} for n in range(2)]
    lists = write("\n".join(map(json.dumps, rows)), "mine.jsonl")
    assert [one.options for one in questions(lists).questions] == [("x", "y"), ("x", "y", "z")]
    cells = write('question,options,answer\n1?,"[""x"", ""y""]",y\n')
    assert questions(cells).questions[0].options == ("x", "y")
    bad = write('question,options,answer\n1?,"[""x"", ""y""]",y\n2?,x or y,y\n')
    assert fault(bad) == "row 3: the options are not a list: write a JSON list of strings"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"question": "frage"}, "question: no column 'frage'. Its columns: question, a, b, c, answer."),
        ({"question": "questoin"}, "question: no column 'questoin'. Did you mean 'question'? Its columns: "),
        ({"options": ["a", "z"]}, "options: no column 'z'; if every question has the same options, use classes"),
        ({"slices": ["region"]}, "slices: no column 'region'"),
        ({"cluster": "region"}, "cluster: no column 'region'"),
        ({"prompt": "{{ nothing }}"}, "row 2: the prompt template fails: 'nothing' is undefined. Its variables are"),
        ({"prompt": "{{ question.__class__.__mro__ }}"}, "row 2: the prompt template fails: "),
        ({"prompt": "{% if false %}x{% endif %}"}, "row 2: the prompt is empty"),
        ({"match": "number"}, "rows 2, 3 and 4: answer is not a plain number"),
        ({"classes": ["x", "y"]}, "rows 2, 3 and 4: answer is none of the options (the first is 'Paris')"),
    ],
)
def test_what_the_task_says_wrongly_is_one_line(write: Callable[..., Path], said: dict[str, Any], message: str) -> None:
    assert fault(write(CAPITALS), **said).startswith(message)
