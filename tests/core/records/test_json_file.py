"""A JSON record comes back as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from audit.core.records import (
    Decision,
    GateCheck,
)
from audit.core.records.json_file import read_record, write_record
from tests.core.records.test_samples_file_laws import FINITE, LAW, TEXT

if TYPE_CHECKING:
    from pathlib import Path

CHECKS = st.builds(
    GateCheck, metric=TEXT, rule=TEXT, value=st.none() | FINITE, ci_low=st.none() | FINITE, ci_high=st.none() | FINITE,
    verdict=st.sampled_from(("PASS", "FAIL", "INCONCLUSIVE")), reason=TEXT, unit=st.none() | TEXT,
)  # fmt: skip


DECISIONS = st.builds(Decision, run_id=TEXT, checks=st.lists(CHECKS, max_size=2), decided=st.datetimes())


@LAW
@given(written=DECISIONS)
def test_a_json_record_comes_back_as_it_was_written(tmp_path: Path, written: Decision) -> None:
    write_record(tmp_path / "decision.json", written)
    assert read_record(tmp_path / "decision.json", Decision) == written
