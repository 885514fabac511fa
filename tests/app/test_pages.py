"""Each page on a run folder, drawn by Streamlit without a browser."""

from __future__ import annotations

import os
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.testing.v1 import AppTest

from audit.app import overview, rate
from audit.core.records import Counterfactual, CounterfactualSearch, DrivenAnswers, Driver, Drivers
from audit.core.run_folder import RunFolder
from audit.ratings import read_all, read_latest
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.app.settings import Settings
    from audit.core.records import Sample

    Open = Callable[..., AppTest]

SCRIPTS = {
    "samples": "from audit.app import samples\nframed(lambda run, s: samples.page(run, s, open_sample=st.stop))()",
    "sample": "from audit.app import sample\nframed(sample.page)()",
    "rate": "from audit.app import rate\nframed(rate.page)()",
}


@pytest.fixture
def open_page(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a page by its address; ``overview`` through the entry script, as Streamlit does.

    Tests rate as soon as a page is drawn, which no reader does.
    """
    monkeypatch.setattr(rate, "LEAST_SECONDS", 0.0)

    def open_it(page: str, **query: str) -> AppTest:
        script = tmp_path / f"{page}_page.py"
        script.write_text(f"import streamlit as st\nfrom audit.app.frame import framed\n{SCRIPTS.get(page)}\n")
        entry = str(resources.files("audit.app").joinpath("main.py")) if page == "overview" else str(script)
        test = AppTest.from_file(entry, default_timeout=300)
        for name, value in query.items():
            test.query_params[name] = value
        return drawn(test.run())

    return open_it


def drawn(test: AppTest) -> AppTest:
    assert [error.value for error in test.exception] == []
    return test


def every_html(test: AppTest) -> str:
    """All HTML of the page but the one script that is ours."""
    return "\n".join(element.proto.body for element in test.get("html")).replace(rate.NO_REPEAT, "")


def every_markdown(test: AppTest) -> str:
    """All text of the page that Streamlit treats as Markdown."""
    kinds = (test.title, test.subheader, test.markdown, test.caption, test.warning, test.error, test.info, test.success)
    elements = [element.value for kind in kinds for element in kind]
    labels = [
        widget.label for kind in (test.button, test.selectbox, test.multiselect, test.expander) for widget in kind
    ]
    return "\n".join([*elements, *labels])


def tables(test: AppTest) -> list[dict[str, list[Any]]]:
    return [frame.value.to_dict("list") for frame in test.dataframe]


def button(test: AppTest, label: str) -> Any:
    return next(widget for widget in test.button if widget.label == label)


@pytest.mark.parametrize("page", ["overview", *SCRIPTS])
def test_an_empty_folder_says_what_to_run(page: str, open_page: Open) -> None:
    test = open_page(page)
    assert [title.value for title in test.title] == ["No run here yet"]
    assert any(code.value.startswith("audit run --profile quick --out ") for code in test.code)


@pytest.mark.parametrize("page", ["overview", *SCRIPTS])
def test_a_broken_run_is_one_line_on_every_page(page: str, run: RunFolder, open_page: Open) -> None:
    run.manifest_path.write_text("{")
    (error,) = open_page(page).error
    assert "manifest" in error.value
    assert "\n" not in error.value


@pytest.mark.parametrize("page", ["overview", *SCRIPTS])
def test_a_run_that_has_only_begun_is_no_error(page: str, runs: Path, make_manifest: Any, open_page: Open) -> None:
    RunFolder.create(runs, make_manifest(status="running", finished=None, not_run=[], warnings=[]))
    test = open_page(page)
    assert any("has not ended" in info.value or "no samples yet" in info.value for info in test.info)


def test_the_overview_shows_metrics_with_intervals_and_what_is_missing(run: RunFolder, open_page: Open) -> None:
    test = open_page("overview")
    assert [warning.value for warning in test.warning] == [
        "1 task not run · 1 metric not computed · 1 item not scored · 2 warnings"
    ]
    primary = next(table for table in tables(test) if "boolq/accuracy" in table.get("Metric", []))
    # 16 of 24: statsmodels' proportion_confint(16, 24, method="wilson") gives 0.467 and 0.820.
    assert primary["Value"][0] == "0.667"
    assert primary["Interval"][0] == "0.467 to 0.820"
    assert primary["Value"][-1] == "—"
    assert primary["Note"][-1] == "no answer had a number"
    assert any(table.get("Task") == ["gsm8k"] for table in tables(test))
    assert any(table.get("Verdict") == ["INCONCLUSIVE", "INCONCLUSIVE"] for table in tables(test))
    assert "partial" in every_markdown(test)


def test_a_verdict_on_other_metrics_is_called_so(run: RunFolder, open_page: Open) -> None:
    run.write_metrics(run.read_metrics()[:2])
    test = open_page("overview", run=sealed(run).path.name)
    assert any("reached on other metrics" in warning.value for warning in test.warning)
    assert not any("Verdict" in table for table in tables(test))


def test_the_overview_follows_the_run_folder(run: RunFolder, open_page: Open) -> None:
    """What is cached is forgotten when the file changes."""
    test = open_page("overview")
    run.write_metrics([metric for metric in run.read_metrics() if metric.metric != "exact_match"])
    test = drawn(test.run())
    assert not any("asdiv/exact_match" in table.get("Metric", []) for table in tables(test))


def test_ratings_appear_with_their_interval(run: RunFolder, settings: Settings, open_page: Open) -> None:
    rating = open_page("rate")
    rate_as(rating, "ada", "evals/boolq")
    for label in ("Good", "Fair"):
        drawn(button(rating, label).click().run())
    ratings = next(table for table in tables(open_page("overview")) if "Mean (1 to 5)" in table)
    assert (ratings["Task"], ratings["Mean (1 to 5)"], ratings["Raters"]) == (["boolq"], ["3.50"], [1])


def test_the_newest_run_is_shown_first_and_another_by_its_address(
    run: RunFolder, runs: Path, make_manifest: Any, open_page: Open
) -> None:
    newer = "20260202T000000Z-other-ffffff"
    RunFolder.create(runs, make_manifest(newer, status="running", not_run=[], warnings=[]))
    assert open_page("overview").selectbox(key="pick_run").value == newer
    assert open_page("overview", run=run.path.name).selectbox(key="pick_run").value == run.path.name
    lost = open_page("overview", run="nothing_of_*this*_name")
    assert any(r"nothing\_of\_\*this\*\_name" in warning.value for warning in lost.warning)


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


def test_the_error_analysis_of_a_task_can_be_read(run: RunFolder, open_page: Open) -> None:
    test = open_page("samples")
    drawn(test.selectbox(key="errors_task").set_value("evals/boolq").run())
    assert "Error rate" in [heading.value for heading in test.subheader]
    (chart,) = test.get("vega_lite_chart") or test.get("arrow_vega_lite_chart")
    assert "plants (n = 12)" in chart.proto.spec


def test_a_sample_is_found_by_its_address(run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open) -> None:
    wanted = by_task["boolq"][7]
    test = open_page("sample", run=run.path.name, task="boolq", sample=wanted.sample_id)
    assert [code.value for code in test.code] == [wanted.prompt, wanted.output, wanted.reference]
    drawn(button(test, "Next").click().run())
    assert by_task["boolq"][8].prompt in [code.value for code in test.code]
    assert test.query_params["sample"] == by_task["boolq"][8].sample_id
    drawn(button(test, "Previous").click().run())
    assert wanted.prompt in [code.value for code in test.code]


def test_an_address_that_leads_nowhere_is_told(run: RunFolder, open_page: Open) -> None:
    test = open_page("sample", task="no_such_task", sample="0" * 16)
    assert any(r"no task no\_such\_task" in warning.value for warning in test.warning)
    assert any("no sample 0000000000000000" in warning.value for warning in test.warning)


def test_the_best_explanation_is_shown_and_the_others_are_folded(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    sample = by_task["boolq"][0]
    stored = {one.method: one for one in run.read_attributions() if one.sample_id == sample.sample_id}
    swapped = {"occlusion": "do not believe", "attention_rollout": "weak"}
    for method, verdict in swapped.items():
        run.write_attribution(stored[method].model_copy(update={"verdict": verdict}))
    test = open_page("sample", task="boolq", sample=sample.sample_id)
    methods = [text.value for text in test.markdown if text.value in {"**occlusion**", r"**attention\_rollout**"}]
    assert methods == [r"**attention\_rollout**", "**occlusion**"]
    folded = {fold.label: fold for fold in test.expander}
    assert [label for label in folded if "·" in label] == ["occlusion · do not believe"]
    assert "**occlusion**" in [text.value for text in folded["occlusion · do not believe"].markdown]
    assert not folded["occlusion · do not believe"].proto.expanded


def test_a_sample_without_an_explanation_names_the_command_that_makes_one(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    samples = [sample.model_copy(update={"options": [" yes", " no"]}) for sample in by_task["boolq"]]
    reasoned = samples[2].model_copy(update={"thinking": "A fox is one."})
    run.write_samples("evals", "boolq", [*samples[:2], reasoned, by_task["boolq"][3]])

    def page(place: int) -> tuple[str, list[str]]:
        test = open_page("sample", task="boolq", sample=samples[place].sample_id)
        told = next((text.value for text in test.caption if text.value.startswith("This sample")), "")
        return told, [code.value for code in test.code if code.value.startswith("audit explain")]

    assert page(0) == ("", [])  # it is explained
    told, commands = page(1)
    assert told.endswith("This command explains it:")
    assert commands == [f"audit explain --run {run.path} --sample {samples[1].sample_id}"]
    told, commands = page(2)
    assert "cannot be explained: its answer comes after a reasoning trace" in told
    assert commands == []
    assert page(3) == ("This sample was not explained: a run explains a few of each task.", [])


def test_attributions_are_shown_with_their_belief(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    test = open_page("sample", task="boolq", sample=by_task["boolq"][0].sample_id)
    shown = every_markdown(test)
    assert all(word in shown for word in ("occlusion", r"attention\_rollout", "believable", "do not believe"))
    # The strongest feature of the fixture, 5/3 nats, gets the fullest colour for and against.
    assert 'class="p5" title="+1.667 nats"' in every_html(test)
    assert 'class="n5" title="−1.667 nats"' in every_html(test)
    # Both methods have the same values in the fixture.
    assert "Methods beside each other: mean rank agreement 1.00" in shown
    assert "Rank agreement of the methods" in every_html(test)


def test_the_sample_page_tells_what_would_change_the_choice(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    sample = by_task["boolq"][0]
    made = next(a for a in run.read_attributions() if a.sample_id == sample.sample_id)
    change = Counterfactual(change="removal", features=(1,), after=" maybe", proof="smallest", context_ids=(1,))
    search = CounterfactualSearch(answer=" no", found=[change], complete=0, evaluations=9)
    run.write_attribution(made.model_copy(update={"counterfactual": search}))
    test = open_page("sample", task="boolq", sample=sample.sample_id)
    told = f"Without “{made.features[1].text}” it would choose “maybe” instead of “no” (no smaller set does)."
    assert told in [text.value for text in test.text]


def test_the_overview_shows_drivers_and_hidden_words_when_asked_for(run: RunFolder, open_page: Open) -> None:
    assert "What drives answers" not in every_markdown(open_page("overview"))
    common: dict[str, Any] = {"kind": "word", "samples": 8, "mean_value": 0.5, "mean_rank": 0.9, "p": 0.001}
    tested = [Driver(name="nurse", q=0.01, **common), Driver(name="vile", q=0.02, hidden=True, **common)]
    run.write_drivers(
        Drivers(method="occlusion", asked=9, groups=[DrivenAnswers(answers="error", samples=9, tested=tested)])
    )
    test = open_page("overview")
    assert "Errors: 9 samples; 2 words tested, 2 found to drive them." in [text.value for text in test.text]

    def words() -> list[str]:
        return next(table["Word or part"] for table in tables(test) if "Word or part" in table)

    assert words() == ["nurse"]
    drawn(test.toggle(key="show_drivers").set_value(True).run())
    assert words() == ["nurse", "vile"]


@pytest.mark.parametrize("page", ["overview", *SCRIPTS])
def test_hostile_text_never_becomes_markup(
    page: str, run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    sample = by_task["asdiv"][0]
    test = open_page(page, task="evals/asdiv", sample=sample.sample_id)
    if page == "rate":
        rate_as(test, "ada", "evals/asdiv")
        while sample.prompt.split()[0] not in "".join(code.value for code in test.code):
            drawn(button(test, "Skip").click().run())
    for markup in ("<script", "<img", "![pixel]", ":red[", "$x^2$", "**bold**", "\x1b", "\u202e"):
        assert markup not in every_markdown(test)
    for markup in ("<script", "<img", "\x1b", "\u202e"):
        assert markup not in every_html(test)
    literal = [element.value for kind in (test.code, test.text) for element in kind]
    assert not any(character in text for text in literal for character in "\x1b\u202e")
    if page != "samples":
        assert any("<script>" in text for text in literal)


def test_a_huge_output_is_cut_in_the_middle_and_says_so(
    run: RunFolder, by_task: dict[str, list[Sample]], open_page: Open
) -> None:
    huge = by_task["asdiv"][1]
    assert huge.output is not None
    shown = max((code.value for code in open_page("sample", task="asdiv", sample=huge.sample_id).code), key=len)
    assert len(shown) < 21_000
    assert f"{len(huge.output) - 20_000:,} characters left out" in shown


@pytest.mark.parametrize("page", ["samples", "sample", "rate"])
def test_text_of_safety_tasks_is_hidden_until_asked_for(page: str, run: RunFolder, open_page: Open) -> None:
    test = open_page(page, task="safety/toxicity")
    if page == "rate":
        rate_as(test, "ada", "safety/toxicity")
        assert button(test, "Bad").disabled

    def text() -> str:
        cells = [str(cell) for table in tables(test) for column in table.values() for cell in column]
        literal = [element.value for kind in (test.code, test.text) for element in kind]
        return "\n".join([*cells, *literal, every_markdown(test), every_html(test)])

    assert "vile" not in text()
    if page == "samples":  # a table is no place to ask for one text
        assert not [button for button in test.button if button.label == "Show it"]
        return
    drawn(button(test, "Show it").click().run())
    assert "vile prompt" in text()
    if page == "rate":
        drawn(button(test, "Bad").click().run())
        assert "vile" not in text()  # the next one is asked for anew


def test_rating_writes_a_row_and_shows_the_next_output(run: RunFolder, settings: Settings, open_page: Open) -> None:
    test = open_page("rate")
    assert not test.code
    rate_as(test, " ada ", "evals/boolq")
    before = test.code[0].value
    drawn(test.text_area[0].set_value("a <b>comment</b>").run())
    drawn(button(test, "Good").click().run())
    assert test.code[0].value != before
    (row,) = read_all(settings.database_url)
    assert (row.rater, row.rating, row.comment, row.task, row.run_id) == (
        "ada",
        4,
        "a <b>comment</b>",
        "boolq",
        run.read_manifest().run_id,
    )
    assert next(s.prompt for s in run.read_samples("evals", "boolq") if s.sample_id == row.sample_id) == before


def test_a_name_is_chosen_once_shown_and_kept_in_its_first_spelling(
    run: RunFolder, settings: Settings, open_page: Open
) -> None:
    test = open_page("rate")
    assert not [one for one in test.button if one.label in rate.SCALE.values()]  # no key rates before there is a name
    rate_as(test, "Ada Lovelace", "evals/boolq")
    assert not test.text_input
    assert "Rating as **Ada Lovelace**" in every_markdown(test)
    drawn(button(test, "Good").click().run())
    drawn(button(test, "Change name").click().run())
    rate_as(test, " ada  LOVELACE", "evals/boolq")
    assert "Rating as **Ada Lovelace**" in every_markdown(test)
    assert any(bar.proto.text.startswith("1 of 24 rated") for bar in test.get("progress"))
    drawn(button(test, "Good").click().run())
    assert [row.rater for row in read_all(settings.database_url)] == ["Ada Lovelace"] * 2


def test_a_name_of_spaces_starts_nothing(run: RunFolder, open_page: Open) -> None:
    test = open_page("rate")
    test.text_input(key="rater_box").set_value("  ")
    drawn(button(test, "Start").click().run())
    assert test.text_input
    assert not test.code


def test_several_presses_on_one_output_are_one_rating(
    run: RunFolder, settings: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Presses that come before the page is drawn again reach the callback with what was drawn last."""
    saved = rate._save
    monkeypatch.setattr(rate, "_save", lambda *about: [saved(*about) for _ in range(3)])
    test = open_page("rate")
    rate_as(test, "ada", "evals/boolq")
    drawn(button(test, "Good").click().run())
    assert len(read_all(settings.database_url)) == 1


def test_an_output_that_has_only_just_appeared_is_not_rated(
    run: RunFolder, settings: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = open_page("rate")
    rate_as(test, "ada", "evals/boolq")
    before = test.code[0].value
    monkeypatch.setattr(rate, "LEAST_SECONDS", 3600.0)
    drawn(button(test, "Good").click().run())
    assert any("only just appeared" in warning.value for warning in test.warning)
    assert (test.code[0].value, read_all(settings.database_url)) == (before, [])
    monkeypatch.setattr(rate, "LEAST_SECONDS", 0.0)
    drawn(button(test, "Good").click().run())
    assert len(read_all(settings.database_url)) == 1
    assert not test.warning


def test_a_saved_rating_is_confirmed_and_can_be_undone(run: RunFolder, settings: Settings, open_page: Open) -> None:
    test = open_page("rate")
    rate_as(test, "ada", "evals/boolq")
    before = test.code[0].value
    drawn(test.text_area[0].set_value("too short").run())
    drawn(button(test, "Poor").click().run())
    assert any("2 · Poor" in caption.value.replace("\\", "") for caption in test.caption)
    drawn(button(test, "Undo").click().run())
    assert test.code[0].value == before
    assert [(row.rating, row.withdrawn) for row in read_all(settings.database_url)] == [(2, True)]
    assert any(bar.proto.text.startswith("0 of 24 rated") for bar in test.get("progress"))
    assert not [one for one in test.button if one.label == "Undo"]
    assert test.text_area[0].value == "too short"
    drawn(button(test, "Skip").click().run())
    assert test.code[0].value != before  # one that is no longer rated is skipped like any other
    drawn(button(test, "Very good").click().run())
    assert [row.rating for row in read_latest(settings.database_url, run.read_manifest().run_id)] == [5]


def test_back_shows_the_earlier_rating_and_comment(run: RunFolder, settings: Settings, open_page: Open) -> None:
    test = open_page("rate")
    rate_as(test, "ada", "evals/boolq")
    drawn(test.text_area[0].set_value("too short").run())
    drawn(button(test, "Poor").click().run())
    drawn(button(test, "Back").click().run())
    assert any("rated before: 2 · Poor" in caption.value.replace("\\", "") for caption in test.caption)
    assert test.text_area[0].value == "too short"


def test_back_rates_again_and_skip_comes_last(run: RunFolder, settings: Settings, open_page: Open) -> None:
    test = open_page("rate")
    rate_as(test, "ada", "evals/asdiv")
    first = [code.value for code in test.code]
    drawn(button(test, "Skip").click().run())
    second = [code.value for code in test.code]
    assert second != first
    drawn(button(test, "Poor").click().run())
    drawn(button(test, "Back").click().run())
    assert [code.value for code in test.code] == second
    drawn(button(test, "Very good").click().run())
    assert [row.rating for row in read_all(settings.database_url)] == [2, 5]
    assert len({row.sample_id for row in read_all(settings.database_url)}) == 1
    for _ in range(2):
        assert [code.value for code in test.code] != first
        drawn(button(test, "Fair").click().run())
    assert [code.value for code in test.code] == first
    drawn(button(test, "Bad").click().run())
    assert any("All of these outputs are rated" in success.value for success in test.success)
    assert len(read_all(settings.database_url)) == 5


def test_the_rating_page_shows_no_score_and_no_reference(run: RunFolder, open_page: Open) -> None:
    test = open_page("rate")
    rate_as(test, "ada", "evals/boolq")
    assert len(test.code) == 2
    assert tables(test) == []
    shown = every_markdown(test).lower()
    assert not any(word in shown for word in ("confidence", "reference", "score 0", "score 1"))


def test_a_rating_that_cannot_be_written_is_told_and_stays_open(
    run: RunFolder, settings: Settings, open_page: Open, runs: Path
) -> None:
    test = open_page("rate")
    rate_as(test, "ada", "evals/boolq")
    before = test.code[0].value
    (runs / "ratings.sqlite").mkdir()
    drawn(button(test, "Good").click().run())
    assert any("ratings" in error.value for error in test.error)
    (runs / "ratings.sqlite").rmdir()
    drawn(test.run())
    assert test.code[0].value == before
    assert read_all(settings.database_url) == []


def test_settings_travel_by_the_environment(settings: Settings) -> None:
    assert type(settings).from_environment() == settings
    assert os.environ["AUDIT_APP_DATABASE"] == settings.database_url


def test_every_status_and_verdict_has_a_colour() -> None:
    from typing import get_args

    from audit.core.records import Status, Verdict

    assert set(overview.STATUS_COLOURS) == set(get_args(Status))
    assert set(overview.VERDICT_COLOURS) == set(get_args(Verdict))


def test_a_broken_checkpoint_is_said_and_nothing_is_drawn(
    settings: Settings, runs: Path, open_page: Open, make_manifest: Callable[..., Any]
) -> None:
    manifest = make_manifest(
        "20260301T120000Z-broken-0a1b2c", status="failed", broken="it computes NaN from layer 2 on"
    )
    folder = RunFolder.create(runs, manifest)
    for metrics in (False, True):
        if metrics:
            folder.write_metrics([])
        sealed(folder)
        test = open_page("overview", run=folder.path.name)
        assert "it computes NaN from layer 2 on" in "".join(error.value for error in test.error).replace("\\", "")
        assert "resume" not in every_markdown(test)


@pytest.mark.parametrize("page", ["sample", "rate"])
def test_reasoning_is_folded_and_hidden_with_its_sample(page: str, run: RunFolder, open_page: Open) -> None:
    for suite, task in (("evals", "boolq"), ("safety", "toxicity")):
        samples = run.read_samples(suite, task)  # type: ignore[arg-type] # a suite
        told = [one.model_copy(update={"thinking": "**First** <b>guess</b>: 12."}) for one in samples]
        run.write_samples(suite, task, told)  # type: ignore[arg-type] # as above
    test = open_page(page, task="evals/boolq")
    if page == "rate":
        test = rate_as(test, "Ann", "evals/boolq")
    (fold,) = [fold for fold in test.expander if "Reasoning" in fold.label]
    assert fold.label == "Reasoning before the output, 27 characters"
    assert not fold.proto.expanded
    assert [code.value for code in fold.code] == ["**First** <b>guess</b>: 12."]
    assert "guess" not in every_markdown(test) + every_html(test)
    test = open_page(page, task="safety/toxicity")
    if page == "rate":
        test = rate_as(test, "Ann", "safety/toxicity")
    assert not [fold for fold in test.expander if "Reasoning" in fold.label]
    drawn(button(test, "Show it").click().run())
    assert [fold.label for fold in test.expander if "Reasoning" in fold.label]


def rate_as(test: AppTest, name: str, task: str) -> AppTest:
    test.text_input(key="rater_box").set_value(name)
    drawn(button(test, "Start").click().run())
    return drawn(test.multiselect(key="rate_tasks_box").set_value([task]).run())


def test_reasoning_is_searched(run: RunFolder, open_page: Open) -> None:
    samples = run.read_samples("evals", "boolq")
    samples[3] = samples[3].model_copy(update={"thinking": "A rare word: okapi."})
    run.write_samples("evals", "boolq", samples)
    test = open_page("samples")
    box = next(box for box in test.text_input if box.label == "Text")
    drawn(box.set_value("OKAPI").run())
    assert any(caption.value.startswith("1 of ") for caption in test.caption)


def test_cut_answers_stand_below_the_metric(run: RunFolder, open_page: Open) -> None:
    metrics = run.read_metrics()
    accuracy = next(one for one in metrics if one.name == "boolq/accuracy" and one.primary)
    bound = {"primary": False, "ci_low": None, "ci_high": None, "note": None}
    more = [
        accuracy.model_copy(update={**bound, "name": f"boolq/{name}", "metric": name, "value": value, "unit": unit})
        for name, value, unit in (
            ("truncated_outputs", 2.0, "count"),
            ("accuracy_if_cut_wrong", 0.625, "share"),
            ("accuracy_if_cut_right", 0.75, "share"),
        )
    ]
    run.write_metrics([*metrics, *more])
    said = [caption.value for caption in open_page("overview").caption if "cut" in caption.value]
    assert [text.replace("\\", "") for text in said] == [
        "boolq/accuracy: 2 of 24 answers cut by the token limit: 0.625 if all are wrong, 0.750 if all are right"
    ]


def test_runs_of_one_minute_are_not_mixed_up(
    settings: Settings, runs: Path, open_page: Open, make_manifest: Callable[..., Any]
) -> None:
    """Streamlit finds the chosen option by its label: with equal labels a click anywhere led to the namesake."""
    names = [f"20260301T12000{second}Z-twin-{digest}" for second, digest in ((1, "0a1b2c"), (2, "3d4e5f"))]
    for name in names:
        RunFolder.create(runs, make_manifest(name)).write_metrics([])
    for name in names:
        box = open_page("overview", run=name).selectbox(key="pick_run")
        assert len(set(box.options)) == len(box.options)
        assert box.value == name
