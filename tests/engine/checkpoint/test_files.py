"""Files that decide what a checkpoint answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.files import inspect_folder
from tests.engine.checkpoint.test_weight_files import other_weights_of
from tests.engine.checkpoints import shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_shard_left_from_before_is_not_hashed(copy: Path) -> None:
    shard(copy)
    before = inspect_folder(copy)
    other_weights_of(copy, "model-00001-of-00002.safetensors", "model-00003-of-00003.safetensors")
    after = inspect_folder(copy)
    assert (before.digest, before.remarks) == (after.digest, ())
    assert "ignored in the same folder: model-00003-of-00003.safetensors" in after.remarks[0]


def test_named_chat_templates_are_in_the_digest(copy: Path) -> None:
    plain = inspect_folder(copy)
    templates = copy / "additional_chat_templates"
    templates.mkdir()
    (templates / "rag.jinja").write_text("{{ 'rag' }}")
    (templates / "tool_use.jinja").write_text("{{ 'tool' }}")
    named = inspect_folder(copy)
    paths = {file.path for file in named.files if file.kind == "chat_template"}
    assert paths == {
        "chat_template.jinja",
        "additional_chat_templates/rag.jinja",
        "additional_chat_templates/tool_use.jinja",
    }
    (templates / "rag.jinja").write_text("{{ 'tool' }}")
    (templates / "tool_use.jinja").write_text("{{ 'rag' }}")
    swapped = inspect_folder(copy)
    (templates / "rag.jinja").write_text("{{ 'changed' }}")
    assert len({plain.digest, named.digest, swapped.digest, inspect_folder(copy).digest}) == 4


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (lambda file: file.mkdir(), "a folder, not a file"),
    "pipe": (os.mkfifo, "a pipe, not a file"),
    "dead": (lambda file: file.symlink_to("gone"), "a link that leads nowhere, to gone"),
    "circle": (lambda file: file.symlink_to(file.name), "a link that leads nowhere, to "),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "model-00001-of-00002.safetensors",
    ],
)
def test_what_is_no_file_is_named(copy: Path, name: str, kind: str) -> None:
    make, said = KINDS[kind]
    if name.startswith("model-"):
        shard(copy)
    (copy / name).unlink(missing_ok=True)
    make(copy / name)
    with pytest.raises(CheckpointError) as caught:
        inspect_folder(copy)
    assert str(caught.value).startswith(f"{copy / name}: {said}")
    assert str(caught.value).endswith("put the checkpoint's own file in its place")


def test_a_link_to_a_file_is_a_file_and_other_folders_are_left_alone(copy: Path, tmp_path: Path) -> None:
    """Hub caches hold links; a folder of templates may have any name."""
    before = inspect_folder(copy).digest
    for name in ("model.safetensors", "tokenizer.json"):
        (copy / name).rename(tmp_path / name)
        (copy / name).symlink_to(tmp_path / name)
    (copy / "chat_templates").mkdir()
    assert inspect_folder(copy).digest == before
