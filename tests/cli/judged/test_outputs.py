"""``audit judge outputs`` and ``draw``: from a run to labels, a judged run and its gate."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from audit.core.run_folder import RunFolder
from tests.cli.judged.conftest import WORDS
from tests.pipeline.judged.test_outputs import a_run, answers
from tests.safety.judges.conftest import an_engine, by_word

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Audit = Callable[..., tuple[int, str, str]]


def test_draw_label_judge_and_recompute(audit: Audit, rubric: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    a_run(runs, answers(100))
    file = tmp_path / "to_label.csv"
    code, _, err = audit("judge", "draw", "latest", "--task", "xsum", "--count", 40, "--out", file, "--runs", runs)
    assert (code, err) == (0, f"40 outputs to label: {file}\n")
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [*rows[0]] == ["sample_id", "label", "prompt", "output", "run"]
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, [*rows[0]])
        writer.writeheader()
        writer.writerows(row | {"label": row["output"].lower()} for row in rows)
    words = ("judge", "outputs", "latest", "--task", "xsum", "--rubric", rubric, "--runs", runs, *WORDS)
    code, out, err = audit(*words, "--labels", file, "--by", "generation", "--replies", tmp_path / "replies.jsonl")
    assert code == 0, err
    assert "xsum/helpful_mean_corrected" in out
    assert "corrected by people's labels of 40 outputs, drawn at random" in err
    assert "how far people agree with this judge was not measured" in err
    lines = [json.loads(line) for line in (tmp_path / "replies.jsonl").read_text().splitlines()]
    assert len(lines) == 100
    assert (lines[0]["number"], len(lines[0]["replies"])) == (0, 2)
    (judged,) = [run for run in RunFolder.all(runs) if run.path.name.startswith("judged-")]
    code, out, err = audit("verify", judged.path, "--recompute")
    assert code == 0, err
    again = [one.model_copy(update={"output": "else"}) for one in answers(100)]
    elsewhere = a_run(runs, again, "20260129T120000Z-tiny-0a1b2c")
    code, _, err = audit(*[elsewhere.path if word == "latest" else word for word in words], "--labels", file)
    assert (code, "the output is not that of the run" in err) == (2, True), err
    code, out, _ = audit(*words, "--json")
    assert code == 0
    assert [metric["metric"] for metric in json.loads(out)["metrics"]][:2] == ["helpful_mean", "helpful_share"]


def test_replies_are_written_without_personal_data(
    audit: Audit, rubric: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A judge may quote the output in its reasons."""
    runs, file = tmp_path / "runs", tmp_path / "replies.jsonl"
    run = a_run(runs, answers(4))

    def says(prompt: str) -> str:
        return f"It names jane.doe@mail-house.com.\nVerdict: {by_word(prompt)}"

    monkeypatch.setattr("audit.engine.configured.engine_of", lambda _config: an_engine(says))
    words = ("judge", "outputs", run.path, "--task", "xsum", "--rubric", rubric, "--runs", runs, *WORDS)
    code, _, err = audit(*words, "--by", "generation", "--reasons", "--replies", file)
    assert code == 0, err
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 3, 3]
    assert {reply.splitlines()[0] for line in lines for reply in line["replies"]} == {"It names [email]."}


