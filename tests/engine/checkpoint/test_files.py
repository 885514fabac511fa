"""Files that decide what a checkpoint answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.engine.checkpoint.files import inspect_folder
from tests.engine.checkpoint.test_weight_files import other_weights_of
from tests.engine.checkpoints import shard

if TYPE_CHECKING:
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
