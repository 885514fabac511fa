"""The record of a compression check comes back as it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from audit.core.records.many.compression import CompressionCheck, Estimated
from tests.reports.compression.checks import a_check

if TYPE_CHECKING:
    from pathlib import Path


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    written = a_check()
    (tmp_path / "check.json").write_text(written.model_dump_json(), "utf-8")
    assert CompressionCheck.model_validate_json((tmp_path / "check.json").read_text("utf-8")) == written
    with pytest.raises(ValidationError):
        Estimated.model_validate({"value": 0.1, "interval": [0, 1]})
