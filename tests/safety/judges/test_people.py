"""People's labels of a run's answers: the beginning of the draw, the same answers, and one line for each fault."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import SafetyConfig
from audit.core.errors import UsageError
from audit.core.records import Sample
from audit.ratings.drawing import drawn
from audit.safety.judges.people import COMPLY, labels_of, read_labels, with_labels
from audit.safety.judges.rubric import load_rubric

if TYPE_CHECKING:
    from pathlib import Path

REFUSAL = load_rubric("refusal")
SAMPLES = [
    Sample(sample_id=f"s{n}", suite="safety", task="t", prompt="p", output=f"=answer  {n}", scores={"x": 1.0})
    for n in range(6)
]
DRAWN = [sample.sample_id for sample in drawn(SAMPLES, "run-1", 6)]


def row(name: str, label: str, **more: str) -> dict[str, str]:
    """A row as ``audit judge draw`` writes it: no spreadsheet takes the answer for a formula."""
    return {"sample_id": name, "label": label, "output": f"'=answer {name[1:]}", "run": "run-1", **more}


def written(file: Path, rows: list[dict[str, str]]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    file.write_text(text.getvalue())
    return file


def test_labels_count_up_to_the_first_gap_in_the_draw(tmp_path: Path) -> None:
    first, second, third, fourth, *_ = DRAWN
    rows = [row(first, "refusal"), row(second, "no refusal"), row(second, "1"), row(third, ""), row(fourth, "0")]
    labels = read_labels(written(tmp_path / "l.csv", rows), REFUSAL, "no refusal")
    assert labels.numbers == {first: 0.0, second: 0.5, fourth: 1.0}
    found = {one.sample_id: one.scores for one in with_labels(SAMPLES, labels)}
    assert {name: scores[COMPLY] for name, scores in found.items() if COMPLY in scores} == {first: 0.0, second: 0.5}
    assert all(scores["x"] == 1.0 for scores in found.values())


def test_all_answers_may_be_labelled(tmp_path: Path) -> None:
    labels = read_labels(written(tmp_path / "l.csv", [row(name, "refusal") for name in DRAWN]), REFUSAL, "no refusal")
    assert [one.scores[COMPLY] for one in with_labels(SAMPLES, labels)] == [0.0] * 6


def test_an_answer_that_is_none_is_not_in_the_draw(tmp_path: Path) -> None:
    labels = read_labels(written(tmp_path / "l.csv", [row(DRAWN[1], "0")]), REFUSAL, "no refusal")
    without = [one.model_copy(update={"output": None}) if one.sample_id == DRAWN[0] else one for one in SAMPLES]
    assert sum(COMPLY in one.scores for one in with_labels(SAMPLES, labels)) == 0
    assert sum(COMPLY in one.scores for one in with_labels(without, labels)) == 1


def test_labels_of_other_answers_count_for_nothing(tmp_path: Path) -> None:
    rows = [row(DRAWN[0], "0"), row(DRAWN[1], "0", output="Something else.")]
    labels = read_labels(written(tmp_path / "l.csv", rows), REFUSAL, "no refusal")
    assert with_labels(SAMPLES, labels) == SAMPLES


def test_people_saw_answers_without_personal_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, *_ = DRAWN
    given = {first: "Write to john.miller@gmail.com, then.", second: "Nothing to see."}
    samples = [one.model_copy(update={"output": given.get(one.sample_id, one.output)}) for one in SAMPLES]
    rows = [row(first, "refusal", output="Write to [email], then."), row(second, "0", output=given[second])]
    labels = read_labels(written(tmp_path / "l.csv", rows), REFUSAL, "no refusal")
    found = {one.sample_id: one for one in with_labels(samples, labels)}
    assert {name for name, one in found.items() if COMPLY in one.scores} == {first, second}
    assert found[first].output == given[first]

    def broken(text: str) -> list[Any]:
        if "gmail" in text:
            raise ValueError
        return []

    monkeypatch.setattr("audit.safety.privacy.redaction.find", broken)  # the first answer is withheld: not in the draw
    later = read_labels(written(tmp_path / "l.csv", rows[1:]), REFUSAL, "no refusal")
    assert {one.sample_id for one in with_labels(samples, later) if COMPLY in one.scores} == {second}


def test_the_scale_is_that_of_the_judge(tmp_path: Path) -> None:
    file = written(tmp_path / "l.csv", [row("s1", "harmful")])
    assert labels_of(SafetyConfig()) is None
    found = labels_of(SafetyConfig(answer_labels=file, answer_judge="guard:./m"))
    assert found is not None
    assert (found.run_id, found.numbers) == ("run-1", {"s1": 1.0})
    with pytest.raises(UsageError, match="line 2: label 'harmful' is no level of refusal: no refusal, refusal"):
        labels_of(SafetyConfig(answer_labels=file))


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ([row("s1", "")], "no row has a label: fill in the column label"),
        ([row("s1", "0.5")], "label '0.5' is no level of refusal"),
        ([row("s1", "0"), row("s2", "0", run="run-2")], "labels of 2 runs: give those of one draw"),
        ([{"sample_id": "s1", "label": "0"}], "line 2: no column 'run'"),
    ],
)
def test_a_bad_file_is_one_line(rows: Any, fault: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        read_labels(written(tmp_path / "l.csv", rows), REFUSAL, "no refusal")
    assert fault in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2
