"""Records of a manifest: what may be left out is unknown, and kinds and states are those of the contract."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from audit.core.records import AssetRecord, FileDigest, GitState, NotRun, RunManifest

ASSET: dict[str, Any] = {
    "name": "boolq", "kind": "dataset", "source": "folder", "version": "1", "sha256": "0", "licence": "MIT",
}  # fmt: skip


def test_nothing_is_known_of_a_checkout_by_default() -> None:
    assert (GitState().commit, GitState().dirty) == (None, None)


def test_a_task_is_needed_unless_it_is_marked_optional() -> None:
    assert NotRun(suite="evals", task="boolq", reason="no data").optional is False


@pytest.mark.parametrize("kind", ["checkpoint", "dataset", "scorer"])
def test_kinds_of_assets(kind: Any) -> None:
    assert AssetRecord(**{**ASSET, "kind": kind}).kind == kind


@pytest.mark.parametrize("wrong", [{"kind": "model"}, {"licence": None}, {"url": "x"}])
def test_what_no_asset_has_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AssetRecord(**{**ASSET, **wrong})


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ValidationError, match="kind"):
        FileDigest(path="a", kind="readme", sha256="0", size=1)  # type: ignore[arg-type]


def test_states_are_those_of_the_contract() -> None:
    schema = RunManifest.model_json_schema()
    assert schema["properties"]["status"]["enum"] == ["running", "complete", "partial", "failed"]
    needed = {"run_id", "model", "config", "seeds", "packages", "platform", "git", "started", "status", "signature"}
    assert set(schema["required"]) == needed


def test_remarks_are_the_warnings_then_the_interruption_then_what_was_left_out() -> None:
    absent = NotRun(suite="evals", task="ntrex_en_de", reason="not at hand")
    made = RunManifest.model_construct(warnings=["slow", "hot"], interrupted=True, left_out=[absent, absent])
    left_out = "ntrex_en_de was left out: not at hand"
    assert made.remarks == ["slow", "hot", "interrupted before the end", left_out]
    assert RunManifest.model_construct(warnings=["slow"]).remarks == ["slow"]
