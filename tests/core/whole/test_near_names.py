"""Names that are nearly right: of folders and files, of runs, and ``latest``."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core.errors import AuditError, UsageError
from audit.core.filesystem import did_you_mean_path
from audit.core.run_folder import RunFolder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ck" / "tiny").mkdir(parents=True)
    (tmp_path / "policy.yaml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("ck/tinny", " Did you mean 'ck/tiny'?"),
        ("./ck/tinny", " Did you mean 'ck/tiny'?"),
        ("kc/tiny", " Did you mean 'ck/tiny'?"),
        ("polcy.yaml", " Did you mean 'policy.yaml'?"),
        ("ck/tiny", ""),
        ("ck/smollm2", ""),
        ("nonexist.yaml", ""),
        ("policy", " Did you mean 'policy.yaml'?"),
        ("policy.yaml/inside", ""),
        ("somewhere/else/entirely", ""),
    ],
)
def test_nearest_path(folder: Path, written: str, hint: str) -> None:
    assert did_you_mean_path(Path(written)) == hint


def test_nearest_path_in_full(folder: Path) -> None:
    assert did_you_mean_path(folder / "ck" / "tinny") == f" Did you mean '{folder / 'ck' / 'tiny'}'?"


@pytest.mark.parametrize(
    ("name", "hint"), [("lastest", "'latest'"), ("20260101T000000Z-tinny-0a1b2c", "'20260101T000000Z-tiny-0a1b2c'")]
)
def test_run_names(folder: Path, name: str, hint: str) -> None:
    run = folder / "runs" / "20260101T000000Z-tiny-0a1b2c"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}")
    with pytest.raises(UsageError, match=f"Did you mean {hint}"):
        RunFolder.resolve(name, folder / "runs")


def test_run_folder_by_path_and_folder_of_runs(folder: Path) -> None:
    (folder / "runs" / "mine").mkdir(parents=True)
    with pytest.raises(UsageError, match="Did you mean 'runs/mine'"):
        RunFolder.resolve("runs/mime", Path("elsewhere"))
    with pytest.raises(UsageError, match="Did you mean 'runs/mine'"):
        RunFolder.open(Path("runs/mime"))
    with pytest.raises(UsageError, match="Did you mean 'runs'"):
        RunFolder.resolve("latest", Path("rums"))


def test_a_file_is_not_suggested_where_a_folder_is_meant(folder: Path) -> None:
    (folder / "i_once.o").touch()
    (folder / "elsewhere").mkdir()
    assert did_you_mean_path(Path("i_once")) == " Did you mean 'i_once.o'?"
    assert did_you_mean_path(Path("i_once"), folder=True) == ""
    for call in (lambda: RunFolder.resolve("latest", Path("i_once")), lambda: RunFolder.open(Path("i_once"))):
        with pytest.raises(UsageError) as caught:
            call()
        assert "Did you mean" not in str(caught.value)


def test_checkpoints_policies_data_and_predictions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audit.core import assets
    from audit.core.config.yaml_file import read_yaml
    from audit.engine.checkpoint.source import check_source
    from audit.safety.predictions import read
    from audit.safety.scorers.folder import FolderScorer

    for call, hint in (
        (lambda: check_source("./ck/tinny"), "ck/tiny"),
        (lambda: check_source("smollm2-135m-instrct"), "smollm2-135m-instruct"),
        (lambda: read_yaml(Path("polcy.yaml")), "policy.yaml"),
        (lambda: assets.configure(data_dirs=[Path("ckk")]), "ck"),
        (lambda: read(Path("polcy.yaml"), None), "policy.yaml"),
        (lambda: FolderScorer(Path("ck/tinny")), "ck/tiny"),
    ):
        with pytest.raises(AuditError, match=f"Did you mean '{hint}'"):
            call()


def test_a_folder_that_looks_like_a_hub_id(folder: Path) -> None:
    from audit.engine.checkpoint.source import find

    with pytest.raises(UsageError, match="Did you mean 'ck/tiny'"):
        find("ck/tinny", revision=None, allow_pickle=False, offline=True)
