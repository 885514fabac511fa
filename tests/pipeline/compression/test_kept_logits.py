"""Logits come back from disk as they were; the file has a bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.core.errors import WriteError
from audit.pipeline.compression import kept_logits as module
from audit.pipeline.compression.kept_logits import KeptLogits, fitting_items


def test_logits_come_back() -> None:
    draw = np.random.default_rng(0)
    parts = [draw.normal(size=(rows, 7)).astype(np.float32) for rows in (2, 1, 3)]
    with KeptLogits([2, 1, 3], 7) as kept:
        for place in (2, 0):
            kept.keep(place, parts[place])
        assert kept.there == {0, 2}
        for place in (0, 2):
            assert np.array_equal(kept.of(place), parts[place])


def test_a_full_disk_is_an_error_and_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("r+b", buffering=0)  # noqa: SIM115 - closed by what is tested
    monkeypatch.setattr(module.tempfile, "TemporaryFile", lambda **_: full)
    with (
        KeptLogits([2], 7) as kept,
        pytest.raises(WriteError, match=r"need 56 B of room for temporary files \(No space left on device\).*TMPDIR"),
    ):
        kept.keep(0, np.zeros((2, 7), dtype=np.float32))
    assert kept.there == set()
    assert kept._file.closed


def test_a_folder_for_temporary_files_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(WriteError, match=r"absent: the original's logits .*No such file or directory"):
        KeptLogits([2], 7)


def test_the_file_is_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it is gone with the process, even after kill -9."""
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))
    with KeptLogits([2], 7) as kept:
        kept.keep(0, np.zeros((2, 7), dtype=np.float32))
        assert list(tmp_path.iterdir()) == []


def test_the_file_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 4 * 10 * 5)  # five rows of ten numbers
    assert fitting_items([2, 2, 2, 1], 10) == 2
    assert fitting_items([1] * 5, 10) == 5
    with KeptLogits([], 10) as empty:
        assert empty.there == set()
