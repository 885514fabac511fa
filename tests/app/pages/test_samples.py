"""The table of samples, drawn by Streamlit without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.drawn import drawn, every_markdown, rows_tables, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_a_run_without_samples_says_so(run: RunFolder, open_page: Open) -> None:
    for path in (run.path / "samples").rglob("*.parquet"):
        path.unlink()
    assert [one.value for one in open_page("samples").info] == ["This run has no samples yet."]


@pytest.mark.slow
def test_rows_say_what_was_asked_answered_and_came_of_it(run: RunFolder, open_page: Open) -> None:
    test = open_page("samples", tasks="evals/boolq")
    (table,) = rows_tables(test)
    assert [column["title"] for column in table["columns"] if column["opens"]] == ["Question"]
    assert "Task" not in tables(test)[0]  # all are of one
    assert tables(test)[0]["Result"][:2] == ["✕ Wrong", "✓ Right"]
    assert tables(test)[0]["Remarks"][3] == "truncated prompt"
    assert tables(test)[0]["Remarks"][0] == "explained"


@pytest.mark.slow
def test_pages_of_a_long_list(run: RunFolder, open_page: Open) -> None:
    samples = run.read_samples("evals", "boolq")
    many = [samples[0].model_copy(update={"sample_id": f"{n:016x}", "output": f" number {n}"}) for n in range(120)]
    run.write_samples("evals", "boolq", many)
    test = open_page("samples", tasks="evals/boolq", page="3")
    assert tables(test)[0]["Output"] == [f" number {n}" for n in range(100, 120)]
    assert any("101 to 120 of 120" in caption.value for caption in test.caption)
    drawn(next(one for one in test.button if one.label == "Previous page").click().run())
    assert tables(test)[0]["Output"][0] == " number 50"
    assert test.query_params["page"] in ("2", ["2"])
    assert "**120" in every_markdown(open_page("samples", tasks="evals/boolq", page="99"))
