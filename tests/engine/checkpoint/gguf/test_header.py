"""Headers of GGUF files and of their parts."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from gguf import GGMLQuantizationType

from audit.core.errors import CheckpointError
from audit.engine import load
from audit.engine.checkpoint.gguf.header import read_header

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.checkpoint.gguf.gguf_files import File

pytestmark = pytest.mark.usefixtures("cache")


@pytest.mark.slow
def test_a_whole_file_may_be_called_the_only_part(file: File, tmp_path: Path) -> None:
    path = file.write(tmp_path / "tiny-00001-of-00001.gguf")
    assert read_header(path).files == (path,)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_part_without_the_others_is_refused(file: File, tmp_path: Path, lost: int) -> None:
    file.write(tmp_path / "tiny.gguf", parts=3)
    (tmp_path / f"tiny-{lost:05}-of-00003.gguf").unlink()
    for part in tmp_path.glob("tiny-*.gguf"):
        with pytest.raises(CheckpointError, match=f"one of 3 parts, 1 missing, first tiny-{lost:05}-of-00003.gguf"):
            load(str(part))


def test_a_renamed_part_is_refused(file: File, tmp_path: Path) -> None:
    file.write(tmp_path / "tiny.gguf", parts=2).rename(tmp_path / "model.gguf")
    with pytest.raises(CheckpointError, match="one of 2 parts: restore the names of the parts"):
        load(str(tmp_path / "model.gguf"))


def test_parts_of_different_files_are_refused(file: File, tmp_path: Path) -> None:
    file.write(tmp_path / "tiny.gguf", parts=2)
    shutil.copy(tmp_path / "tiny-00001-of-00002.gguf", tmp_path / "tiny-00002-of-00002.gguf")
    with pytest.raises(CheckpointError, match="not part 2 of 2"):
        load(str(tmp_path / "tiny-00001-of-00002.gguf"))
    del file.tensors["blk.1.ffn_up.weight"]
    file.write(tmp_path / "other.gguf", parts=2)
    shutil.copy(tmp_path / "other-00002-of-00002.gguf", tmp_path / "tiny-00002-of-00002.gguf")
    with pytest.raises(CheckpointError, match="tensors in its 2 parts, 21 expected"):
        load(str(tmp_path / "tiny-00001-of-00002.gguf"))


def test_a_file_with_the_name_of_a_part_that_is_none_is_refused(file: File, tmp_path: Path) -> None:
    file.write(tmp_path / "tiny-00001-of-00002.gguf")
    with pytest.raises(CheckpointError, match=r"its name says 2 part\(s\), its metadata 1"):
        load(str(tmp_path / "tiny-00001-of-00002.gguf"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stored", "label"),
    [(GGMLQuantizationType.Q8_0, "Q8_0"), (GGMLQuantizationType.F16, "F16"), (GGMLQuantizationType.Q4_0, "Q4_0")],
)
def test_the_quantization_is_read_from_the_tensors_where_nothing_else_says_it(
    file: File, tmp_path: Path, stored: GGMLQuantizationType, label: str
) -> None:
    engine = load(str(file.write(tmp_path / "Model-7B-v0.1.Q2_K.gguf", stored)), device="cpu")
    assert engine.record.quantization == f"gguf:{label}"
