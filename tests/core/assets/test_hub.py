"""The hub is asked last, and given up fast."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from pyarrow import parquet

from audit.core import assets
from audit.core.assets import hub
from audit.core.errors import AssetMissing

if TYPE_CHECKING:
    from pathlib import Path


def test_the_hub_is_not_asked_when_switched_off(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(AssetMissing, match=r"hub openai/gsm8k: skipped \(HF_HUB_OFFLINE is set\)"):
        assets.dataset("gsm8k")
    assets.configure(offline=True)
    with pytest.raises(AssetMissing, match=r"hub openai/gsm8k \(skipped: offline\)"):
        assets.dataset("gsm8k")


@pytest.mark.slow
def test_an_unreachable_hub_is_given_up_fast(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:  # accepts connections and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr("audit.core.assets.hub.PROBE_SECONDS", 0.2)
        monkeypatch.setattr("audit.core.assets.hub.RETRY_SECONDS", 1e9)  # not at the end of a minute
        with pytest.raises(AssetMissing, match=r"hub openai/gsm8k: cannot be reached"):
            assets.dataset("gsm8k")
        assert not hub.answers()
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):  # asked once: the hub's own client, which retries for long, was not begun
            silent.accept()


@pytest.mark.slow
def test_a_hub_that_answers_whatever_it_says_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_error(503)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert hub.answers()
        server.shutdown()
    assert hub.answers()  # not asked again so soon
    monkeypatch.setattr("audit.core.assets.hub.RETRY_SECONDS", 1e-9)
    assert not hub.answers()


def test_the_hub_comes_last(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "snapshots" / "0123abc" / "main" / "test-00000-of-00001.parquet"
    file.parent.mkdir(parents=True)
    parquet.write_table(pa.table({"question": ["q"], "answer": ["so\n#### 7"]}), file)
    monkeypatch.setattr("audit.core.assets.hub.hf_hub_download", lambda *_, **__: str(file))
    read = assets.dataset("gsm8k")
    assert read.rows == ({"question": "q", "answer": "so\n#### 7", "number": 7.0},)
    assert (read.record.source, read.record.version) == ("hub openai/gsm8k", "0123abc")
