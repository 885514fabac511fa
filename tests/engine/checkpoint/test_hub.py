"""What is fetched from the hub, and what it says instead of a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import huggingface_hub
import pytest
from httpx2 import ConnectError, Request, Response
from huggingface_hub import errors
from huggingface_hub.utils import filter_repo_objects

from audit.core.errors import AssetError
from audit.engine import load
from audit.engine.checkpoint import hub
from audit.engine.checkpoint.hub import PATTERNS

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = Request("GET", "https://hub.example/api/models/someone/some-model")


def answer(status: int) -> Response:
    return Response(status, request=REQUEST)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (errors.LocalEntryNotFoundError("no network"), r"the hub cannot be reached \(no network\?\), and it is not in"),
        (ConnectError("refused"), r"the hub cannot be reached \(no network\?\)"),
        (
            errors.RepositoryNotFoundError("404", response=answer(404)),
            r"the hub has no someone/some-model, or HF_TOKEN",
        ),
        (errors.GatedRepoError("403", response=answer(403)), r"accept the terms of someone/some-model: .*HF_TOKEN"),
        (errors.RevisionNotFoundError("404", response=answer(404)), r"has no revision v9: correct --revision"),
        (errors.HfHubHTTPError("503", response=answer(503)), "the hub answered with HTTP status 503"),
        (errors.HFValidationError("bad"), "it is not a valid hub id"),
        (errors.IncompleteSnapshotError("part", snapshot_path="x"), "is incomplete: download it again"),
        (RuntimeError("odd"), "the hub failed with RuntimeError"),
    ],
)
def test_what_the_hub_says_is_told_apart(error: Exception, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(AssetError, match=says) as caught:
        load("someone/some-model", revision="v9")
    assert "\n" not in str(caught.value)


def test_a_hub_that_fails_is_not_a_missing_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client looks into its cache then, and says that nothing is there."""

    def fail(*_: object, **__: object) -> None:
        raise errors.LocalEntryNotFoundError("nothing") from errors.HfHubHTTPError("500", response=answer(500))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(AssetError, match="HTTP status 500"):
        load("someone/some-model")


def test_everything_that_decides_answers_is_fetched() -> None:
    wanted = [
        "config.json",
        "tokenizer.model",
        "model-00001-of-00002.safetensors",
        "additional_chat_templates/rag.jinja",
    ]
    others = ["pytorch_model.bin", "README.md", "model.Q4_1.gguf", "flax_model.msgpack"]
    assert list(filter_repo_objects([*wanted, *others], allow_patterns=PATTERNS)) == wanted


@pytest.mark.parametrize("allow_pickle", [False, True])
def test_pickled_weights_are_fetched_only_where_they_may_be_loaded(
    monkeypatch: pytest.MonkeyPatch, *, allow_pickle: bool
) -> None:
    asked: list[str] = []

    def fail(*_: object, allow_patterns: list[str], **__: object) -> None:
        asked.extend(
            filter_repo_objects(["pytorch_model-00001-of-00002.bin", "optimizer.bin"], allow_patterns=allow_patterns)
        )
        raise RuntimeError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)
    with pytest.raises(AssetError):
        load("someone/some-model", allow_pickle=allow_pickle)
    assert asked == (["pytorch_model-00001-of-00002.bin"] if allow_pickle else [])


def test_a_revision_stands_behind_the_name_of_the_hub_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner" / "name@v1").mkdir(parents=True)
    assert hub.split_revision("owner/other@refs/pr/1") == ("owner/other", "refs/pr/1")
    assert hub.split_revision("owner/other@") == ("owner/other", None)
    assert hub.split_revision("owner/name@v1") == ("owner/name@v1", None)
    assert hub.split_revision("smollm2@v1") == ("smollm2@v1", None)
    assert hub.split_revision("vllm:owner/other@v1") == ("vllm:owner/other", "v1")
    for name in ("~nobody-of-that-name/other@v1", f"{'n' * 300}/{'n' * 300}"):  # what pathlib raises on
        assert hub.split_revision(name) == (name, None)


def test_the_commit_is_that_of_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = tmp_path / "snapshots" / "0123abcd"
    monkeypatch.setattr(hub, "download", lambda model, revision, *, offline, patterns: {"owner/name": cached}[model])
    assert hub.cached_commit("owner/name", "v1") == "0123abcd"
    assert hub.cached_commit("vllm:owner/name", "v1") == "0123abcd"
    assert hub.cached_commit(str(tmp_path), None) == ""
    assert hub.commit_of(tmp_path) == ""

    def gone(*_: object, **__: object) -> Path:
        msg = "gone"
        raise AssetError(msg)

    monkeypatch.setattr(hub, "download", gone)
    assert hub.cached_commit("owner/name", None) == ""
