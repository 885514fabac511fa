"""Progress in a notebook: what the bar says, and that nothing in it is markup or steers a terminal."""

from __future__ import annotations

import sys
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest

from audit.core.progress import Progress, Silent
from audit.public.notebook import Notebook, in_notebook, listening


class Handle:
    """What ``display(..., display_id=True)`` returns."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def update(self, picture: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(picture)


@pytest.fixture
def handle(monkeypatch: pytest.MonkeyPatch) -> Handle:
    """A kernel's display, remembered."""
    made = Handle()
    display, kernel = ModuleType("IPython.display"), ModuleType("IPython")

    def show(picture: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        made.shown.append(picture)
        return made

    display.display = show  # type: ignore[attr-defined]
    kernel.get_ipython = type("Shell", (), {"kernel": object()})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return made


def test_one_bar_is_redrawn_in_place(handle: Handle) -> None:
    bar: Progress = Notebook()
    bar.expect(2)
    bar.step("loading tiny")
    bar.task("safety", "crows_pairs")
    bar.start(8)
    bar.advance(8, 100)
    last = handle.shown[-1]
    assert last["text/plain"] == f"{'█' * 24} 1 of 2 tasks · safety crows_pairs · 8 of 8 requests"
    assert '<progress value="1.0000" max="1">' in last["text/html"]
    bar.task("safety", "bbq")
    assert handle.shown[-1]["text/plain"] == f"{'░' * 24} 2 of 2 tasks · safety bbq"


def test_explanations_are_counted_in_samples_whose_number_is_known(handle: Handle) -> None:
    bar: Progress = Notebook()
    bar.task("explain", "occlusion")
    bar.samples(4)
    bar.start(100)
    bar.sample_done()
    bar.start(50)
    bar.say("drawn")
    last = handle.shown[-1]
    assert last["text/plain"].startswith(f"{'█' * 6}{'░' * 18} explain occlusion · 1 of 4 samples, 0 requests")
    assert '<progress value="0.2500" max="1">' in last["text/html"]
    bar.task("explain", "shapley")
    bar.samples(1)
    bar.start(80)
    bar.advance(80, 7)
    bar.say("drawn")
    last = handle.shown[-1]
    assert last["text/plain"].startswith(f"{'░' * 24} explain shapley · 80 requests\n")
    assert '<progress max="1">' in last["text/html"], "without an end, the bar swings"


def test_remarks_stay_and_are_harmless(handle: Handle) -> None:
    bar = Notebook()
    bar.say("<script>alert(1)</script>\x1b[31m")
    bar.failed("the report card is not written", OSError("disk <full>"))
    html, text = handle.shown[-1]["text/html"], handle.shown[-1]["text/plain"]
    assert "<script" not in html
    assert "\x1b" not in html + text
    assert "OSError: disk &lt;full&gt;" in html


def test_who_listens(handle: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    given: Any = Silent()
    assert in_notebook()
    with listening(progress=True) as told:
        assert isinstance(told, Notebook)
    assert handle.shown[-1]["text/plain"] == f"{'█' * 24} done"
    with suppress(KeyboardInterrupt), listening(progress=True):
        raise KeyboardInterrupt
    assert handle.shown[-1]["text/plain"] == f"{'░' * 24} stopped"
    with listening(progress=False) as told:
        assert isinstance(told, Silent)
    with listening(given) as told:
        assert told is given
    monkeypatch.delitem(sys.modules, "IPython")
    with listening(progress=True) as told:
        assert isinstance(told, Silent)
