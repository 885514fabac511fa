"""A package index on this machine with one small wheel, and caches that vanish."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.core import assets
from audit.core.assets import wheel_cache
from audit.core.assets.asset import Wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMBERS = {
    "fixture/data/one.jsonl": '{"question": "q", "options": "A. x\\nB. y", "answer": "B. y"}\n',
    "fixture/data/two.txt": "two\n",
    "fixture/code.py": "raise SystemExit\n",
    "audit_fixture-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: audit-fixture\nVersion: 1.0\n",
    "audit_fixture-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "audit_fixture-1.0.dist-info/RECORD": "",
}


@dataclass
class Index:
    """A simple package index that counts how often its wheel was fetched."""

    wheel: Wheel
    file: Path
    url: str
    members: dict[str, str] = field(default_factory=lambda: dict(MEMBERS))
    """What the wheel holds."""
    patterns: tuple[str, ...] = ("fixture/data/*",)
    """What the tests keep of it."""
    delay: float = 0.0
    """Seconds before a wheel is sent."""
    fetched: list[str] = field(default_factory=list)
    """Names of the wheels sent or being sent."""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The index, running, and pip told to use nothing else."""
    file = tmp_path / "audit_fixture-1.0-py3-none-any.whl"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in MEMBERS.items():
            archive.writestr(name, text)
    content = file.read_bytes()
    wheel = Wheel("audit-fixture", "1.0", hashlib.sha256(content).hexdigest(), len(content))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/simple/audit-fixture/":
                page = f'<!DOCTYPE html><a href="/{file.name}">{file.name}</a>'.encode()
                self.reply(200, "text/html", page)
            elif self.path == f"/{file.name}":
                served.fetched.append(file.name)
                time.sleep(served.delay)
                self.reply(200, "application/octet-stream", file.read_bytes())
            else:
                self.reply(404, "text/plain", b"")

        def reply(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Index(wheel, file, f"http://127.0.0.1:{server.server_port}/simple")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", served.url)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def copied(index: Index, monkeypatch: pytest.MonkeyPatch) -> Index:
    """The index without pip, for what happens after the download: the wheel is copied, and counted."""

    def copy(wheel: Wheel, scratch: Path) -> Path:
        index.fetched.append(wheel.requirement)
        return Path(shutil.copy(index.file, scratch))

    monkeypatch.setattr(wheel_cache, "download", copy)
    return index


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test sees the user's folders, nor another test's settings."""
    monkeypatch.delenv("AUDIT_DATA", raising=False)
    monkeypatch.setattr(wheel_cache, "_out_of_reach", {})
    yield
    assets.configure()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """An empty cache, in use."""
    folder = tmp_path / "cache"
    assets.configure(cache_dir=folder)
    return folder
