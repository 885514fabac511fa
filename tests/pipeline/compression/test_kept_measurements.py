"""Measurements of weights are found by everything that decides them, and cost nothing where they cannot be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.run_folder import RunFolder
from audit.pipeline.compression import kept_measurements as module
from audit.pipeline.compression.kept_measurements import KeptMeasurements, WeightMeasurement

if TYPE_CHECKING:
    from pathlib import Path

FOUND = WeightMeasurement(divergence=None, no_divergence="the vocabularies differ", languages=[])


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[RunFolder]:
    """Two folders with something for a manifest: it is not read. The cache is the test's own."""
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "cache"))
    folders = [tmp_path / name for name in ("original", "twin")]
    for folder in folders:
        folder.mkdir()
        (folder / "manifest.json").write_text(folder.name)
    return [RunFolder(folder) for folder in folders]


def test_what_is_kept_is_found_until_it_is_dropped(runs: list[RunFolder]) -> None:
    original, twin = runs
    kept = KeptMeasurements(original, [256, 0.95, []])
    assert kept.of(twin) is None
    kept.keep(twin, FOUND)
    assert KeptMeasurements(original, [256, 0.95, []]).of(twin) == FOUND
    kept.drop([twin, original])
    assert kept.of(twin) is None


def test_another_run_question_or_version_finds_nothing(runs: list[RunFolder], monkeypatch: pytest.MonkeyPatch) -> None:
    original, twin = runs
    KeptMeasurements(original, [256]).keep(twin, FOUND)
    assert KeptMeasurements(original, [128]).of(twin) is None
    assert KeptMeasurements(twin, [256]).of(twin) is None
    assert KeptMeasurements(original, [256]).of(original) is None
    with monkeypatch.context() as patched:
        patched.setattr(module, "package_versions", lambda *_: {"torch": "0"})
        assert KeptMeasurements(original, [256]).of(twin) is None
    twin.manifest_path.write_text("other")
    assert KeptMeasurements(original, [256]).of(twin) is None


def test_a_damaged_file_counts_as_none(runs: list[RunFolder], tmp_path: Path) -> None:
    original, twin = runs
    kept = KeptMeasurements(original, [])
    kept.keep(twin, FOUND)
    (file,) = (tmp_path / "cache" / "compression").iterdir()
    for text in ("", "{}", file.read_text()[:-20], file.read_text().replace("languages", "tongues")):
        file.write_text(text)
        assert kept.of(twin) is None


def test_without_a_cache_nothing_is_kept_and_nothing_breaks(
    runs: list[RunFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "file"))
    original, twin = runs
    kept = KeptMeasurements(original, [])
    kept.keep(twin, FOUND)
    assert kept.of(twin) is None
    kept.drop([twin])
