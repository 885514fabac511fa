"""``release/build.sh``: what is refused, what is made, from what. The sdist holds all that the wheel is made from.

The tools that take minutes (pip, the bill of materials) are played by a script; ``make release`` runs them.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.release.conftest import ROOT

pytestmark = pytest.mark.slow
PYTHON = r"""#!/bin/bash
# An interpreter whose tools do at once what matters to the script.
last=${@: -1} name=checkpoint_audit-0.3.0
echo "$*" >> "$CALLS"
case "$1 $2" in
  "-m build") tar c -C "$last" . > "$5/$name.tar.gz" && touch "$5/$name-py3-none-any.whl" ;;
  "-m twine") exit "$TWINE" ;;
  "-m venv") mkdir -p "$last/bin" && echo "echo 'audit $BUILT (records 2)'" > "$last/bin/audit" &&
    chmod +x "$last/bin/audit" ;;
  "-m pip") ;;
  "-m cyclonedx_py")
    while [ "$1" != --output-file ]; do shift; done
    echo "$COMPONENTS" > "$2" ;;
  release/*) exec REAL "$@" ;;
  *) exit 99 ;;
esac
"""
COMPONENTS = '{"components": [{"name": "x", "version": "1", "licenses": [{"license": {"id": "MIT"}}]}]}'
CHANGELOG = "# Changelog\n\n## 0.3.0 - 2026-01-02\n\n- all of it.\n"
GOOD = {"TWINE": "0", "BUILT": "0.3.0", "COMPONENTS": COMPONENTS}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository whose only commit is a release."""
    folder = tmp_path / "checkout"
    (folder / "release").mkdir(parents=True)
    for script in (ROOT / "release").iterdir():
        if script.is_file():
            (folder / "release" / script.name).write_bytes(script.read_bytes())
    (folder / "CHANGELOG.md").write_text(CHANGELOG, "utf-8")
    (folder / "pyproject.toml").write_text('[project]\nname = "checkpoint-audit"\nversion = "0.3.0"\n', "utf-8")
    (folder / "constraints.txt").write_text("", "utf-8")
    (folder / ".gitignore").write_text("dist/\nbuild/\n", "utf-8")
    (folder / "build").mkdir()
    (folder / "build" / "left.py").write_text("", "utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "0.3.0")
    python = tmp_path / "python"
    python.write_text(PYTHON.replace("REAL", sys.executable), "utf-8")
    python.chmod(0o755)
    return folder


def git(folder: Path, *words: str) -> None:
    """A command of git, as somebody."""
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


def release(checkout: Path, **played: str) -> subprocess.CompletedProcess[str]:
    """What ``make release`` runs."""
    environment = {**os.environ, **GOOD, **played, "CALLS": str(checkout.parent / "calls")}
    command = ["bash", str(checkout / "release" / "build.sh"), "../python"]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_what_a_release_holds(checkout: Path) -> None:
    (checkout / "dist").mkdir()
    (checkout / "dist" / "old.whl").write_text("", "utf-8")
    done = release(checkout)
    assert done.returncode == 0, done.stdout + done.stderr
    dist, name = checkout / "dist", "checkpoint_audit-0.3.0"
    made = {f"{name}.tar.gz", f"{name}-py3-none-any.whl", f"{name}.cdx.json", "licences.md", "notes.md"}
    assert {file.name for file in dist.iterdir()} == {*made, "SHA256SUMS"}
    digests = {line[66:]: line[:64] for line in (dist / "SHA256SUMS").read_text("utf-8").splitlines()}
    assert digests == {file: hashlib.sha256((dist / file).read_bytes()).hexdigest() for file in made}
    assert (dist / "notes.md").read_text("utf-8") == "- all of it.\n"
    assert "| x | 1 | MIT |" in (dist / "licences.md").read_text("utf-8")
    with tarfile.open(dist / f"{name}.tar.gz") as sdist:
        names = {Path(one).as_posix() for one in sdist.getnames()}
    assert "pyproject.toml" in names
    assert "build/left.py" not in names
    (installed,) = (line for line in (checkout.parent / "calls").read_text("utf-8").splitlines() if " install " in line)
    assert installed.endswith(f"{name}-py3-none-any.whl[explain,login,peft,postgres,sigstore]")


@pytest.mark.parametrize(
    ("played", "code", "said"),
    [
        ({"COMPONENTS": COMPONENTS.replace("MIT", "GPL-3.0-only")}, 1, "x 1: GPL-3.0-only: not allowed"),
        ({"BUILT": "0.2.0"}, 1, "checkpoint_audit-0.3.0 says that it is 'audit 0.2.0 (records 2)'"),
        ({"TWINE": "1"}, 1, ""),
    ],
)
def test_what_is_wrong_leaves_the_last_release(checkout: Path, played: dict[str, str], code: int, said: str) -> None:
    (checkout / "dist").mkdir()
    done = release(checkout, **played)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stderr
    assert list((checkout / "dist").iterdir()) == []


def test_only_a_commit_with_notes_is_released(checkout: Path) -> None:
    (checkout / "CHANGELOG.md").write_text(CHANGELOG.replace("0.3.0 - 2026-01-02", "Unreleased"), "utf-8")
    done = release(checkout)
    assert (done.returncode, "uncommitted changes" in done.stderr) == (2, True)
    git(checkout, "commit", "--quiet", "--all", "--message", "next")
    done = release(checkout)
    assert (done.returncode, "nothing under '## 0.3.0 - YYYY-MM-DD'" in done.stderr) == (2, True)


def test_the_sdist_holds_what_the_wheel_is_made_from(tmp_path: Path) -> None:
    """Files that git knows; setuptools leaves out what no pattern of ``pyproject.toml`` names."""
    source = tmp_path / "source"
    source.mkdir()
    archive = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    rooms = (ROOT / ".dockerignore").read_text("utf-8")
    files = [name for name in archive.decode().split("\0") if f"!{name.partition('/')[0]}\n" in rooms]
    for name in files:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).symlink_to(ROOT / name)
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archived:
        held = {name.partition("/")[2] for name in archived.getnames()}
    wanted = {name for name in files if name != "constraints.txt" and not Path(name).name.startswith(".")}
    assert wanted - held == set()
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", str(sdist)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
