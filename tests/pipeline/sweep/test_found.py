"""Which paths are checkpoints, and which of them are still being written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from audit.core.errors import CheckpointError, ConfigError
from audit.pipeline.sweep import found as module
from audit.pipeline.sweep.found import MatchedCheckpoint, distinct_names, look


def checkpoint(folder: Path, age: float = 100.0) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    os.utime(folder / "config.json", (1e9 - age, 1e9 - age))
    return folder


def test_checkpoints_are_found_once_and_nothing_else_is(tmp_path: Path) -> None:
    checkpoint(tmp_path / "step-1")
    checkpoint(tmp_path / "step-2")
    (tmp_path / "latest").symlink_to(tmp_path / "step-2")
    (tmp_path / "logs").mkdir()
    for name in ("a.gguf", "b-00001-of-00002.gguf", "b-00002-of-00002.gguf", "notes.txt"):
        (tmp_path / name).write_text("x")
    found = look([str(tmp_path / "*"), str(tmp_path / "step-1"), "EleutherAI/pythia-160m@step1000"])
    assert {one.names[0] for one in found} == {"step-1", "step-2", "a.gguf", "b-00001-of-00002.gguf", "step1000"}
    split = next(one for one in found if one.names[0].startswith("b-"))
    assert [name for name, *_ in split.stamp] == ["b-00001-of-00002.gguf", "b-00002-of-00002.gguf"]
    assert (found[-1].model, found[-1].revision, found[-1].modified) == ("EleutherAI/pythia-160m", "step1000", None)


def test_what_matches_nothing_is_refused_unless_it_may_come(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for pattern, words in (("none-*", "check the path"), ("*", "none of the 1 paths")):
        with pytest.raises(ConfigError, match=words):
            look([str(tmp_path / pattern)])
        assert look([str(tmp_path / pattern)], may_be_absent=True) == []
    with pytest.raises(ConfigError, match="server"):
        look(["openai:http://localhost:1#m"])
    with pytest.raises(CheckpointError, match="no such folder"):
        look([str(tmp_path / "absent" / "deep")])
    assert look([str(tmp_path / "absent" / "deep")], may_be_absent=True) == []


def test_a_file_written_within_ten_seconds_means_that_writing_goes_on(tmp_path: Path) -> None:
    found = look([str(checkpoint(tmp_path / "step-1", age=3))])[0]
    assert [found.is_being_written(now) for now in (1e9, 1e9 + 6.9, 1e9 + 7.1, 1e9 - 60)] == [True, True, False, False]


def test_a_folder_that_is_deleted_meanwhile_has_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = checkpoint(tmp_path / "step-1")
    monkeypatch.setattr(Path, "iterdir", lambda _: (_ for _ in ()).throw(FileNotFoundError(2, "gone")))
    assert [one.stamp for one in look([str(folder)])] == [()]


def test_another_named_chat_template_is_another_stamp(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "step-1")
    (folder / "additional_chat_templates").mkdir()
    before = look([str(folder)])[0].stamp
    (folder / "additional_chat_templates" / "tools.jinja").write_text("{{ messages }}")
    assert {name for name, *_ in look([str(folder)])[0].stamp} == {"config.json", "tools.jinja"}
    assert look([str(folder)])[0].stamp != before


def test_waiting_is_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    module.wait(3.0)
    assert waits == [3.0]


def test_names_are_as_long_as_they_must_be() -> None:
    paths = [MatchedCheckpoint(name, path=Path(name)) for name in ("/a/x/step-1", "/a/y/step-1", "/a/y/step-2")]
    assert distinct_names(paths) == ["x/step-1", "y/step-1", "y/step-2"]
    assert distinct_names(paths[1:]) == ["step-1", "step-2"]
