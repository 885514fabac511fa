"""IFBench's file and SyllaPy's list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from audit.core.assets.readers import instructions
from audit.core.errors import AssetError
from tests.core.assets.readers.test_files import _write

if TYPE_CHECKING:
    from pathlib import Path


def test_requests_with_their_checks(tmp_path: Path) -> None:
    rows = [
        {
            "key": "1",
            "prompt": " Write. ",
            "instruction_id_list": ["count:numbers", "words:vowel"],
            "kwargs": [{"N": 2.0, "word": None}, {"N": None}],
        },
        {"key": 2, "prompt": "Go", "instruction_id_list": ["count:a", "count:b"], "kwargs": [{}, {"sep": "…"}]},
    ]
    read = instructions.ifbench(_write(tmp_path, {"a.jsonl": "\n\n".join(map(json.dumps, rows))}))
    assert [(row["key"], row["question"], row["group"], row["instructions"]) for row in read.rows] == [
        ("1", " Write. ", "several", "2"),
        ("2", "Go", "count", "2"),
    ]
    assert json.loads(read.rows[0]["checks"]) == [
        {"id": "count:numbers", "arguments": {"N": 2.0}},
        {"id": "words:vowel", "arguments": {}},
    ]
    assert '"sep": "…"' in read.rows[1]["checks"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "line 1.*not valid JSON"),
        ("[" * 100_000, "line 1.*too deeply nested"),
        ("[1]", "line 1.*expected an object"),
        ('{"key": 1}', "line 1.*no column 'prompt'"),
        ('{"key": 1, "prompt": "a", "instruction_id_list": ["a"], "kwargs": []}', "line 1.*not in IFBench's format"),
        ('{"key": 1, "prompt": "a", "instruction_id_list": [1], "kwargs": [{}]}', "line 1.*not in IFBench's format"),
        ('{"key": 1, "prompt": "a", "instruction_id_list": [], "kwargs": []}', "line 1.*at least one instruction"),
        ('{"key": 1, "prompt": 2, "instruction_id_list": ["a"], "kwargs": [{}]}', "line 1.*a text and at least"),
    ],
)
def test_a_broken_line(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(AssetError, match=fault):
        instructions.ifbench(_write(tmp_path, {"a.jsonl": text}))


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"num_words": "6"}, "'num_words' is not a whole number"),
        ({"num_words": True}, "'num_words' is not a whole number"),
        ({"nth_paragraph": -1}, "'nth_paragraph' is not a whole number"),
        ({"keywords": "cat"}, "'keywords' is not a list of texts"),
        ({"forbidden_words": ["a", 1]}, "'forbidden_words' is not a list of texts"),
        ({"keyword": 3}, "'keyword' is not text"),
        ({"keywords": ["a", "b("]}, "'keywords' cannot be searched for"),
    ],
)
def test_arguments_of_the_wrong_type(tmp_path: Path, arguments: dict[str, object], fault: str) -> None:
    """Each would end the run with an exception once an answer is scored."""
    rows = [
        {"key": 1, "prompt": "a", "instruction_id_list": ["keywords:x"], "kwargs": [given]}
        for given in ({"keywords": ["a{2}"], "num_words": 0, "other": None, "unknown": {}}, arguments)
    ]
    with pytest.raises(AssetError, match=f"line 2.*keywords:x: {fault}"):
        instructions.ifeval(_write(tmp_path, {"a.jsonl": "\n".join(map(json.dumps, rows))}))
    first = _write(tmp_path, {"b.jsonl": json.dumps(rows[0])})
    assert [row["key"] for row in instructions.ifeval(first).rows] == ["1"]


def test_syllables(tmp_path: Path) -> None:
    read = instructions.syllables(_write(tmp_path, {"data.csv": "a,1\nidea,3\n"}))
    assert read.rows == [{"word": "a", "syllables": 1}, {"word": "idea", "syllables": 3}]
    with pytest.raises(AssetError, match=r"line 2.*'x' is not a number of syllables"):
        instructions.syllables(_write(tmp_path, {"data.csv": "a,1\nb,x\n"}))
