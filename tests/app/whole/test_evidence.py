"""Evidence that does not belong together is said on every page, and a broken file ends nothing but its own part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.app.drawn import SCRIPTS, every_markdown, tables
from tests.sealing import sealed

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder


def said(test: AppTest) -> str:
    """Red lines of a page, without Markdown's escapes."""
    return "\n".join(error.value for error in test.error).replace("\\", "")


@pytest.mark.slow
def test_no_verdict_and_no_card_of_invalid_evidence(run: RunFolder, open_page: Any) -> None:
    test = open_page("overview")
    assert any("Verdict" in table for table in tables(test))
    assert [button.label for button in test.get("download_button")] == ["Report card"]
    run.samples_path("evals", "boolq").unlink()
    test = open_page("overview")
    assert "boolq.parquet: evidence invalid: it is missing" in said(test)
    assert not any("Verdict" in table for table in tables(test))
    assert "INCONCLUSIVE" not in every_markdown(test)
    assert test.get("download_button") == []
    assert any("boolq/accuracy" in table.get("Metric", []) for table in tables(test))


@pytest.mark.slow
@pytest.mark.parametrize("page", list(SCRIPTS))
def test_a_broken_samples_file_ends_only_its_task(page: str, run: RunFolder, open_page: Any) -> None:
    path = run.samples_path("evals", "asdiv")
    path.write_bytes(path.read_bytes()[:200])
    test = open_page(page, task="evals/boolq")
    if page == "rate_run":  # which file it is would name the run
        assert "cannot be rated" in said(test)
        assert not test.text_input
        return
    assert "asdiv.parquet" in said(test)
    assert "broken samples file" in said(test) or page in {"errors", "compare", "decision"}
    if page == "samples":
        assert "**34 samples**" in every_markdown(test)  # 24 boolq, 10 toxicity
    if page == "sample":
        assert r"**1 of 24 samples of evals\/boolq**" in every_markdown(test)
        assert "broken samples file" in said(open_page(page, task="evals/asdiv"))


@pytest.mark.slow
@pytest.mark.parametrize("page", ["samples", "sample"])
def test_a_broken_attribution_ends_only_the_explanations(page: str, run: RunFolder, open_page: Any) -> None:
    broken = next((run.path / "attributions").iterdir())
    broken.write_text("{")
    sealed(run)
    test = open_page(page, task="evals/boolq")
    assert broken.name in said(test)
    assert f"{'39' if page == 'samples' else '1 of 24'} samples" in every_markdown(test)
