"""What is read of a run folder, once, until its file changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.app.drawn import drawn, tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_the_overview_follows_the_run_folder(run: RunFolder, open_page: Open) -> None:
    """What is cached is forgotten when the file changes."""
    test = open_page("overview")
    run.write_metrics([metric for metric in run.read_metrics() if metric.metric != "exact_match"])
    test = drawn(test.run())
    assert not any("asdiv/exact_match" in table.get("Metric", []) for table in tables(test))


def said(test: AppTest) -> str:
    """Red lines of a page, without Markdown's escapes."""
    return "\n".join(error.value for error in test.error).replace("\\", "")


@pytest.mark.slow
def test_a_card_that_lies_elsewhere_is_not_served(run: RunFolder, tmp_path: Path, open_page: Any) -> None:
    run.report_path.parent.rename(tmp_path / "elsewhere")
    run.report_path.parent.symlink_to(tmp_path / "elsewhere")
    assert open_page("overview").get("download_button") == []


@pytest.mark.slow
def test_a_broken_decision_ends_only_the_verdict(run: RunFolder, open_page: Any) -> None:
    run.decision_path.write_text("{")
    test = open_page("overview")
    assert said(test) == ""
    assert any("decision.json is not shown" in warning.value.replace("\\", "") for warning in test.warning)
    assert any("boolq/accuracy" in table.get("Metric", []) for table in tables(test))
