"""The page of probes: what each found, its groups, and its worst samples, hidden until asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.app.drawn import button, drawn, every_html, every_markdown, tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_only_probes_are_on_the_scale_and_their_worst_samples_come_first(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open, opened: list[tuple[str, dict[str, Any]]]
) -> None:
    test = open_page("safety")
    html = every_html(test)
    assert "toxicity" in html
    assert "boolq" not in html
    assert test.query_params["task"] == "safety/toxicity"
    assert "vile" not in every_markdown(test) + html + "".join(text.value for text in [*test.text, *test.code])
    drawn(button(test, "Open").click().run())
    worst = max(by_task["toxicity"], key=lambda sample: sample.score or 0.0)  # lower is better
    ((name, place),) = opened
    assert (name, place["sample"], place["task"]) == ("sample", worst.sample_id, "safety/toxicity")
    shown = drawn(next(one for one in test.button if one.label == "Show it").click().run())
    assert [code.value for code in shown.code] == [worst.prompt, worst.output]


def test_probes_that_did_not_run_are_named(run: RunFolder, open_page: Open) -> None:
    manifest = run.read_manifest()
    missing = manifest.not_run[0].model_copy(update={"suite": "safety", "task": "winobias", "reason": "no data"})
    run.write_manifest(manifest.model_copy(update={"not_run": [missing]}))
    test = open_page("safety")
    assert any("1 probe not run" in warning.value for warning in test.warning)
    assert {"Probe": ["winobias"], "Why": ["no data"]} in tables(test)
