"""The serving process asks no other server for its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamlit.web.server import server_util

from audit.app import serving

if TYPE_CHECKING:
    import pytest


def test_a_foreign_origin_is_refused_without_asking_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(serving.net_util, "_make_blocking_http_get", lambda url, **_: asked.append(url))
    for name in ("get_internal_ip", "get_external_ip"):  # restored afterwards
        monkeypatch.setattr(serving.net_util, name, getattr(serving.net_util, name))
    monkeypatch.setattr(serving.net_util, "_internal_ip", "127.0.0.1")
    assert not server_util.is_url_from_allowed_origins("http://evil.test")
    assert asked, "Streamlit asks elsewhere by itself: without that, this module is not needed"
    asked.clear()
    monkeypatch.setattr(serving.net_util, "_internal_ip", None)  # looking for it would fail: tests stay on this machine
    started = []
    monkeypatch.setattr(serving.cli, "main", lambda **words: started.append(words))
    serving.serve()
    assert not server_util.is_url_from_allowed_origins("http://evil.test")
    assert asked == []
    assert started == [{"prog_name": "streamlit"}]
