"""JSON files of a checkpoint: an object, or one line that names the file and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.json_files import read_object

if TYPE_CHECKING:
    from pathlib import Path


def test_an_object_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"größe": [1, null]}', "utf-8")
    assert read_object(tmp_path / "config.json") == {"größe": [1, None]}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", None])
def test_what_is_no_json_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "config.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"config\.json: not valid JSON .*: copy the checkpoint again$") as caught:
        read_object(file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["[]", "1", '"{}"', "null"])
def test_what_is_no_object_is_refused_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"a\.json: expected a JSON object: ask its author$"):
        read_object(tmp_path / "a.json", "ask its author")
