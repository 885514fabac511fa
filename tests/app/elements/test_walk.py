"""Walking through the filtered, sorted list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.app.drawn import button, drawn, every_markdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_next_goes_through_the_filtered_and_sorted_list(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    """BoolQ's wrong answers are every third item, and confidence grows from item to item: worst first is 21, 18, …"""
    ids = [by_task["boolq"][place].sample_id for place in (21, 18, 15)]
    listed = {"result": "wrong", "tasks": "evals/boolq", "sort": "worst"}
    test = open_page("sample", task="boolq", sample=ids[0], **listed)
    assert r"**1 of 8 wrong answers of evals\/boolq**" in every_markdown(test)
    assert button(test, "Previous").disabled
    for place, sample_id in enumerate(ids[1:], 2):
        drawn(button(test, "Next").click().run())
        assert test.query_params["sample"] in (sample_id, [sample_id])
        assert f"**{place} of 8 wrong" in every_markdown(test)
    assert {name: test.query_params[name] for name in listed} in (listed, {n: [v] for n, v in listed.items()})
    drawn(button(test, "Previous").click().run())
    assert "**2 of 8 wrong" in every_markdown(test)


@pytest.mark.slow
def test_a_sample_that_the_filters_leave_out_is_shown_among_its_task(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    test = open_page("sample", task="boolq", sample=by_task["boolq"][1].sample_id, result="wrong")
    assert r"**2 of 24 samples of evals\/boolq**" in every_markdown(test)
    assert any("filters leave this sample out" in caption.value for caption in test.caption)


@pytest.mark.slow
def test_samples_of_one_id_are_walked_past(run: RunFolder, open_page: Open) -> None:
    """Own runs number copies; those of other tools may not."""
    samples = run.read_samples("evals", "boolq")[:3]
    twins = [one.model_copy(update={"sample_id": "twin", "output": f" {n}"}) for n, one in enumerate(samples)]
    run.write_samples("evals", "boolq", twins)
    test = open_page("sample", task="boolq", sample="twin")
    for number in (1, 2):
        drawn(button(test, "Next").click().run())
        assert f" {number}" in [code.value for code in test.code]
    assert button(test, "Next").disabled is False or "of 3" in every_markdown(test)
