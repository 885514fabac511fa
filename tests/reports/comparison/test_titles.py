"""Titles by label: of metrics with words alone, slices apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.records import MetricWords, TaskWords
from audit.core.run_folder import RunFolder
from audit.reports.comparison.titles import titles
from tests.reports.conftest import a_manifest, a_metric

if TYPE_CHECKING:
    from pathlib import Path


def test_metrics_with_words_have_titles_slices_too(tmp_path: Path) -> None:
    words = MetricWords(title="Right answers")
    run = RunFolder.create(tmp_path, a_manifest(words={"boolq": TaskWords(title="Yes or no", question="Is it?")}))
    part = a_metric(words=words, slice={"topic": "science"}, primary=False)
    run.write_metrics([a_metric(words=words), part, a_metric("boolq/bare")])
    assert titles(run) == {
        "boolq/accuracy": "Yes or no: right answers",
        "boolq/accuracy [topic=science]": "Yes or no: right answers [topic=science]",
    }
