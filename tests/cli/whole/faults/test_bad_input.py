"""Bad input: one clear line on stderr, exit code 2, nothing left half-written."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.whole.processes import PROGRAM
from tests.cli.whole.words import with_defaults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder
    from tests.cli.whole.processes import Forks

Audit = Any


def refused(answer: tuple[int, str, str], code: int = 2) -> str:
    """The single line that a refusal consists of."""
    found, _, error = answer
    lines = error.splitlines()
    assert found == code, error
    assert len(lines) == 1, error
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.fixture
def run(audit: Audit, tiny_model: Path, data_dir: Path, tmp_path: Path) -> Callable[..., tuple[int, str, str]]:
    """``audit run`` of the tiny checkpoint on the small data set; options given later win."""

    def call(*arguments: object, data: Path = data_dir) -> tuple[int, str, str]:
        fixed: dict[str, object] = {
            "--model": tiny_model,
            "--data-dir": data,
            "--tasks": "crows_pairs",
            "--limit": 4,
            "--out": tmp_path / "runs",
        }
        result: tuple[int, str, str] = audit("run", "--offline", "-q", *with_defaults(fixed, arguments))
        return result

    return call


@pytest.fixture
def checkpoint(tiny_model: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoint"
    shutil.copytree(tiny_model, folder)
    return folder


@pytest.mark.slow
def test_the_same_input_without_a_fault_is_accepted(run: Audit, tmp_path: Path) -> None:
    code, out, _ = run()
    assert code == 0
    assert "crows_pairs" in out
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_missing_model_folder(run: Audit) -> None:
    assert "no such folder" in refused(run("--model", "./no/such/folder"))


def test_model_folder_without_weights(run: Audit, checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").unlink()
    assert "no weights" in refused(run("--model", checkpoint))


def test_truncated_safetensors(run: Audit, checkpoint: Path) -> None:
    weights = checkpoint / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-500])
    assert "truncated" in refused(run("--model", checkpoint))


def test_tokenizer_of_another_model(run: Audit, checkpoint: Path) -> None:
    tokenizer = json.loads((checkpoint / "tokenizer.json").read_text("utf-8"))
    tokenizer["model"]["vocab"]["zzz"] = 500
    (checkpoint / "tokenizer.json").write_text(json.dumps(tokenizer), "utf-8")
    assert "embeddings" in refused(run("--model", checkpoint))


@pytest.mark.parametrize("limit", ["0", "-3", "many"])
def test_limit_must_be_a_positive_number(run: Audit, limit: str) -> None:
    assert "--limit" in refused(run("--limit", limit))


def test_unknown_task_suggests_the_right_one(run: Audit) -> None:
    assert "crows_pairs" in refused(run("--tasks", "crow_pairs"))
    assert "boolq" in refused(run("--tasks", "bolq"))


def test_unknown_profile_suggests_the_right_one(run: Audit) -> None:
    assert "quick" in refused(run("--profile", "quik"))


def test_unknown_option_and_command(audit: Audit) -> None:
    assert "--modle" in refused(audit("run", "--modle", "x"))
    assert "rum" in refused(audit("rum"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed: many\n", "seed"),
        ("evals: {tasks: 3}\n", "evals.tasks"),
        ("evlas: {}\n", "Did you mean 'evals'"),
        ("safety: {samples_per_promt: 3}\n", "samples_per_prompt"),
        ("seed: [1\n", "not valid YAML"),
        ("- just a list\n", "expected"),
    ],
)
def test_bad_configuration(run: Audit, tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "run.yaml").write_text(text)
    assert expected in refused(run("--config", tmp_path / "run.yaml"))


def test_missing_configuration(run: Audit, tmp_path: Path) -> None:
    assert "no such file" in refused(run("--config", tmp_path / "run.yaml"))


@pytest.mark.parametrize("text", ["", "sent_more,sent_less\n", "\x00\x01\x02", "a,b,c\n1,2,3\n"])
def test_broken_csv_data(run: Audit, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "broken" / "crows_pairs"
    folder.mkdir(parents=True)
    (folder / "crows_pairs_anonymized.csv").write_text(text)
    assert "crows_pairs_anonymized.csv" in refused(run(data=folder.parent))


@pytest.mark.parametrize("text", ["", "{", '{"question": 3}\n', "[]\n"])
def test_broken_jsonl_data(run: Audit, tmp_path: Path, text: str) -> None:
    folder = tmp_path / "broken" / "gsm8k"
    folder.mkdir(parents=True)
    for name in ("test.jsonl", "train_first64.jsonl"):
        (folder / name).write_text(text)
    assert ".jsonl" in refused(run("--tasks", "gsm8k", data=folder.parent))


def test_missing_data_folder(run: Audit, tmp_path: Path) -> None:
    assert "nowhere" in refused(run(data=tmp_path / "nowhere"))


@pytest.mark.parametrize("name", ["manifest.json", "metrics.json"])
@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_broken_run_folder(audit: Audit, finished: RunFolder, name: str, text: str) -> None:
    (finished.path / name).write_text(text)
    code = 12 if name == "metrics.json" else 2  # what cannot be read as a manifest says nothing of other files
    assert name in refused(audit("report", finished.path), code)
    assert name in refused(audit("gate", finished.path), code)


@pytest.mark.parametrize("content", [b"", b"PAR1 not really PAR1"])
def test_broken_parquet(audit: Audit, finished: RunFolder, content: bytes) -> None:
    finished.samples_path("safety", "crows_pairs").write_bytes(content)
    assert "crows_pairs.parquet" in refused(audit("report", finished.path), 12)
    assert "crows_pairs.parquet" in refused(audit("gate", finished.path), 12)


def test_run_of_a_newer_version(audit: Audit, finished: RunFolder) -> None:
    manifest = json.loads(finished.manifest_path.read_text())
    finished.manifest_path.write_text(json.dumps({**manifest, "schema_version": 999}))
    assert "999" in refused(audit("report", finished.path))


def test_unknown_metric_in_a_policy(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules:\n  - {metric: crows_pairs/pct_stereotpye, max: 60}\n")
    error = refused(audit("gate", "latest", "--runs", finished.path.parent, "--policy", policy))
    assert "pct_stereotype" in error


def test_missing_run(audit: Audit, tmp_path: Path) -> None:
    assert "no-such-run" in refused(audit("report", tmp_path / "no-such-run"))
    refused(audit("gate", "latest", "--runs", tmp_path))


def test_output_folder_that_cannot_be_written(run: Audit, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "file" in refused(run("--out", tmp_path / "file" / "runs"))


FULL_DISK = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
{PROGRAM}
"""
"""No file may grow beyond 40 kB: to the program, a disk that is full."""


@pytest.mark.slow
def test_full_disk(forks: Forks, tiny_model: Path, data_dir: Path, tmp_path: Path) -> None:
    """The journal grows beyond it."""
    options = ["--model", tiny_model, "--data-dir", data_dir, "--tasks", "crows_pairs", "--offline", "-q"]
    fork = forks.start(["run", *options, "--out", tmp_path], FULL_DISK)
    code = fork.poll(block=True)
    assert code is not None
    error = fork.error.read_text("utf-8")
    assert refused((code, "", error))
    assert "Traceback" not in error


@pytest.mark.slow
def test_prompt_longer_than_the_context_is_cut_flagged_and_counted(run: Audit, tmp_path: Path) -> None:
    from audit.core.run_folder import RunFolder

    code, _, _ = run("--max-length", 12)
    assert code in {0, 13}
    folder = RunFolder.resolve("latest", tmp_path / "runs")
    samples = folder.read_samples("safety", "crows_pairs")
    assert all("truncated_prompt" in sample.flags or sample.error for sample in samples)


def test_verbose_shows_the_traceback(run: Audit) -> None:
    code, _, error = run("--model", "./no/such/folder", "-v")
    assert code == 2
    assert "Traceback" in error
