"""Files of other tools, in the form in which they export."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError
from audit.ratings.exchange.foreign import ForeignAnswer, read_foreign

if TYPE_CHECKING:
    from pathlib import Path

ARGILLA = [
    {
        "id": "s0",
        "fields": {"prompt": "question 0", "response": "answer 0"},
        "metadata": {"item": 1},
        "suggestions": {},
        "responses": {
            "rating": [{"value": 4, "user_id": "u1"}, {"value": 2, "user_id": "u2"}],
            "why": [{"value": "clear", "user_id": "u1"}],
        },
        "vectors": {},
        "_server_id": None,
    },
    {"id": "s1", "fields": {}, "metadata": {}, "responses": {"rating": [{"value": 5, "user_id": "u1"}]}},
]
"""As ``Record.to_dict`` of Argilla 2 writes records."""
LABEL_STUDIO = [
    {
        "id": 7,
        "data": {"text": "answer 0", "sample_id": "s0"},
        "annotations": [
            {
                "id": 11,
                "completed_by": {"id": 3, "email": "ada@example.org"},
                "was_cancelled": False,
                "result": [
                    {"from_name": "rating", "to_name": "text", "type": "rating", "value": {"rating": 4}},
                    {"from_name": "tone", "to_name": "text", "type": "choices", "value": {"choices": ["kind"]}},
                    {"from_name": "why", "to_name": "text", "type": "textarea", "value": {"text": ["a", "b"]}},
                    {
                        "from_name": "wrong",
                        "to_name": "text",
                        "type": "labels",
                        "value": {"start": 0, "end": 3, "text": "ans", "labels": ["odd"]},
                    },
                ],
            },
            {"id": 12, "completed_by": 5, "was_cancelled": True, "result": []},
        ],
        "predictions": [],
    }
]
"""As its documentation shows: https://labelstud.io/guide/task_format."""


def read(tmp_path: Path, content: Any, tool: Any = None) -> tuple[str, list[ForeignAnswer]]:
    file = tmp_path / "file"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_foreign(file, tool)


def test_argilla(tmp_path: Path) -> None:
    tool, found = read(tmp_path, ARGILLA)
    assert tool == "argilla"
    assert [(one.item, one.sample_id, one.rater, one.answers) for one in found] == [
        ("1", "", "u1", {"rating": 4, "why": "clear"}),
        ("1", "", "u2", {"rating": 2}),
        ("", "s1", "u1", {"rating": 5}),
    ]


def test_label_studio(tmp_path: Path) -> None:
    tool, found = read(tmp_path, LABEL_STUDIO)
    assert tool == "label-studio"
    (one,) = found
    assert (one.sample_id, one.rater) == ("s0", "ada@example.org")
    spans = [{"start": 0, "end": 3, "label": "odd"}]
    assert one.answers == {"rating": 4, "tone": ["kind"], "why": "a\nb", "wrong": spans}


def test_csv(tmp_path: Path) -> None:
    text = '\ufeffrater,item,rating,labels,comment\nAda,1,4,"[""x""]",good\nBob,2,,,\n'
    tool, found = read(tmp_path, text)
    assert tool == "csv"
    assert [(one.rater, one.item, one.answers, one.comment) for one in found] == [
        ("Ada", "1", {"rating": 4, "labels": ["x"]}, "good"),
        ("Bob", "2", {}, ""),
    ]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("a,b\n1,2\n", "no column 'rater'"),
        ("rater,rating\nx,1\n", "neither 'item' nor 'sample_id'"),
        ("rater,item\nx\n", "line 2: it has another number of cells"),
        ('rater,item\n"x,1\n', "not CSV that can be read"),
        ("[{", "not JSON"),
        ('[{"data": {}}]', "record 1: not as label-studio exports it"),
        ('[{"responses": {"a": [{}]}}]', "record 1: not as argilla exports it"),
        ('[{"responses": 3}]', "record 1: not as argilla exports it"),
        ("[3]", "record 1: not as label-studio exports it"),
    ],
)
def test_faults_are_one_line(tmp_path: Path, content: str, fault: str) -> None:
    with pytest.raises(UsageError, match=fault) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_cells_may_be_longer_than_pythons_own_limit(tmp_path: Path) -> None:
    _, (one,) = read(tmp_path, f"rater,item,why\nx,1,{'a' * 140_000}\n")
    assert one.answers == {"why": "a" * 140_000}


def test_a_cell_of_brackets_is_a_text(tmp_path: Path) -> None:
    _, (one,) = read(tmp_path, f"rater,item,why\nx,1,{'[' * 100_000}\n")
    assert one.answers == {"why": "[" * 100_000}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file: check the path"):
        read_foreign(tmp_path / "nope")


@pytest.mark.parametrize("content", ["rater,item,rating\n", "[]", '[{"responses": {}}]'])
def test_a_file_without_an_answer_is_no_import(tmp_path: Path, content: str) -> None:
    (tmp_path / "file").write_text(content)
    with pytest.raises(UsageError, match="holds no answer"):
        read_foreign(tmp_path / "file")
