"""What notebooks show of a run: a card that runs nothing, a table that escapes."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from audit.core.errors import ConfigError
from audit.core.run_folder import RunFolder
from audit.public.runs import Run
from tests.reports.comparison.test_baseline_contents import COUNTS, a_baseline
from tests.reports.conftest import full_run, make_run, records, shared_run, written_run

if TYPE_CHECKING:
    from pathlib import Path

    import audit

__all__ = ["full_run", "make_run", "records", "shared_run", "written_run"]


class Frame(HTMLParser):
    """The attributes of the one frame in a fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes = dict(attrs)


@pytest.mark.slow
def test_the_card_is_shown_in_a_frame_that_runs_nothing(made: audit.Run) -> None:
    card = made.card()
    shown = Frame(card._repr_html_())
    assert shown.tags == ["iframe"]
    assert shown.attributes["sandbox"] == ""
    assert shown.attributes["srcdoc"] == card.html
    assert card.html == (made.path / "report" / "index.html").read_text()


@pytest.mark.slow
def test_the_card_shows_the_baseline_that_is_named(full_run: RunFolder) -> None:
    baseline = a_baseline(full_run.path.parent)
    run = Run(full_run)
    for name in (baseline.path, baseline.run_id):
        assert COUNTS in run.card(baseline=name).html
    assert COUNTS not in run.card().html
    for wrong, message in (("", "card: baseline is empty"), (full_run.path, "the baseline is the run itself")):
        with pytest.raises(ConfigError, match=message):
            run.card(baseline=wrong)


@pytest.mark.slow
def test_the_table_escapes_what_others_wrote(made: audit.Run, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    evil = "<script>alert(1)</script>\x1b[31m"
    metrics = RunFolder(made.path).read_metrics()
    primary = next(metric for metric in metrics if metric.primary and metric.slice is None)
    named = primary.model_copy(update={"task": evil, "name": f"{evil}/{primary.metric}"})
    folder.write_manifest(made.manifest.model_copy(update={"evidence": {}}))
    folder.write_metrics([named])
    html = Run(folder)._repr_html_()
    assert "<script" not in html
    assert "\x1b" not in html
    assert "&lt;script&gt;" in html
    assert f"<td>{primary.n}</td>" in html
