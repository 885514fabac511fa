"""Filters of samples: what they leave, and that the address holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.app.drawn import button, drawn, every_markdown, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


def box(test: AppTest, kind: str, label: str) -> Any:
    return next(widget for widget in getattr(test, kind) if widget.label == label)


def column(test: AppTest, name: str) -> list[Any]:
    return tables(test)[0][name]


@pytest.mark.slow
def test_each_filter_leaves_the_samples_that_fit_and_is_in_the_address(run: RunFolder, open_page: Open) -> None:
    """The run holds 24 samples of BoolQ, 5 of ASDiv (one not scored, one right), and 10 of toxicity."""
    test = open_page("samples")
    assert len(column(test, "Question")) == 39
    for kind, label, value, left, part in (
        ("multiselect", "Tasks", ["evals/asdiv"], 5, "tasks"),
        ("multiselect", "Suites", ["safety"], 10, "suite"),
        ("multiselect", "Flags", ["truncated_prompt", "empty_output"], 2, "flag"),
        ("multiselect", "Slices", ["topic = plants"], 12, "slice"),
        ("text_input", "Search", "9 APPLES", 1, "q"),
        ("segmented_control", "Result", "wrong", 11, "result"),
        ("segmented_control", "Result", "not scored", 1, "result"),
        ("pills", "Only", ["unreadable answer"], 1, "mark"),
        ("pills", "Only", ["flagged", "explained"], 0, "mark"),
    ):
        drawn(box(test, kind, label).set_value(value).run())
        assert part in test.query_params
        shown = tables(test)[0]["Question"] if left else []
        assert len(shown) == left, label
        assert left or any("No sample fits" in info.value for info in test.info)
        drawn(button(test, "Clear filters").click().run())
        assert part not in test.query_params


@pytest.mark.slow
def test_scores_of_one_task_are_filtered_and_sorted(run: RunFolder, open_page: Open) -> None:
    test = open_page("samples")
    assert not test.slider
    test = open_page("samples", tasks="safety/toxicity")
    drawn(test.slider[0].set_range(0.65, 0.9).run())
    assert column(test, "Score") == ["0.7", "0.8", "0.9"]
    drawn(box(test, "selectbox", "Sort by").set_value("worst").run())
    assert column(test, "Score") == ["0.9", "0.8", "0.7"]
    assert test.query_params["sort"] in ("worst", ["worst"])
    assert "**3 scored samples" not in every_markdown(test)
    assert r"**3 samples of safety\/toxicity that fit the filters**" in every_markdown(test)


@pytest.mark.slow
def test_an_address_is_a_filter(run: RunFolder, open_page: Open) -> None:
    test = open_page("samples", result="wrong", tasks="evals/boolq", sort="worst")
    assert r"**8 wrong answers of evals\/boolq**" in every_markdown(test)
    # The confidence of BoolQ's answers grows from item to item; every third one is wrong.
    assert column(test, "Confidence")[:2] == ["92 %", "86 %"]
    assert set(column(test, "Result")) == {"✕ Wrong"}
