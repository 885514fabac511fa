"""``audit compress-check`` on tiny checkpoints: audits what has no run, measures, judges; bad input is one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import Interrupted
from audit.core.records.many.compression import CompressionCheck
from audit.core.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    Audit = Callable[..., tuple[int, str, str]]


@pytest.fixture
def twin(tiny_model: Path, tmp_path: Path) -> Path:
    """The tiny checkpoint with weights rounded to eighths."""
    import torch
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(tiny_model, tmp_path / "twin"))
    weights = load_file(folder / "model.safetensors")
    rounded = {name: torch.round(8 * tensor) / 8 for name, tensor in weights.items()}
    save_file(rounded, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A rule that every run passes."""
    file = tmp_path / "policy.yaml"
    file.write_text("rules: [{metric: crows_pairs/pct_stereotype, min: 1, max: 99}]\n", "utf-8")
    return file


@pytest.mark.slow
def test_a_checkpoint_without_a_run_is_audited_once(
    audit: Audit, finished: RunFolder, twin: Path, policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, runs = tmp_path / "page.html", finished.path.parent
    words = [
        "compress-check",
        finished.path,
        twin,
        "--out",
        runs,
        "--policy",
        policy,
        "--items",
        12,
        "--texts",
        0,
        "--json",
    ]
    code, out, error = audit(*words, "--html", page)
    assert code == 0, error
    found = CompressionCheck.model_validate_json(out)
    assert code == 0
    assert found.no_languages == "none were asked for (--texts 0)"
    (one,) = found.twins
    assert one.label == "twin"
    assert one.decision.verdict == "PASS"
    assert one.divergence is not None
    assert one.divergence.items == 12
    assert one.divergence.kl_divergence.value > 1e-3
    assert [task.task for task in one.divergence.by_task] == ["crows_pairs"]
    assert any(difference.primary and difference.n == 20 for difference in one.comparison.differences)
    assert "KL divergence from the original" in page.read_text("utf-8")
    audited = RunFolder.resolve("latest", runs)
    assert audited.run_id == one.run.run_id
    assert not audited.decision_path.exists()
    monkeypatch.setattr("audit.pipeline.audit.audit", lambda *_, **__: pytest.fail("audited again"))
    code, out, _ = audit(*words[:-1])
    assert code == 0
    assert "next-token distributions against" in out
    code, out, error = audit(*words, "--html", page / "no-folder.html")
    assert code == 2
    assert "cannot be written" in error
    assert CompressionCheck.model_validate_json(out).twins  # the result of a long computation is not lost
    code, out, error = audit("compress-check", finished.path, finished.run_id, "--out", runs)
    assert (code, out) == (2, "")
    assert "a checkpoint does not differ from itself" in error


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "stop"),
    [
        ("audit.pipeline.audit.audit", Interrupted(Path("runs/x"))),
        ("audit.pipeline.compression.check.check", KeyboardInterrupt()),
    ],
)
def test_an_interruption_says_how_it_goes_on(
    where: str, stop: BaseException, audit: Audit, finished: RunFolder, twin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise stop

    monkeypatch.setattr(where, interrupted)
    if where.endswith("check.check"):
        monkeypatch.setattr("audit.pipeline.audit.audit", lambda *_, **__: RunFolder(twin))
    code, out, error = audit("compress-check", finished.path, twin, "--out", finished.path.parent)
    assert (code, out) == (13, "")
    assert "give the same command again" in error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a"], "COMPRESSED... is missing"),
        (["smollm2-135m-instruct", "./nowhere"], "./nowhere"),
        (["openai:http://127.0.0.1:1/v1#m", "b", "--tasks", "boolq"], "b"),
        (["a", "b", "--policy", "qq"], "qq: no such file, and no shipped policy"),
        (["a", "b", "--items", "1"], "--items"),
        (["a", "b", "--html", "."], ".: cannot be written"),
    ],
)
def test_bad_input_is_one_line(audit: Audit, words: list[str], said: str) -> None:
    code, out, error = audit("compress-check", *words, "--offline")
    assert (code, out) == (2, "")
    assert said in error
    assert len(error.strip().splitlines()) == 1


def test_json_is_the_record() -> None:
    schema = CompressionCheck.model_json_schema()
    assert json.dumps(schema)
    assert {"original", "twins"} <= {*schema["required"]}
