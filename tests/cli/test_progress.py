"""What stands in a log where there is no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.cli import progress
from audit.cli.progress import Bars

if TYPE_CHECKING:
    import pytest


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def lines(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, quiet: bool) -> list[str]:
    """A task of 100 requests that takes 70 s, and one that takes none."""
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    with Bars(quiet=quiet) as bars:
        bars.task("safety", "xstest")
        bars.start(100)
        for _ in range(10):
            clock.now += 7
            bars.advance(10, 50)
        bars.task("explain", "occlusion")
        bars.say("memory ran out")
    return capfd.readouterr().err.splitlines()


def test_a_long_task_is_told_of_every_half_minute(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lines(capfd, monkeypatch, quiet=False) == [
        "safety xstest: 50 of 100 requests, 35 s",
        "safety xstest: 100 of 100 requests, 70 s",
        "safety xstest: 100 requests, 70 s",
        "memory ran out",
        "explain occlusion: 0 requests, 0 s",
    ]


def test_quiet_says_what_must_be_known_alone(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lines(capfd, monkeypatch, quiet=True) == ["memory ran out"]
