"""A run that was stopped ends as one that was not."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import time
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from tests.cli.whole.processes import PATIENCE
from tests.cli.whole.words import only_run, run_quietly

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.whole.processes import Forks

CONFIG = """
batch_tokens: 64
threads: 1
explain: {methods: [occlusion], errors: 1, drivers: 6}
evals: {tasks: []}
safety: {tasks: [{name: crows_pairs, limit: 120}, {name: personal_data, limit: 4}], samples_per_prompt: 2}
"""

LEAKING = """
batch_tokens: 64
threads: 1
explain: {methods: []}
evals: {tasks: []}
safety: {tasks: [{name: personal_data, limit: 3}, {name: crows_pairs, limit: 120}], samples_per_prompt: 2}
"""
JUDGED = """
batch_tokens: 64
threads: 1
explain: {{methods: []}}
evals: {{tasks: []}}
safety: {{tasks: [{{name: toxicity_en, limit: 12}}], samples_per_prompt: 1, toxicity_scorer: "judge:{judge}"}}
"""
ADDRESS = "ann@gmx.de"


@pytest.fixture(scope="module")
def words(tiny_model: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    config = tmp_path_factory.mktemp("config") / "run.yaml"
    config.write_text(CONFIG)
    return ["run", "--model", tiny_model, "--config", config, "--data-dir", data_dir, "--offline"]


@pytest.fixture(scope="module")
def undisturbed(words: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    assert run_quietly([*words, "--out", out]) == 0
    return only_run(out)


def _samples(folder: Path) -> dict[str, list[dict[str, object]]]:
    """All samples of a run but for the time they took."""
    return {
        file.name: pq.read_table(file).drop_columns(["seconds"]).to_pylist()
        for file in sorted(folder.glob("samples/*/*.parquet"))
    }


def _answers(out: Path, like: str = "%") -> int:
    """Answers in the journal of the only run under ``out``; 0 while there is none."""
    try:
        with sqlite3.connect(f"file:{only_run(out) / 'journal.sqlite'}?mode=ro", uri=True, timeout=5) as connection:
            (count,) = connection.execute("SELECT count(*) FROM answers WHERE answer LIKE ?", [like]).fetchone()
    except (ValueError, OSError, sqlite3.Error):
        return 0
    finally:
        if "connection" in locals():
            connection.close()
    return int(count)


def _stop_after(words: list[object], forks: Forks, out: Path, answers: int, by: signal.Signals) -> int:
    """Start a run, send a signal when its journal holds that many answers, one of them its own; returns the status."""
    answers = max(answers, _answers(out) + 1)  # the one before may have gone on for a moment
    fork = forks.start([*words, "--out", out])
    deadline = time.monotonic() + PATIENCE
    while _answers(out) < answers and fork.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert fork.poll() is None, f"the run ended before it could be stopped: {fork.error.read_text()}"
    return fork.stop(by)[0]


STOPS = [(1, signal.SIGKILL), (80, signal.SIGINT), (140, signal.SIGKILL), (200, signal.SIGTERM)]
"""How many answers the journal holds when the run is stopped, and by what: each time the same run, resumed."""


@pytest.mark.slow
def test_a_run_stopped_again_and_again_gives_the_same_bytes(
    words: list[object], forks: Forks, undisturbed: Path, tmp_path: Path
) -> None:
    for answers, by in STOPS:
        kept = _answers(tmp_path)
        status = _stop_after(words, forks, tmp_path, answers, by)
        manifest = json.loads((only_run(tmp_path) / "manifest.json").read_text())
        if by == signal.SIGKILL:
            assert (status, manifest["status"]) == (-signal.SIGKILL, "running")
        else:
            assert (status, manifest["status"], manifest["interrupted"]) == (13, "partial", True)
        assert _answers(tmp_path) >= max(kept, answers)
        words = ["run", "--resume", "latest"]
    assert run_quietly([*words, "--out", tmp_path]) == 0
    folder = only_run(tmp_path)
    assert (folder / "metrics.json").read_bytes() == (undisturbed / "metrics.json").read_bytes()
    assert _answers(tmp_path) == _answers(undisturbed.parent)
    assert _samples(folder) == _samples(undisturbed)
    assert (folder / "drivers.json").read_bytes() == (undisturbed / "drivers.json").read_bytes()
    assert any(group["samples"] for group in json.loads((folder / "drivers.json").read_text())["groups"])


def _written_text(folder: Path) -> bytes:
    """Every byte under a folder, unpacked where it is packed."""
    plain = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    return plain + repr(_samples(folder)).encode()


@pytest.fixture
def leaking(tiny_model: Path, tmp_path: Path) -> Path:
    """A checkpoint that writes addresses whatever it is asked, also where tokens are drawn."""
    from safetensors.torch import load_file, save_file

    from tests.engine.whole.scripts import tokenizer_of, write

    tokenizer = tokenizer_of(tiny_model)
    folder = write(tmp_path / "leaking", tokenizer, tokenizer(f" {ADDRESS}" * 100)["input_ids"][:350])
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.weight"] *= 100
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.slow
def test_a_killed_run_holds_no_personal_data_and_resumes(
    forks: Forks, leaking: Path, data_dir: Path, tmp_path: Path
) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(LEAKING)
    words: list[object] = ["run", "--model", leaking, "--config", config, "--data-dir", data_dir, "--offline"]
    assert run_quietly([*words, "--out", tmp_path / "whole", "--keep-raw"]) == 0
    whole = only_run(tmp_path / "whole")
    leaked = [json.loads(line)["output"] for line in (whole / "raw.jsonl").read_text("utf-8").splitlines()]
    assert any(ADDRESS in text for text in leaked)
    (whole / "raw.jsonl").unlink()
    out = tmp_path / "killed"
    texts = _answers(tmp_path / "whole", "%generations%")
    assert _stop_after(words, forks, out, texts + 1, signal.SIGKILL) == -signal.SIGKILL
    assert _answers(out, "%generations%") == texts < 3
    for folder in (whole, only_run(out)):
        written = _written_text(folder)
        assert not [
            text for text in leaked if any(form[1:-1].encode() in written for form in (json.dumps(text), repr(text)))
        ]
        assert ADDRESS.encode() not in written
    assert run_quietly(["run", "--resume", "latest", "--out", out]) == 0
    assert (only_run(out) / "metrics.json").read_bytes() == (whole / "metrics.json").read_bytes()
    assert _samples(only_run(out)) == _samples(whole)


@pytest.mark.slow
def test_what_a_judge_has_answered_is_not_asked_again(forks: Forks, tiny_model: Path, tmp_path: Path) -> None:
    """A judge may be a server that is paid by the token: its answers are in the journal of the run."""
    judge = tmp_path / "judge"
    shutil.copytree(tiny_model, judge)
    read = json.loads((judge / "config.json").read_text())
    (judge / "config.json").write_text(json.dumps(read | {"max_position_embeddings": 8192}))  # rubrics are long
    config = tmp_path / "run.yaml"
    config.write_text(JUDGED.format(judge=judge))
    words: list[object] = ["run", "--model", tiny_model, "--config", config, "--offline"]
    assert run_quietly([*words, "--out", tmp_path / "whole"]) == 0
    texts, whole = (_answers(tmp_path / "whole", like) for like in ("%generations%", "%"))
    assert texts > 0
    out = tmp_path / "killed"
    assert _stop_after(words, forks, out, texts + 1, signal.SIGKILL) == -signal.SIGKILL
    assert texts < _answers(out) < whole
    assert run_quietly(["run", "--resume", "latest", "--out", out]) == 0
    assert _answers(out) == whole
    assert _samples(only_run(out)) == _samples(only_run(tmp_path / "whole"))


def test_resume_takes_no_other_options(audit: object, tmp_path: Path) -> None:
    code, _, error = audit("run", "--resume", "latest", "--limit", 5, "--out", tmp_path)  # type: ignore[operator]
    assert code == 2
    assert "leave out --limit" in error
