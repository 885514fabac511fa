"""Rubrics: what a file may say, and one line for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.safety.judges.rubric import load_rubric, shipped_rubrics
from tests.safety.judges.conftest import PAIRS, SCALE

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
name: helpful
question: How good?
criteria: Truth.
levels:
- {number: 0, label: bad, text: It is wrong.}
- {number: 1, label: fair, text: It is half right.}
- {number: 3, label: good, text: It is right.}
counts_from: 1
"""


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(GOOD)
    assert load_rubric(str(tmp_path / "r.yaml")) == SCALE


def test_every_packaged_rubric_can_be_asked() -> None:
    assert shipped_rubrics() == [
        *("better_answer", "harmful_answer", "hate_speech", "refusal", "self_harm", "toxicity", "violence")
    ]
    for name in shipped_rubrics():
        found = load_rubric(name)
        assert found.name == name
        assert found.pairs == (name == "better_answer")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("name: helpful", "name: Help ful", "name: "),
        ("question: How good?", "", "question: this key is required"),
        ("criteria: Truth.", "criteria: ' '", "criteria: "),
        ("number: 1,", "number: 0,", "levels: list them from the lowest number to the highest, each number once"),
        ("number: 1,", "number: .nan,", "levels.1.number"),
        ("number: 1,", "number: '1',", "levels.1.number"),
        ("label: fair", "label: BAD", "levels: two have the same label"),
        ("counts_from: 1", "counts_from: 0", "counts_from: must be above 0, the lowest number, and at most 3"),
        ("counts_from: 1", "pairs: true", "give levels, or pairs: true"),
        ("counts_from: 1", "levle: 3", "unknown key 'levle'. Did you mean 'levels'?"),
        (
            "- {number: 1, label: fair, text: It is half right.}\n- {number: 3, label: good, text: It is right.}\n",
            "",
            "levels",
        ),
        (GOOD, "name: p\nquestion: q\ncriteria: c\npairs: true\nlabels: x\n", "counts_from and labels are for scales"),
        (GOOD, "", "the rubric is empty"),
        (GOOD, "- 1", "expected keys and values"),
    ],
)
def test_a_bad_rubric_is_one_line(old: str, new: str, fault: str, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_rubric(str(file))
    assert fault in str(error.value)
    assert str(error.value).startswith(str(file))
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(
        ConfigError, match=r"refusals: no such file, and no shipped rubric: .* Did you mean 'refusal'\?"
    ):
        load_rubric("refusals")
    with pytest.raises(ConfigError, match="a: no such file, and no shipped rubric"):
        load_rubric("a" * 300)
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        load_rubric("none.yaml")


def test_labels_are_names_or_numbers_of_the_scale() -> None:
    assert [SCALE.number_of(text) for text in ("Good", " fair ", "3", 0, "2", "4", "-1", "x", "nan", "")] == [
        *(3, 1, 3, 0, 2, None, None, None, None, None),
    ]
    assert [SCALE.nearest(number) for number in (0.5, 0.51, 2, 2.1, 3)] == [0, 1, 1, 3, 3]
    assert [SCALE.share_of_range(number) for number in (0, 1, 3)] == [0, pytest.approx(1 / 3), 1]
    assert [PAIRS.number_of(text) for text in ("first", "tie", "second")] == [1, 0.5, 0]
    assert [level.label for level in PAIRS.model_copy(update={"ties": False}).scale] == ["second", "first"]


def test_the_digest_is_of_what_is_asked() -> None:
    assert SCALE.digest == SCALE.model_copy(update={"labels": "elsewhere"}).digest
    assert SCALE.digest != SCALE.model_copy(update={"criteria": "Style."}).digest
