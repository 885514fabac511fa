"""A JSON record comes back as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.records import Attribution, Decision, Drivers, RunManifest
from audit.core.records.files.json_file import read_record, write_record
from tests.core.records.strategies import LAW, any_of

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
