"""The how-to on a user's own questions: its files and commands, executed; and what the command line refuses."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.own_data import file_tasks
from audit.core.errors import ConfigError
from audit.core.run_folder import RunFolder
from audit.gate.evidence import seal

if TYPE_CHECKING:
    from collections.abc import Callable

    Audit = Callable[..., tuple[int, str, str]]

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "own_data.md"
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
NAMES = {"csv": ["capitals.csv", "reviews.csv", "sums.csv"], "yaml": ["policy.yaml", "audit.yaml"]}
"""Files that the page's blocks are saved as, in their order."""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The blocks of the page by kind; its files lie in the working folder."""
    monkeypatch.chdir(tmp_path)
    blocks = [(block["kind"], block["text"]) for block in BLOCK.finditer(PAGE.read_text("utf-8"))]
    for kind, names in NAMES.items():
        texts = [text for found, text in blocks if found == kind]
        assert len(texts) == len(names)
        for name, text in zip(names, texts, strict=True):
            Path(name).write_text(text, "utf-8")
    return blocks


def test_the_page_shows_what_the_command_prints(page: list[tuple[str, str]], audit: Audit) -> None:
    shown = next(text for kind, text in page if kind == "text")
    command = next(text for kind, text in page if kind == "sh")
    code, out, _ = audit(*shlex.split(command)[1:])
    assert code == 0
    assert out == shown


def assert_judged_by_the_policy_of_the_page(folder: RunFolder, audit: Audit) -> None:
    """Its two rules, each on the metric that it means: of all six capitals, and of the three in the east."""
    code, _, error = audit("gate", folder.path, "--policy", "policy.yaml")
    assert code in {0, 10, 11}, error
    decision = folder.read_decision()
    assert decision is not None
    rows = {(m.name, str(m.slice)): m for m in folder.read_metrics()}
    meant = [rows["capitals/accuracy", str(where)] for where in (None, {"region": "east"})]
    assert [one.n for one in meant] == [6, 3]
    judged = [one for one in decision.checks if one.metric.startswith("capitals/")]
    assert [(one.value, one.ci_low, one.ci_high) for one in judged] == [
        (one.value, one.ci_low, one.ci_high) for one in meant
    ]


@pytest.mark.slow
def test_every_command_of_the_page_runs(page: list[tuple[str, str]], audit: Audit, tiny_model: Path) -> None:
    commands = [shlex.split(line) for kind, text in page if kind == "sh" for line in text.splitlines()]
    runs = [words[1:] for words in commands if words[:2] == ["audit", "run"]]
    assert (len(commands), len(runs)) == (5, 4)  # one lists the task: see above
    metrics = []
    for words in runs:
        code, _, error = audit(*words, "--model", tiny_model, "--offline", "--no-explain", "--out", "runs")
        assert code == 0, error
        folder = RunFolder.resolve("latest", Path("runs"))
        metrics.append({(m.metric, str(m.slice)) for m in folder.read_metrics() if m.suite == "evals"})
        if "reviews.csv" not in words and "sums.csv" not in words:
            assert_judged_by_the_policy_of_the_page(folder, audit)
        manifest = folder.read_manifest()
        (asset,) = [one for one in manifest.assets if one.name.endswith(".csv")]
        assert asset.licence == "LicenseRef-yours"
    assert ("accuracy", "{'region': 'east'}") in metrics[0] & metrics[1]
    assert {("macro_f1", "None"), ("accuracy", "None")} <= metrics[2]
    assert {("exact_match", "None"), ("unparsed_answers", "None")} <= metrics[3]


