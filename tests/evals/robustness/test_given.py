"""Files with other wordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.evals.robustness.given import read_given, same_numbers

if TYPE_CHECKING:
    from pathlib import Path

ROWS = """\
{"sample_id": "ab", "paraphrase": "Which town?"}
{"question": " What city? ", "paraphrase": " Name the city. "}
{"instruction": "Answer in one sentence.", "paraphrase": "Reply with one sentence."}
{"word": "Big", "paraphrase": "large"}
"""


def test_rows_are_read_by_what_they_replace(tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text(ROWS)
    given = read_given(file)
    assert given.question("ab", "What city?") == "Which town?"  # the item before the text
    assert given.question("cd", "What city?\n") == "Name the city."
    assert given.question("cd", "Who?") is None
    assert given.instructions == {"Answer in one sentence.": "Reply with one sentence."}
    assert given.words == {"big": "large"}
    assert given.record is not None
    assert (given.record.name, given.record.licence, len(given.record.sha256)) == (
        "other.jsonl",
        "LicenseRef-yours",
        64,
    )


def test_no_file_gives_nothing() -> None:
    given = read_given(None)
    assert (given.record, given.words, given.question("a", "b")) == (None, {}, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"question": "a", "answer": "b"}\n', "needs the column paraphrase and at least one of sample_id, question"),
        ('{"text": "a", "paraphrase": "b"}\n', "needs the column paraphrase and at least one of"),
        ('{"question": "", "paraphrase": "b"}\n', "line 1: none of question is filled in"),
        ('{"question": "a", "word": "w", "paraphrase": "b"}\n', "line 1: question and word are filled in"),
        ('{"question": "a", "paraphrase": " "}\n', "line 1: paraphrase and question must be texts"),
        ('{"question": "a", "paraphrase": ["b"]}\n', "line 1: paraphrase and question must be texts"),
        (
            '{"word": "a", "paraphrase": "b"}\n{"word": "A", "paraphrase": "c"}\n',
            "lines 1 and 2: they replace the same",
        ),
    ],
)
def test_faulty_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_given(file)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("3 pears and 12", "12 pears and 3", True),
        ("3 pears", "three pears", False),
        ("1,000 pears", "1000 pears", False),
        ("3 and 3", "3", False),
        ("none", "nothing", True),
    ],
)
def test_the_same_numbers(one: str, other: str, same: bool) -> None:
    assert same_numbers(one, other) is same
