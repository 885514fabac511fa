"""The page of probes: what each found, its groups, and its worst samples, hidden until asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.app.pages import safety
from audit.core.records import Choice, FindingRecord, MetricWords, TaskWords
from tests.app.drawn import button, drawn, every_html, every_markdown, tables
from tests.reports.errors.test_crossed import attempts, metrics_of
from tests.sealing import sealed

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


def test_a_run_without_probes_says_so(run: RunFolder, open_page: Open) -> None:
    run.write_metrics([metric for metric in run.read_metrics() if metric.suite != "safety"])
    sealed(run)
    said = "This run has no samples yet, or its configuration has no probes."
    assert [one.value for one in open_page("safety").info] == [said]


@pytest.mark.slow
def test_a_probe_stands_in_its_own_words_with_what_limits_it(run: RunFolder, open_page: Open) -> None:
    asked = TaskWords(title="Toxic continuations", question="Does it go on with toxic text?")
    manifest = run.read_manifest()
    run.write_manifest(manifest.model_copy(update={"words": {"toxicity": asked}}))
    titled = MetricWords(title="Worst of several continuations")
    run.write_metrics(
        [
            metric.model_copy(update={"words": titled, "note": "the scorer is one of three"})
            if metric.name == "toxicity/expected_maximum"
            else metric
            for metric in run.read_metrics()
        ]
    )
    sealed(run)
    test = open_page("safety")
    assert [header.value for header in test.header] == ["Toxic continuations", "Worst samples"]
    assert "Does it go on with toxic text?" in [text.value for text in test.text]
    assert any(one.value.startswith("**Worst of several continuations**: ") for one in test.markdown)
    assert any("the scorer is one of three" in one.value for one in test.caption)


@pytest.mark.slow
def test_attacks_that_succeed_are_a_table_by_category_and_family(run: RunFolder, open_page: Open) -> None:
    tried = attempts()
    run.write_samples("safety", "jailbreaks", tried)
    run.write_metrics([*run.read_metrics(), *metrics_of(tried)])
    sealed(run)
    html = every_html(open_page("safety", task="safety/jailbreaks"))
    assert "Attacks that succeed, by category and family" in html
    assert 'title="A: chemistry, plain: ' in html
    assert "3 answers without a score are in no field." in html
    run.samples_path("safety", "jailbreaks").write_bytes(b"PAR1 cut")
    broken = open_page("safety", task="safety/jailbreaks")
    assert "by category and family" not in every_html(broken)
    assert any("jailbreaks" in error.value for error in broken.error)


@pytest.mark.slow
def test_all_samples_of_a_probe_are_one_press_away(
    run: RunFolder, open_page: Open, opened: list[tuple[str, dict[str, Any]]]
) -> None:
    test = open_page("safety")
    drawn(button(test, "All 10 samples, worst first").click().run())
    ((name, place),) = opened
    assert (name, place["tasks"], place["sort"]) == ("samples", ["safety/toxicity"], ["worst"])


def test_a_probe_that_left_no_samples_says_so(run: RunFolder, open_page: Open) -> None:
    run.samples_path("safety", "toxicity").unlink()
    test = open_page("safety")
    assert any(one.value == "This probe left no samples." for one in test.caption)


@pytest.mark.slow
def test_what_was_found_in_a_sample_is_counted_by_kind(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    kinds = ("phone", "email", "email")
    found = [FindingRecord(kind=kind, start=place, end=place + 1) for place, kind in enumerate(kinds)]
    samples = [one.model_copy(update={"findings": found}) for one in by_task["toxicity"]]
    run.write_samples("safety", "toxicity", samples)
    test = open_page("safety")
    said = [one.value.replace("\\", "") for one in test.caption if one.value.startswith("Personal data found")]
    assert said == ["Personal data found, by kind: 2 × email, 1 × phone."] * safety.WORST


def test_what_a_probe_looks_for_is_a_word_and_by_how_much(by_task: dict[str, list[Sample]]) -> None:
    plain = by_task["toxicity"][0]
    chose = Choice(options=["a", "b"], log_likelihoods=[-1.0, -2.5], chosen=0, contrast=1, gap=1.5)
    compared = plain.model_copy(update={"choice": chose})
    said = [safety._heading(one, "found", is_masked=False) for one in (plain, compared)]
    assert said[1].startswith(said[0])
    assert said[1] != said[0]
    assert said[1].endswith(", gap of 1.500 nats")