@pytest.mark.slow
def test_a_run_on_own_questions_is_resumed_from_anywhere_on_the_same_file_alone(
    page: list[tuple[str, str]], audit: Audit, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--model", tiny_model, "--offline", "--no-explain", "--out", "runs")
    code, _, error = audit("run", "--task-file", "capitals.csv", "--write-out", *words)
    assert code == 0, error
    assert "Question: What is the capital of" in error
    folder = RunFolder.resolve("latest", tmp_path / "runs")
    (task,) = folder.read_manifest().config["evals"]["tasks"]
    assert task["file"] == str(tmp_path / "capitals.csv")
    assert folder.read_manifest().config["safety"]["tasks"] == []
    seal(folder, folder.read_manifest().model_copy(update={"status": "partial"}))
    monkeypatch.chdir("/")
    code, _, error = audit("run", "--resume", folder.path)
    assert code == 0, error
    file = tmp_path / "capitals.csv"
    file.write_text(file.read_text().replace("Lyon", "Lille"))
    code, _, error = audit("run", "--resume", folder.path)
    assert code == 2
    assert "capitals.csv" in error


def test_a_long_prompt_is_shortened_in_the_middle(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    long = "begin " + "word " * 200_000 + "end"
    Path("mine.csv").write_text(f"question,a,b,answer\n{long},{long}a,{long}b,{long}b\n", "utf-8")
    code, out, _ = audit("tasks", "list", "--task-file", "mine.csv")
    assert code == 0
    lines = out.splitlines()
    for name, end in (("prompt of", "Answer:"), ("options", "endb"), ("right", "endb")):
        line = [line for line in lines if line.startswith(name)][-1]
        assert len(line) < 1200
        assert "begin word" in line
        assert "characters …]" in line
        assert line.rstrip('"]').endswith(end)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--task-file", "none.csv"), "none.csv: no such file: check the path."),
        (("--columns", "question=a"), "--columns says how a --task-file is read: name the file"),
        (("--task-file", "capitals.csv", "--columns", "question"), "--columns question: write question=COLUMN,"),
        (("--task-file", "capitals.csv", "--columns", "awnser=a"), "unknown key 'awnser'. Did you mean 'answer'?"),
        (("--task-file", "capitals.csv", "--columns", "file=a"), "--columns: unknown key 'file'"),
        (("--task-file", "capitals.csv", "--columns", "options=a+z"), "capitals.csv: options: no column 'z'"),
        (("--task-file", "capitals.csv", "--columns", "name=toxicity"), "a task file declares toxicity, the name of"),
        (("--task-file", "capitals.csv", "--columns", "name=boolq"), "a task named boolq already exists"),
        (("--tasks", "none.csv"), "unknown task 'none.csv': audit a file of your own questions with --task-file FILE"),
        (("--tasks", "capitals.csv"), "audit a file of your own questions with --task-file FILE"),
        (("--config", "wrong.yaml"), "wrong.yaml: safety: a task with a file is a benchmark task"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_before_anything_is_loaded(
    page: list[tuple[str, str]], audit: Audit, words: tuple[str, ...], message: str
) -> None:
    Path("wrong.yaml").write_text("safety: {tasks: [{name: bbq, file: capitals.csv}]}\n")
    code, out, error = audit("run", "--model", "no/such-model", *words)
    assert (code, out) == (2, "")
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("columns", "meant"),
    [
        ("question=q,options=a+b,answer=r", {"question": "q", "options": ["a", "b"], "answer": "r"}),
        ("options=choices, slices=x, classes=no", {"options": "choices", "slices": ["x"], "classes": ["no"]}),
        ('{"options": ["a,b", "c+d"], "prompt": "{{q}}, x"}', {"options": ["a,b", "c+d"], "prompt": "{{q}}, x"}),
        ("name=mine,cluster=passage,match=number_de", {"name": "mine", "cluster": "passage", "match": "number_de"}),
    ],
)
def test_columns_are_pairs_or_json(columns: str, meant: dict[str, Any]) -> None:
    if {"options", "classes"} <= meant.keys():
        with pytest.raises(ConfigError, match="options and classes are both set: remove one of them"):
            file_tasks(Path("x y.csv"), columns)
        return
    (task,) = file_tasks(Path("x y.csv"), columns)
    assert {key: getattr(task, key) for key in meant} == meant
    assert task.name == meant.get("name", "x_y")


def test_a_revision_of_what_has_none_is_refused(audit: Audit, tiny_model: Path) -> None:
    code, _, error = audit("explain", "--model", tiny_model, "--revision", "main", "-p", "x", "--target", "y")
    assert code == 2
    assert error == (
        f"error: --revision main: {tiny_model} is a folder or file on this machine, which has no revisions: leave out "
        "--revision, or name a hub id\n"
    )
