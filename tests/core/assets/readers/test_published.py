"""Multiple-choice questions as their publishers have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.assets.readers import published
from tests.core.assets.readers.test_files import _write
from tests.core.assets.readers.test_options import _jsonl

if TYPE_CHECKING:
    from pathlib import Path


def test_publishers_multiple_choice(tmp_path: Path) -> None:
    keyed = {
        "id": "7-980", "answerKey": "B",
        "question": {"stem": "Fog?", "choices": [{"text": "a marsh", "label": "A"}, {"text": "sea", "label": "B"}]},
    }  # fmt: skip
    made = _write(
        tmp_path,
        {
            "test.jsonl": _jsonl(keyed),
            "valid.jsonl": _jsonl({"goal": "g", "sol1": "s", "sol2": "t"}),
            "valid-labels.lst": "1\n",
            "test/law_test.csv": '"Who, then?",w,x,y,z,D\n',
            "TruthfulQA.csv": "Type,Question,Correct Answers\nAdversarial,Seeds?,Nothing; You digest them\n",
            "ASDiv.xml": "<M><P><Problem ID='1'><Body>B.</Body><Question>Q?</Question>"
            "<Answer>9 (apples)</Answer></Problem></P></M>",
        },
    )
    assert published.keyed({"t": made["test.jsonl"]}).rows == [
        {"question": "Fog?", "choices": ["a marsh", "sea"], "answer": 1}
    ]
    assert published.piqa({name: made[name] for name in ("valid-labels.lst", "valid.jsonl")}).rows == [
        {"question": "g", "choices": ["s", "t"], "answer": 1}
    ]
    assert published.mmlu({"t": made["test/law_test.csv"]}).rows == [
        {"question": "Who, then?", "choices": ["w", "x", "y", "z"], "answer": 3}
    ]
    assert published.truthfulqa({"t": made["TruthfulQA.csv"]}).rows == [
        {"question": "Seeds?", "correct": ["Nothing", "You digest them"]}
    ]
    assert published.asdiv({"t": made["ASDiv.xml"]}).rows == [
        {"passage": "B.", "question": "Q?", "answer": "9 apples", "number": 9.0}
    ]