def test_two_runs_and_a_measurement(audit: Audit, rubric: Path, pairs: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    new = a_run(runs, answers(8))
    old = a_run(runs, answers(8), "20260130T120000Z-tiny-0a1b2c")
    common = ("judge", "outputs", new.path, "--task", "xsum", "--runs", runs, *WORDS)
    code, out, err = audit(*common, "--rubric", pairs, "--against", old.path.name)
    assert (code, "better_preferred" in out) == (0, True), err
    labels, measured = tmp_path / "labels.jsonl", tmp_path / "judge.json"
    labels.write_text(
        "".join(json.dumps({"prompt": "p", "output": w, "label": w.lower()}) + "\n" for w in ("BAD", "GOOD"))
    )
    words = ("measure", "--rubric", rubric, "--labels", labels, *WORDS, "--out", measured)
    assert audit("judge", *words)[0] == 0
    code, _, err = audit(*common, "--rubric", rubric, "--measured", measured)
    assert (code, "it was measured on 2 texts, fewer than 100" in err) == (0, True), err


def test_faults_are_one_line(audit: Audit, rubric: Path, pairs: Path, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    run = a_run(runs, answers(8))
    common = ("judge", "outputs", run.path, "--runs", runs, *WORDS)
    blank, others = tmp_path / "blank.csv", tmp_path / "others.csv"
    blank.write_text("sample_id,label\nx,\n")
    others.write_text("sample_id,label\nx,good\n")
    for words, fault in (
        (("--task", "xsum", "--rubric", pairs), "compares answers of two runs: name the other one with --against"),
        (("--task", "xsum", "--rubric", rubric, "--against", run.path), "helpful is a scale: leave --against out"),
        (("--task", "boolq", "--rubric", rubric), "no samples of a task boolq; it has: xsum"),
        (("--task", "xsum", "--rubric", rubric, "--measured", tmp_path / "no.json"), "no.json"),
        (("--task", "xsum", "--rubric", rubric, "--labels", tmp_path / "no.csv"), "no such file"),
        (("--task", "xsum", "--rubric", pairs, "--against", run.path), "the run itself"),
        (("--task", "xsum", "--rubric", rubric, "--labels", blank), "no row has a label in the column 'label'"),
        (("--task", "xsum", "--rubric", rubric, "--labels", others), "none of its sample_ids is in the task"),
    ):
        code, _, err = audit(*common, *words)
        assert (code, err.count("\n"), fault in err) == (2, 1, True), err
    run.metrics_path.write_text(run.metrics_path.read_text().replace("1.0", "0.5"))
    assert audit(*common, "--task", "xsum", "--rubric", rubric)[0] == 12


def test_judged_before_is_one_line_and_says_why_a_value_is_missing(audit: Audit, rubric: Path, tmp_path: Path) -> None:
    runs, labels = tmp_path / "runs", tmp_path / "labels.csv"
    run = a_run(runs, answers(8))
    assert audit("judge", "draw", "latest", "--task", "xsum", "--count", 2, "--out", labels, "--runs", runs)[0] == 0
    labels.write_text(labels.read_text().replace(",,", ",good,"))
    words = ("judge", "outputs", run.path, "--task", "xsum", "--rubric", rubric, "--runs", runs, *WORDS)
    code, out, err = audit(*words, "--labels", labels)
    assert (code, "none: 2 labels of people; 30 are needed" in " ".join(out.split())) == (0, True), err
    code, _, err = audit(*words, "--labels", labels)
    assert (code, err.count("\n"), "judged before" in err) == (2, 1, True), err


def test_no_output_is_a_formula_in_the_file_to_label(audit: Audit, rubric: Path, tmp_path: Path) -> None:
    runs, labels = tmp_path / "runs", tmp_path / "labels.csv"
    evil = '=HYPERLINK("http://example.org")\x00 GOOD'
    run = a_run(runs, [one.model_copy(update={"output": evil}) for one in answers(2)])
    assert audit("judge", "draw", "latest", "--task", "xsum", "--count", 2, "--out", labels, "--runs", runs)[0] == 0
    with labels.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {row["output"] for row in rows} == {'\'=HYPERLINK("http://example.org")\\u0000 GOOD'}
    labels.write_text(labels.read_text().replace(",,", ",good,"))
    words = ("judge", "outputs", run.path, "--task", "xsum", "--rubric", rubric, "--runs", runs, *WORDS)
    code, _, err = audit(*words, "--labels", labels)
    assert (code, "people's labels of 2 outputs" in err) == (0, True), err
