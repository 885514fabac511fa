"""Filters of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.pages import drawn, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("box", "value", "left"),
    [
        ("Tasks", ["evals/asdiv"], 5),
        ("Suites", ["safety"], 10),
        ("Flags", ["truncated_prompt", "empty_output"], 2),
        ("Slices", ["topic = plants"], 12),
    ],
)
def test_filters_leave_the_samples_that_fit(
    box: str, value: list[str], left: int, run: RunFolder, open_page: Open
) -> None:
    test = open_page("samples")
    assert len(tables(test)[0]["Sample"]) == 39
    drawn(next(widget for widget in test.multiselect if widget.label == box).set_value(value).run())
    assert len(tables(test)[0]["Sample"]) == left


@pytest.mark.slow
def test_search_score_and_unscored_filters(run: RunFolder, open_page: Open) -> None:
    test = open_page("samples")
    drawn(test.text_input[0].set_value("9 APPLES").run())
    assert tables(test)[0]["Output"] == ["9 apples"]
    drawn(test.text_input[0].set_value("").run())
    drawn(test.slider[0].set_range(0.85, 1.0).run())
    assert min(tables(test)[0]["Score"]) == 0.9
    drawn(test.segmented_control[0].set_value("not scored").run())
    assert tables(test)[0]["Error"] == ["NaN logits"]
    drawn(test.text_input[0].set_value("nowhere to be found").run())
    assert any("No sample fits" in info.value for info in test.info)


@pytest.mark.slow
def test_reasoning_is_searched(run: RunFolder, open_page: Open) -> None:
    samples = run.read_samples("evals", "boolq")
    samples[3] = samples[3].model_copy(update={"thinking": "A rare word: okapi."})
    run.write_samples("evals", "boolq", samples)
    test = open_page("samples")
    box = next(box for box in test.text_input if box.label == "Text")
    drawn(box.set_value("OKAPI").run())
    assert any(caption.value.startswith("1 of ") for caption in test.caption)
