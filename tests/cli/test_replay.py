"""``audit run --replay``: a finished run made again, its exit codes, and what may be given with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from audit.core.run_folder import RunFolder
from audit.gate.evidence import seal

Audit = Any


@pytest.fixture
def other_tiny_model(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny checkpoint with its weights halved."""
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny_model, tmp_path / "other"))
    weights = load_file(folder / "model.safetensors")
    save_file({name: one / 2 for name, one in weights.items()}, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.slow
def test_a_replay_equals_its_run(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    code, out, error = audit("run", "--replay", finished.path, "--out", tmp_path / "again", "-q")
    assert code == 0, (out, error)
    assert "EQUAL: " in out
    assert "not as recorded" not in out
    (again,) = RunFolder.all(tmp_path / "again")
    assert again.read_metrics() == finished.read_metrics()
    assert again.run_id != finished.run_id
    assert again.read_manifest().replay_of == finished.run_id


@pytest.mark.slow
def test_another_checkpoint_is_named_first_and_its_answers_differ(
    audit: Audit, finished: RunFolder, other_tiny_model: Path, tmp_path: Path
) -> None:
    words = ("--replay", finished.path, "--model", other_tiny_model, "--limit", 5, "--out", tmp_path / "again", "-q")
    code, out, _ = audit("run", *words)
    assert code == 12
    assert out.startswith("not as recorded: another checkpoint: digest ")
    assert "DIFFERENT: 1 of 1 tasks" in out


@pytest.mark.slow
def test_an_edited_answer_of_a_sealed_run_is_found(audit: Audit, finished: RunFolder, tmp_path: Path) -> None:
    samples = finished.read_samples("safety", "crows_pairs")
    edited = [samples[0].model_copy(update={"output": "made up"}), *samples[1:]]
    finished.write_samples("safety", "crows_pairs", edited)
    seal(finished)
    code, out, error = audit(
        "run", "--replay", finished.path, "--tasks", "crows_*", "--out", tmp_path / "again", "--json", "-q"
    )
    assert code == 12, error
    found = json.loads(out)
    assert (found["equal"], found["causes"]) == (False, [])
    [task] = found["tasks"]
    assert (task["answers"], task["prompts"], task["scores"], task["first"]) == (1, 0, 0, [samples[0].sample_id])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seed", "3"], "--replay takes the run's own configuration: leave out --seed"),
        (["--resume", "latest"], "--replay takes the run's own configuration: leave out --resume"),
        (["--tasks", "crows_pair"], "has no such task. Did you mean 'crows_pairs'?"),
        (["--limit", "all"], "crows_pairs was run with the limit 20: give a smaller one of this kind"),
        (["--limit", "0.5"], "crows_pairs was run with the limit 20: give a smaller one of this kind"),
    ],
)
def test_what_cannot_be_meant_is_refused(audit: Audit, finished: RunFolder, words: list[str], said: str) -> None:
    code, _, error = audit("run", "--replay", finished.path, *words)
    assert code == 2
    assert said in " ".join(error.split())


def test_runs_that_cannot_be_made_again_are_refused(audit: Audit, finished: RunFolder) -> None:
    manifest = finished.read_manifest()
    seal(finished, manifest.model_copy(update={"config": {"import": {}}}))
    assert "another tool made the run" in audit("run", "--replay", finished.path)[2]
    finished.write_manifest(manifest.model_copy(update={"status": "running"}))
    code, _, error = audit("run", "--replay", finished.path)
    assert code == 2
    assert "has not ended: finish it" in error


def test_an_edited_run_is_refused_before_anything_is_measured(audit: Audit, finished: RunFolder) -> None:
    manifest = finished.read_manifest()
    finished.write_manifest(manifest.model_copy(update={"config": {}}))
    code, out, error = audit("run", "--replay", finished.path)
    assert (code, out) == (12, "")
    assert "manifest.json: evidence invalid: it was changed after the run ended" in " ".join(error.split())


@pytest.mark.parametrize("field", ["trust_remote_code", "allow_pickle"])
def test_code_of_a_checkpoint_runs_only_where_the_user_allows_it(
    audit: Audit, finished: RunFolder, tmp_path: Path, field: str
) -> None:
    manifest = finished.read_manifest()
    config = manifest.config | {field: True}
    option = f"--{field.replace('_', '-')}"
    seal(finished, manifest.model_copy(update={"config": config}))
    code, _, error = audit("run", "--replay", finished.path)
    assert code == 2
    assert f"could run code of its checkpoint: allow it with {option}" in " ".join(error.split())
    words = (option, "--model", tmp_path / "none")
    code, _, error = audit("run", "--replay", finished.path, *words)
    assert (code, "no such folder" in error) == (2, True)


def test_files_that_may_hold_code_are_loaded_only_where_the_user_names_them(
    audit: Audit, finished: RunFolder, tmp_path: Path
) -> None:
    manifest, own = finished.read_manifest(), tmp_path / "own"
    own.mkdir()
    plugin = own / "plugin.py"
    plugin.write_text("raise SystemExit(3)\n")
    evals = manifest.config["evals"] | {"include_path": [str(own)]}
    config = manifest.config | {"plugins": [str(plugin)], "evals": evals}
    seal(finished, manifest.model_copy(update={"config": config}))
    words: list[object] = []
    for option, path in (("--plugin", plugin), ("--include-path", own)):
        code, _, error = audit("run", "--replay", finished.path, *words)
        assert code == 2
        assert "could load code from a file: allow it with" in " ".join(error.split())
        assert option in error
        words += [option, path]
    code, _, error = audit("run", "--replay", finished.path, *words, "--model", tmp_path / "none")
    assert code == 2
    assert "plugin.py" in error  # it is loaded, and fails
    for going_on in (("--resume", finished.path), ("--extend", finished.path, "--limit", "30")):
        code, _, error = audit("run", *going_on)
        assert code == 2
        assert f"{going_on[0]} {finished.path}: this run could load code" in " ".join(error.split())
        assert "plugin.py" in audit("run", *going_on, *words)[2]
