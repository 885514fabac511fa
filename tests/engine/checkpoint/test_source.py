"""Names that nothing has, and what the hub says instead of a checkpoint."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import AssetError, CheckpointError
from audit.engine import load
from audit.engine.checkpoint.source import check_source

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shelf(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that holds ``ck/tiny`` and ``ck/llama.Q4_1.gguf``."""
    shutil.copytree(tiny_model, tmp_path / "ck" / "tiny")
    (tmp_path / "ck" / "llama.Q4_1.gguf").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("./ck/tinny", "ck/tiny"),
        ("./ck/llama.Q4_0.gguf", "ck/llama.Q4_1.gguf"),
        ("{here}/ck/tony", "{here}/ck/tiny"),
        ("cks", "ck"),
        ("smollm2-135-instruct", "smollm2-135m-instruct"),
    ],
)
def test_a_name_that_nothing_has_is_answered_by_the_nearest(shelf: Path, name: str, meant: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        check_source(name.format(here=shelf))
    assert str(caught.value).endswith(f" Did you mean '{meant.format(here=shelf)}'?")


def test_a_name_that_nothing_is_like_gets_no_question(shelf: Path) -> None:
    with pytest.raises(CheckpointError, match=r"see `audit assets list`\.$"):
        check_source(str(shelf / "ck" / "quite-another"))


def test_a_mistyped_folder_that_looks_like_a_hub_id_is_answered_too(shelf: Path) -> None:
    with pytest.raises(AssetError, match=r"not in the hub cache: .*\. Did you mean 'ck/tiny'\?"):
        load("ck/tinny", offline=True)
