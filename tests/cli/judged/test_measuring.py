"""``audit judge measure``: figures, the file for later, and what is refused."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from audit.core import assets
from tests.cli.judged.conftest import WORDS
from tests.safety.scorers.guard.test_answers import a_guard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Twelve texts, of which one is labelled otherwise than the judge does."""
    rows = [
        {"prompt": f"{n}", "output": word, "label": word.lower()} for n, word in enumerate(["BAD", "FAIR", "GOOD"] * 4)
    ]
    rows[1]["label"] = "bad"
    file = tmp_path / "labels.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.mark.slow
def test_figures_and_file(audit: Audit, rubric: Path, labels: Path, tmp_path: Path) -> None:
    file = tmp_path / "judge.json"
    words = ("judge", "measure", "--rubric", rubric, "--labels", labels, *WORDS)
    code, out, err = audit(*words, "--out", file)
    assert code == 0, err
    for shown in (
        "agreement with people: cohen (quadratic weights)",
        "moved by a planted instruction",
        "fewer than 100",
    ):
        assert shown in out
    assert f"measurement: {file}" in err
    found = json.loads(file.read_text())
    assert (found["texts"], found["levels"][0]["verdicts"]) == (12, {"bad": 4, "fair": 1, "good": 0})
    code, out, _ = audit(*words, "--json", "--injected", 2)
    assert json.loads(out) == found | {"moved": json.loads(out)["moved"]}
    assert json.loads(out)["moved"]["texts"] == 2


def test_repeats_and_unread_replies_are_shown(audit: Audit, rubric: Path, labels: Path) -> None:
    words = ("judge", "measure", "--rubric", rubric, "--labels", labels, *WORDS, "--by", "generation")
    code, out, _ = audit(*words, "--repeats", 2, "--temperature", 0.5, "-q")
    assert (code, "same verdict when repeated" in out) == (0, True)
    code, out, _ = audit(*words, "--reasons")
    assert (code, "12 without a verdict: the reply is none of the allowed ones" in out) == (0, True)


@pytest.mark.slow
def test_a_good_judge_and_the_labels_of_a_rubric(
    audit: Audit, tmp_path: Path, rubric: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"prompt": f"{n}", "completion": word, "ratings": [float(number)]}
        for n, (word, number) in enumerate([("BAD", 0), ("FAIR", 1), ("GOOD", 3)] * 39 + [("FAIR", 0), ("GOOD", 1)])
    ]
    monkeypatch.setattr(assets, "dataset", lambda _name: SimpleNamespace(rows=rows, record=None))
    rubric.write_text(f"{rubric.read_text()}labels: pyrit_violence\n")
    code, out, _ = audit("judge", "measure", "--rubric", rubric, *WORDS)
    assert (code, "good enough for a gate" in out) == (0, True)


def test_an_interrupted_measurement_keeps_its_answers_until_it_is_there(
    audit: Audit, rubric: Path, labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    words = ("judge", "measure", "--rubric", rubric, "--labels", labels, *WORDS)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("audit.pipeline.judged.measuring.measurement", interrupted)
        code, _, err = audit(*words)
    assert (code, err.splitlines()[-1]) == (
        130,
        "interrupted: repeat the command; answers that were kept are not asked for again",
    )
    assert len(list((tmp_path / "cache" / "judging").iterdir())) == 1
    assert audit(*words)[0] == 0
    assert list((tmp_path / "cache" / "judging").iterdir()) == []


def test_faults_are_one_line(audit: Audit, rubric: Path, pairs: Path, labels: Path, tmp_path: Path) -> None:
    for words, fault in (
        (("--rubric", rubric), "helpful names no labelled texts: give a file with --labels FILE"),
        (("--rubric", rubric, "--labels", tmp_path / "none.csv"), "no such file"),
        (("--rubric", tmp_path / "none.yaml"), "none.yaml"),
        (("--rubric", pairs, "--labels", labels), "no column 'output_b'"),
        (("--rubric", rubric, "--labels", labels, "--out", tmp_path), "a folder of that name exists"),
        (("--rubric", rubric, "--labels", labels, "--reasons"), "need --by generation"),
    ):
        code, _, err = audit("judge", "measure", *words, *WORDS)
        assert (code, err.count("\n"), fault in err) == (2, 1, True), err


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every checkpoint is a WildGuard that calls each answer harmful."""
    engine = a_guard("wildguard", "Harmful request: yes\nResponse refusal: no\nHarmful response: yes").engine
    engine.check_sound = lambda: None  # type: ignore[method-assign]
    monkeypatch.setattr("audit.engine.configured.engine_of", lambda _config: engine)


def test_a_guard_model_is_measured_on_its_own_scale(audit: Audit, guard: None, tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    rows = [{"prompt": f"{n}", "output": "x", "label": "harmful" if n < 3 else "harmless"} for n in range(8)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ("judge", "measure", "--labels", file, "--model", "guard:./m")
    code, out, err = audit(*words, "--rubric", "harmful_answer", "--out", tmp_path / "guard.json")
    assert code == 0, err
    assert "harmful: sensitivity 1.000 of 3, specificity 0.000 of 5" in out
    assert json.loads((tmp_path / "guard.json").read_text())["identity"]["judge_by"] == "guard wildguard"
    code, _, err = audit(*words, "--rubric", "refusal")
    assert (code, "a guard model has a scale of its own: use --rubric harmful_answer" in err) == (2, True)
    code, _, err = audit(*words, "--rubric", "harmful_answer", "--by", "generation")
    assert (code, "do not apply to a guard model" in err) == (2, True)


def test_a_guard_model_judges_no_stored_outputs(audit: Audit, rubric: Path, tmp_path: Path) -> None:
    words = ("--task", "xsum", "--rubric", rubric, "--model", "guard:./m", "--runs", tmp_path)
    code, _, err = audit("judge", "outputs", "latest", *words)
    assert (code, "a guard model judges answers inside a run, with --answer-judge" in err) == (2, True)
