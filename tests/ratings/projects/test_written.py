"""Questions in a YAML file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.ratings.projects.written import read_written

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
guidelines: Read the question first.
questions:
  - {kind: likert, name: helpful, text: 'Does it help?', points: 7}
  - {kind: labels, name: faults, text: 'What is wrong?', labels: [facts, tone], several: true}
  - {kind: spans, name: wrong, text: 'Where?', labels: [wrong]}
  - {kind: text, name: better, text: A better answer}
  - {kind: preference, name: which, text: 'Which is better?', both_bad: false}
"""


def test_every_kind_of_question(tmp_path: Path) -> None:
    file = tmp_path / "q.yaml"
    file.write_text(GOOD)
    found = read_written(file)
    assert found.guidelines == "Read the question first."
    assert [one.kind for one in found.questions] == ["likert", "labels", "spans", "text", "preference"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("questions: []", "questions"),
        ("questions: [{kind: stars, name: a, text: b}]", "questions"),
        ("questions: [{kind: likert, name: A b, text: c}]", "name"),
        ("question: []", "unknown key 'question'. Did you mean 'questions'"),
        ("questions: [{kind: text, name: a, text: b}, {kind: text, name: a, text: c}]", "two questions are called a"),
    ],
)
def test_faults_are_one_line(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "q.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=fault) as caught:
        read_written(file)
    assert "\n" not in str(caught.value)
