"""Safetensors files that are whole, and those that are not: refused in one line before anything is loaded."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
import torch
from safetensors.torch import save, save_file

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.safetensors_files import check_safetensors, tensor_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHOLE = save({"a": torch.ones(4, 4), "b": torch.ones(3)}, {"format": "pt"})
HEADER = 8 + struct.unpack("<Q", WHOLE[:8])[0]


def test_a_whole_file_and_its_tensors(tmp_path: Path) -> None:
    save_file({"a": torch.ones(4, 4), "b": torch.ones(3)}, tmp_path / "whole.safetensors", {"format": "pt"})
    check_safetensors(tmp_path / "whole.safetensors")
    assert tensor_names(tmp_path / "whole.safetensors") == {"a", "b"}


@pytest.mark.parametrize("read", [check_safetensors, tensor_names])
@pytest.mark.parametrize(
    "content",
    [
        b"", WHOLE[:7], WHOLE[:20], WHOLE[: HEADER - 1], WHOLE[:HEADER], WHOLE[:-1], WHOLE + b"\0",
        b"<html>404 Not Found</html>" * 20, b"\xff" * 64, struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 2**62) + b"{}",
    ],
    ids=["empty", "no length", "cut header", "header less a byte", "no tensors", "less a byte", "a byte more",
         "a web page", "junk", "a list", "a huge header"],
)  # fmt: skip
def test_what_is_not_whole_is_refused_in_one_line(
    content: bytes, read: Callable[[Path], object], tmp_path: Path
) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"model\.safetensors: truncated or not a safetensors file") as caught:
        read(file)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("copy the checkpoint again")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.safetensors: .*copy the checkpoint again"):
        check_safetensors(tmp_path / "none.safetensors")
