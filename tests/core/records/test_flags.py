"""Flags that nobody knows are one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.core.errors import RunFolderError
from audit.core.records import Flag, Sample, SampledText
from audit.core.records.files import samples_file

if TYPE_CHECKING:
    from pathlib import Path


def a_row(**more: Any) -> dict[str, Any]:
    sample = Sample(sample_id="1", suite="evals", task="t", prompt="", completions=[SampledText(text="")])
    return samples_file._row(sample) | more


@pytest.mark.parametrize("where", ["sample", "completion"])
def test_an_unknown_flag_in_a_file_is_one_line_that_names_it(tmp_path: Path, where: str) -> None:
    row = a_row()
    flagged = row if where == "sample" else row["completions"][0]
    flagged["flags"] = ["email:3-21:0123"]
    path = tmp_path / "t.parquet"
    pq.write_table(pa.Table.from_pylist([row], schema=samples_file.SCHEMA), path)
    with pytest.raises(RunFolderError, match="unknown flag 'email:3-21:0123'") as caught:
        samples_file.read(path)
    assert str(caught.value).startswith(f"{path}: broken samples file: ")
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="unknown flag 'tixe'"):
        Sample.model_validate_json(json.dumps({**a_row(), "completions": [], "flags": ["tixe"]}), strict=False)


def test_an_unknown_flag_is_not_written(tmp_path: Path) -> None:
    sample = Sample(sample_id="1", suite="evals", task="t", prompt="")
    with pytest.raises(ValueError, match="unknown flag 'tixe'"):
        samples_file.write(tmp_path / "t.parquet", [sample.model_copy(update={"flags": ["tixe"]})])
    assert not list(tmp_path.iterdir())


def test_flags_are_flags_when_they_are_read(tmp_path: Path) -> None:
    sample = Sample.model_validate({"sample_id": "1", "suite": "evals", "task": "t", "prompt": "", "flags": ["tie"]})
    samples_file.write(tmp_path / "t.parquet", [sample])
    (read,) = samples_file.read(tmp_path / "t.parquet")
    assert [type(flag) for flag in (*sample.flags, *read.flags)] == [Flag, Flag]
    assert Sample.model_validate_json(sample.model_dump_json(), strict=True).flags == [Flag.TIE]
