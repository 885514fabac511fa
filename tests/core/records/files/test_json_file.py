"""A JSON record comes back as it was written."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.errors import RunFolderError
from audit.core.records import SCHEMA_VERSION, Attribution, Decision, Drivers, RunManifest
from audit.core.records.files.json_file import read_plain, read_record, write_record
from tests.core.test_run_folder import make_manifest
from tests.core.whole.strategies import LAW, any_of

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Record


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Attribution, Decision, Drivers, RunManifest])
@settings(LAW, max_examples=25)
@given(data=st.data())
def test_a_json_record_comes_back_as_it_was_written(kind: type[Record], tmp_path: Path, data: st.DataObject) -> None:
    written = data.draw(any_of(kind))
    write_record(tmp_path / "record.json", written)
    assert read_record(tmp_path / "record.json", kind) == written


@pytest.mark.parametrize(
    "config",
    [
        {"\ud800": "\udc00"},
        dict(zip(("\ud800", "\ud801", "\\ud800", "\ufffd"), (1, 2, 3, 4), strict=True)),
        {"evals": [{"metadata": {"a\udfff": ["b\ud83d", {"\\": None}]}}]},
    ],
)
def test_half_of_a_surrogate_pair_comes_back_as_a_key_too(config: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    write_record(path, make_manifest(config=config))
    assert json.loads(path.read_text("utf-8"))["config"] == config
    assert read_record(path, RunManifest).config == config


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" * 400, "NaN", "Infinity"])
def test_a_number_that_no_float_holds_is_a_broken_file(number: str, tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    path.write_text(f'{{"schema_version": {SCHEMA_VERSION}, "at": [{number}]}}')
    with pytest.raises(RunFolderError) as raised:
        read_record(path, Decision)
    assert str(raised.value).startswith(f"{path}: broken: ")
    assert number[:19] in str(raised.value)
    assert len(str(raised.value)) < len(str(path)) + 150
    assert read_plain("[1.7976931348623157e308, 5e-324, 1e-999]") == [sys.float_info.max, 5e-324, 0.0]
