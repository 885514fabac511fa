"""Which run a name stands for: one that is there, one that goes on, or a new audit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import load_config
from audit.core.errors import ConfigError, UsageError
from audit.core.progress import Silent
from audit.core.run_folder import RunFolder
from audit.pipeline.compression import audits as module
from audit.pipeline.compression.audits import Auditing
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

Made = list[tuple[Any, Any]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Configuration and resumed run of every audit; checkpoints are their names."""
    calls: Made = []

    def audit(config: Any, _progress: Any, resume: Any = None) -> str:
        calls.append((config, resume))
        return "audited"

    monkeypatch.setattr(module.pipeline, "audit", audit)
    monkeypatch.setattr(module, "find", lambda model, **_: SimpleNamespace(digest=f"digest of {Path(model).name}"))
    monkeypatch.setattr(module, "refuse_unknown_path", lambda _: None)
    return calls


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., RunFolder]:
    """Makes a run of the checkpoint ``old`` with a configuration."""

    def made(run_id: str, config: Any, **changes: Any) -> RunFolder:
        manifest: Any = a_manifest(run_id=run_id, config=config.model_dump(mode="json"), **changes)
        model = manifest.model.model_copy(update={"digest": "digest of old"})
        return RunFolder.create(tmp_path, manifest.model_copy(update={"model": model}))

    return made


def prepared(**flags: Any) -> Any:
    """A configuration as manifests have it."""
    return module._prepared(load_config(None, {"model": "old", **flags}))


def test_a_run_that_is_there_is_not_made_again(asked: Made, make: Callable[..., RunFolder], tmp_path: Path) -> None:
    auditing = Auditing(tmp_path, Silent())
    config = load_config(None, {"seed": 3})
    run: Any = make("20260101T000000Z-a", prepared(seed=3))
    assert auditing.run_of_original("old", config).path == run.path
    assert auditing.run_of_original(str(run.path), config).path == run.path
    assert auditing.run_of_original("latest", config).path == run.path
    assert auditing.run_of_twin("20260101T000000Z-a", run).path == run.path
    assert asked == []
    assert auditing.run_of_original("old", load_config(None, {"seed": 4})) == "audited"  # measures something else
    assert auditing.run_of_original("other", config) == "audited"
    assert auditing.run_of_original("old", load_config(None, {"seed": 3, "dtype": "bfloat16"})) == "audited"
    assert [(config.model, config.seed, resume) for config, resume in asked] == [
        ("old", 4, None), ("other", 3, None), ("old", 3, None),
    ]  # fmt: skip
    assert all(config.explain.methods == [] for config, _ in asked)


def test_a_run_on_another_device_quantised_or_a_shard_is_not_taken(
    asked: Made, make: Callable[..., RunFolder], tmp_path: Path
) -> None:
    """The same files give other answers there; a shard has no results, and is no run to be resumed."""
    part = {"number": 1, "of": 2, "ended": False}
    make("20260101T000000Z-c", prepared(), shard=part, status="partial", interrupted=True)
    make("20260101T000000Z-b", prepared(quantization="int8"))
    model = a_manifest().model.model_copy(update={"device": "cuda:0 NVIDIA H100"})
    make("20260101T000000Z-a", prepared(), model=model)
    assert Auditing(tmp_path, Silent()).run_of_original("old", load_config(None, {"device": "cpu"})) == "audited"
    assert [resume for _, resume in asked] == [None]


def test_an_interrupted_run_goes_on(asked: Made, make: Callable[..., RunFolder], tmp_path: Path) -> None:
    auditing = Auditing(tmp_path, Silent())
    make("20260101T000000Z-a", prepared(), status="partial", interrupted=True)
    make("20260101T000000Z-0", prepared(), status="partial")  # lacks data: what it lacks now may be there
    auditing.run_of_original("old", load_config())
    assert [resume.run_id for _, resume in asked] == ["20260101T000000Z-a"]


def test_a_twin_is_audited_as_the_original_was(asked: Made, make: Callable[..., RunFolder], tmp_path: Path) -> None:
    run = make("20260101T000000Z-a", prepared(seed=7, base="b", tokenizer="t"))
    assert Auditing(tmp_path, Silent()).run_of_twin("new", run) == "audited"
    ((config, _),) = asked
    assert (config.model, config.seed, config.base, config.tokenizer) == ("new", 7, None, None)
    assert config.dtype == run.read_manifest().model.dtype
    trusting = make("20260101T000000Z-b", prepared(trust_remote_code=True))
    with pytest.raises(ConfigError, match="an `audit run` of your own with its trust remote code"):
        Auditing(tmp_path, Silent()).run_of_twin("new", trusting)


def test_names_are_checked_before_anything_is_audited(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        Auditing(tmp_path, Silent()).refuse_unknown(["./nowhere"])
    with pytest.raises(ConfigError, match="need a local checkpoint"):
        prepared(model="openai:http://127.0.0.1:1/v1#m")
