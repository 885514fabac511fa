"""What stands in a log where there is no terminal."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, cast

import pytest

from audit.cli import progress
from audit.cli.progress import Bars
from audit.core.errors import Interrupted

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder


def test_a_line_at_the_end_of_each_task(capfd: pytest.CaptureFixture[str]) -> None:
    with Bars(quiet=False) as bars:
        bars.task("safety", "xstest")
        bars.start(100)
        bars.advance(100, 50)
        bars.task("explain", "occlusion")
        bars.say("memory ran out")
    told = [re.sub(r"\d+ s$", "N s", line) for line in capfd.readouterr().err.splitlines()]
    assert told == ["safety xstest: 100 requests, N s", "memory ran out", "explain occlusion: 0 requests, N s"]


@pytest.mark.parametrize(
    ("error", "how"), [(KeyboardInterrupt(), "interrupted"), (Interrupted(), "interrupted"), (ValueError(), "failed")]
)
@pytest.mark.parametrize(
    ("has_folder", "withheld", "kept"),
    [(True, 0, ", kept for --resume"), (True, 3, ", kept for --resume except 3 with personal data"), (False, 3, "")],
)
def test_a_task_that_broke_off_is_not_reported_as_done(
    error: BaseException, how: str, has_folder: bool, withheld: int, kept: str, capfd: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        with Bars(quiet=False) as bars:
            if has_folder:
                bars.began(cast("RunFolder", None))
            bars.task("evals", "gsm8k")
            bars.withhold(9)
            bars.task("evals", "boolq")
            bars.start(20)
            bars.advance(7, 50)
            bars.withhold(withheld)
            raise error

    with pytest.raises(type(error)):
        work()
    *_, told = capfd.readouterr().err.splitlines()
    assert told == f"evals boolq: {how} after 7 of 20 requests{kept}"


def shown(bars: Bars) -> tuple[str, float | None, float]:
    """Description, end and place of the bar of the current task."""
    bar = bars._bars.tasks[-1]
    return bar.description, bar.total, bar.completed


def test_explanations_are_counted_in_samples_whose_number_is_known(capfd: pytest.CaptureFixture[str]) -> None:
    with Bars(quiet=False) as bars:
        bars.task("explain", "occlusion")
        bars.start(40)  # which samples are worth explaining costs requests, too
        bars.advance(40, 9)
        assert shown(bars) == ("explain occlusion", 40, 40)
        bars.samples(3)
        for requests in (100, 50, 200):
            bars.start(requests)
            assert shown(bars)[1] == 3, "the end is where it was"
            bars.advance(requests, 1)
            bars.sample_done()
        assert shown(bars) == ("explain occlusion", 3, 3)
        bars.task("evals", "boolq")
        assert shown(bars) == ("evals boolq", None, 0), "nothing is left of the task before"
    told = capfd.readouterr().err.splitlines()[0]
    assert re.fullmatch(r"explain occlusion: 3 samples, 390 requests, \d+ s", told)


def test_one_explanation_shows_no_total(capfd: pytest.CaptureFixture[str]) -> None:
    with Bars(quiet=False) as bars:
        bars.task("explain", "shapley")
        bars.samples(1)
        for requests in (100, 50):
            bars.start(requests)
            bars.advance(requests, 1)
        assert shown(bars) == ("explain shapley", None, 150)
    assert re.fullmatch(r"explain shapley: 150 requests, \d+ s\n", capfd.readouterr().err)


def test_what_is_left_is_reckoned_from_what_was_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("audit.cli.progress.time.monotonic", lambda: now[0])
    bars = Bars(quiet=True)
    bars.expect(2)
    bars.task("evals", "boolq")
    assert bars._left == ""
    bars.start(100)
    bars.advance(40, 0)  # from the journal
    now[0] += 10
    assert bars._left == "", "nothing was computed"
    bars.workers(2, 4)
    bars.advance(20, 5000)
    assert bars._left == ", about 20 s left"
    behind = [bar.fields["speed"] for bar in bars._bars.tasks]
    assert behind == ["5,000 tokens", "500 tokens/s, 2 of 4 workers"]
    bars.advance(40, 5000)
    assert bars._left == "", "nothing is left"
    bars.task("safety", "bbq")
    assert bars._rate == 0
    bars.samples(4)
    now[0] += 10
    bars.start(10)
    bars.advance(10, 100)
    bars.sample_done()
    assert bars._left == ", about 30 s left"


@pytest.mark.slow
def test_quiet_says_what_must_be_known_alone(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.01)
    with Bars(quiet=True) as bars:
        bars.task("safety", "xstest")
        bars.say("memory ran out")
        time.sleep(0.2)
    assert capfd.readouterr().err.splitlines() == ["memory ran out"]


AT_WORK = r"safety xstest: 30 of 100 requests, [0-9,]+ tokens/s, about [0-9,]+ s left, "


@pytest.mark.slow
def test_a_long_task_is_told_of_before_anything_is_answered(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.01)
    told = ""
    with Bars(quiet=False) as bars:
        bars.task("safety", "xstest")
        bars.start(100)
        deadline = time.monotonic() + 60
        while told.count("safety xstest: 0 of 100 requests, ") < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
            told += capfd.readouterr().err
        bars.advance(30, 5)
        while not re.search(AT_WORK, told) and time.monotonic() < deadline:
            time.sleep(0.01)
            told += capfd.readouterr().err
    capfd.readouterr()
    time.sleep(0.2)
    assert told.count("safety xstest: 0 of 100 requests, ") >= 2
    assert re.search(AT_WORK, told)
    assert capfd.readouterr().err == "", "nothing is told when the work is over"


@pytest.mark.parametrize(
    ("model", "converted"),
    [
        ("weights.Q4_1.gguf", True),
        ("smollm2-135m-instruct", True),
        ("owner/name", False),
        ("openai:http://127.0.0.1:1/v1#weights.gguf", False),
        (".", False),
    ],
)
def test_a_conversion_is_told_of_gguf_files_alone(model: str, converted: bool) -> None:
    from audit.engine.checkpoint.source import is_gguf

    assert is_gguf(model) is converted
