"""Which files of a run are evidence, and in which order their faults are named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import EvidenceInvalid
from audit.core.run_folder import RunFolder
from audit.gate.evidence import check, file_digest, file_faults, files, seal
from audit.stats.records import Records
from audit.stats.recount import Recount
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("metrics.json", "samples/a/z.parquet", "samples/b.parquet", "attributions/c.json", "logged/d.json")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A folder with files of each kind, which hold nothing."""
    made = RunFolder.create(tmp_path / "runs", a_manifest(status="running", finished=None))
    for name in reversed(NAMES):
        (made.path / name).parent.mkdir(parents=True, exist_ok=True)
        (made.path / name).write_text(name)
    return made


def test_the_manifest_comes_first_and_folders_last(run: RunFolder) -> None:
    expected = ("manifest.json", "metrics.json", "samples/a/z.parquet", "samples/b.parquet", *NAMES[3:])
    assert [str(path.relative_to(run.path)) for path in files(run)] == list(expected)


def test_the_manifest_that_is_sealed_is_the_one_given(run: RunFolder) -> None:
    given = run.read_manifest().model_copy(update={"warnings": ["slow"]})
    sealed = seal(run, given)
    assert sealed.warnings == ["slow"]
    assert run.read_manifest() == sealed
    assert set(sealed.evidence) == {"manifest.json", *NAMES}
    assert seal(run) == sealed


def test_faults_are_in_the_order_of_the_files(run: RunFolder) -> None:
    sealed = seal(run)
    for name in NAMES:
        (run.path / name).write_text("changed")
    (run.path / "ratings.json").write_text("new")
    named = [str(fault).split(": evidence invalid")[0] for fault in file_faults(run, sealed)]
    order = ["metrics.json", "ratings.json", "attributions/c.json", "logged/d.json", *NAMES[1:3]]
    assert named == [str(run.path / name) for name in order]


def test_a_run_without_digests_says_how_to_get_them(run: RunFolder) -> None:
    (fault,) = file_faults(run, run.read_manifest())
    assert "it holds no digests of the run's files" in str(fault)
    assert f"audit run --resume {run.path}" in str(fault)


def test_a_link_to_a_folder_is_a_file_that_cannot_be_one(run: RunFolder) -> None:
    (run.path / "logged").rename(run.path / "elsewhere")
    (run.path / "logged").symlink_to("elsewhere")
    assert run.path / "logged" in files(run)
    with pytest.raises(EvidenceInvalid, match="logged: evidence invalid: it is not a file"):
        seal(run)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceInvalid, match=f"^{tmp_path}: evidence invalid: it is not a file"):
        file_digest(tmp_path)


def test_a_manifest_at_odds_with_itself_is_refused_while_the_run_goes_on(run: RunFolder) -> None:
    (run.path / "metrics.json").unlink()
    check(run)
    run.write_manifest(run.read_manifest().model_copy(update={"finished": run.read_manifest().started}))
    with pytest.raises(EvidenceInvalid, match=r"manifest\.json: evidence invalid"):
        check(run)


def test_samples_that_were_read_are_handed_on(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(Recount, "check", lambda _, *given: seen.extend(given))
    run.write_metrics([])
    seal(run, run.read_manifest().model_copy(update={"status": "partial", "finished": run.read_manifest().started}))
    judged, records = {"boolq/accuracy"}, Records(run)
    check(run, judged, records)
    assert seen == [judged, records]
