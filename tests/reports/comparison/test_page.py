"""A comparison as a page: what it shows, that it is harmless, and that it fits."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import AuditError
from audit.core.records import Flag, MetricWords, Sweep, SweptCheckpoint
from audit.core.run_folder import RunFolder
from audit.gate.comparison.compare import compare
from audit.gate.comparison.series import compare_series
from audit.reports.comparison.page import DETAILS, page_of
from tests.gate.comparison.runs import run_with, scored

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Comparison, SeriesComparison

pytestmark = pytest.mark.slow

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"
BEFORE = [1.0] * 30 + [0.0] * 10
AFTER = [0.0] * 15 + [1.0] * 15 + [0.0] * 9 + [1.0]


class Tags(HTMLParser):
    """The tags, and the values of attributes that may fetch or run something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.targets: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.targets += [value or "" for name, value in attributes if name in ("href", "src", "action")]
        assert not any(name.startswith("on") for name, _ in attributes)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[RunFolder]:
    out: Path = tmp_path_factory.mktemp("runs")
    hostile = scored(AFTER, output=HOSTILE, prompt=HOSTILE, reference=HOSTILE)
    return [
        run_with(out, "first", scored(BEFORE)),
        run_with(out, "second", scored(BEFORE)),
        run_with(out, "third", hostile, model={"name": HOSTILE}),
    ]


@pytest.fixture(scope="module")
def two(folders: list[RunFolder]) -> Comparison:
    return compare(folders[0], folders[2])


@pytest.fixture(scope="module")
def series(folders: list[RunFolder]) -> SeriesComparison:
    return compare_series(folders)


def harmless(html: str) -> Tags:
    """The page runs and fetches nothing."""
    tags = Tags(html)
    assert not tags.names & {"script", "iframe", "img", "form", "object", "embed"}
    assert all(target.startswith("#") or target == "data:," for target in tags.targets)
    assert "default-src 'none'" in html
    assert not re.search(r"url\(|@import|\x1b|\u202e", html)
    return tags


def test_checkpoints_of_a_sweep_are_harmless(folders: list[RunFolder], series: SeriesComparison) -> None:
    entry = SweptCheckpoint(name=HOSTILE, model="m", state="failed", reason=HOSTILE, run=HOSTILE, same_as=HOSTILE)
    swept = Sweep(
        patterns=["*"], axis="order", checkpoints=[entry], trend=series, left_out=[HOSTILE], unplaced=[HOSTILE]
    )
    labelled = [run.model_copy(update={"label": HOSTILE, "at_text": HOSTILE}) for run in series.runs]
    for axis in ("order", "step"):
        found = series.model_copy(update={"runs": labelled, "axis": axis})
        html = page_of(found, folders, sweep=swept.model_copy(update={"axis": axis}))
        harmless(html)
        assert html.count("&lt;script&gt;alert(1)") > 8
        assert "with no" in html


def test_two_runs(folders: list[RunFolder], two: Comparison) -> None:
    html = page_of(two, [folders[0], folders[2]])
    assert {"svg", "table"} <= harmless(html).names
    assert '<span class="chip is-fail">worse</span>' in html
    assert "16 of 40 items changed (higher is better); the worst 10 are listed." in html
    assert html.count("score 1 → 0") == 10
    assert "score 0 → 1" not in html  # the one gain is not among the worst
    assert "half=a" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_titles_stand_before_names(
    folders: list[RunFolder], two: Comparison, series: SeriesComparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, words = RunFolder.read_metrics, MetricWords(title="Right <answers>")
    monkeypatch.setattr(
        RunFolder, "read_metrics", lambda run: [one.model_copy(update={"words": words}) for one in read(run)]
    )
    for html in (page_of(two, [folders[0], folders[2]]), page_of(series, folders)):
        assert 'boolq: right &lt;answers&gt;<span class="name">boolq/accuracy</span>' in html


def test_series(folders: list[RunFolder], series: SeriesComparison) -> None:
    html = page_of(series, folders)
    assert {"svg", "table"} <= harmless(html).names
    assert html.count("<svg") == 1
    assert "Comparison of 3 runs" in html
    assert "16 of 40 items changed" in html
    [metric] = series.metrics
    assert [value.letters for value in metric.values] == ["a", "a", "b"]
    assert re.findall(r'<td data-label="letters">([ab])</td>', html) == ["a", "a", "b"]
    assert "\\x1b[31m\\u202e: worse</span>" in html  # the run at which it changed


def test_what_differs_and_what_is_not_compared_is_said(tmp_path: Path, folders: list[RunFolder]) -> None:
    other = run_with(tmp_path, "other", scored(BEFORE, prompt_sha256="f" * 64), packages={"torch": "9"})
    for html in (
        page_of(compare(folders[0], other), [folders[0], other]),
        page_of(compare_series([*folders[:2], other]), [*folders[:2], other]),
    ):
        harmless(html)
        assert "the runs differ in prompts: 40 of 40" in html
        assert "No metric could be compared." in html
        assert "torch" in html
        assert "Changed items" not in html


def test_less_is_shown_where_the_page_would_be_too_large(folders: list[RunFolder], two: Comparison) -> None:
    ends = [folders[0], folders[2]]
    whole = page_of(two, ends)
    smaller = page_of(two, ends, max_bytes=len(whole.encode()) - 1)
    assert DETAILS[1].notice is not None
    assert DETAILS[1].notice in smaller
    assert smaller.count("score 1 → 0") == 4
    with pytest.raises(AuditError, match="the page would exceed 1,000 bytes: compare fewer tasks"):
        page_of(two, ends, max_bytes=1_000)


def test_answers_of_probes_are_hidden_until_asked_for(tmp_path: Path) -> None:
    runs = [
        run_with(tmp_path, name, [one.model_copy(update={"flags": [Flag.OFFENSIVE]}) for one in scored(scores)])
        for name, scores in (("a", BEFORE), ("b", AFTER))
    ]
    html = page_of(compare(*runs), runs)
    assert "Show prompt and outputs (may be offensive)" in html
