"""The page that asks for ratings, drawn by Streamlit without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import streamlit as st

from audit.app import access, stored
from audit.app.elements.rating import keys
from audit.app.frame import INVALID_BLIND, _mark
from audit.app.pages import rate_run as rate
from audit.ratings import drawing, read_all, read_latest
from tests.app.conftest import OLDER
from tests.app.drawn import button, drawn, every_html, every_markdown, rate_as, tables
from tests.gate.sequential.conftest import looks
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]


@pytest.mark.slow
def test_rating_writes_a_row_and_shows_the_next_output(run: RunFolder, settings: AppSettings, open_page: Open) -> None:
    test = open_page("rate_run")
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


@pytest.mark.slow
def test_a_name_is_chosen_once_shown_and_kept_in_its_first_spelling(
    run: RunFolder, settings: AppSettings, open_page: Open
) -> None:
    test = open_page("rate_run")
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


@pytest.mark.slow
def test_a_random_sample_is_what_the_gate_draws(run: RunFolder, open_page: Open) -> None:
    test = open_page("rate_run")
    rate_as(test, "ada", "evals/boolq")
    assert test.number_input[0].label == "Random sample per task"  # so that of two tasks six are asked for
    drawn(test.number_input[0].set_value(3).run())
    assert any(bar.proto.text.startswith("0 of 3 rated") for bar in test.get("progress"))
    seen = set()
    for _ in range(3):
        seen.add(test.code[0].value)
        drawn(button(test, "Skip").click().run())
    wanted = drawing.drawn(run.read_samples("evals", "boolq"), run.read_manifest().run_id, 3)
    assert seen == {sample.prompt for sample in wanted}
    assert not test.warning


@pytest.mark.slow
def test_a_sample_of_a_run_that_stopped_early_is_called_another_than_the_gates(run: RunFolder, open_page: Open) -> None:
    run.write_manifest(run.read_manifest().model_copy(update={"looks": looks(24, 100, "boolq")}))
    test = open_page("rate_run", run=sealed(run).path.name)
    rate_as(test, "ada", "evals/boolq")
    assert not test.warning
    drawn(test.number_input[0].set_value(3).run())
    assert [one.value.startswith("boolq") for one in test.warning] == [True]


def test_a_name_of_spaces_starts_nothing(run: RunFolder, open_page: Open) -> None:
    test = open_page("rate_run")
    test.text_input(key="rater_box").set_value("  ")
    drawn(button(test, "Start").click().run())
    assert test.text_input
    assert not test.code


def test_several_presses_on_one_output_are_one_rating(
    run: RunFolder, settings: AppSettings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Presses that come before the page is drawn again reach the callback with what was drawn last."""
    saved = rate._save
    monkeypatch.setattr(rate, "_save", lambda *about: [saved(*about) for _ in range(3)])
    test = open_page("rate_run")
    rate_as(test, "ada", "evals/boolq")
    drawn(button(test, "Good").click().run())
    assert len(read_all(settings.database_url)) == 1


@pytest.mark.slow
def test_an_output_that_has_only_just_appeared_is_not_rated(
    run: RunFolder, settings: AppSettings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = open_page("rate_run")
    rate_as(test, "ada", "evals/boolq")
    before = test.code[0].value
    monkeypatch.setattr(keys, "LEAST_SECONDS", 3600.0)
    drawn(button(test, "Good").click().run())
    assert any("only just appeared" in warning.value for warning in test.warning)
    assert (test.code[0].value, read_all(settings.database_url)) == (before, [])
    monkeypatch.setattr(keys, "LEAST_SECONDS", 0.0)
    drawn(button(test, "Good").click().run())
    assert len(read_all(settings.database_url)) == 1
    assert not test.warning


@pytest.mark.slow
def test_a_saved_rating_is_confirmed_and_can_be_undone(run: RunFolder, settings: AppSettings, open_page: Open) -> None:
    test = open_page("rate_run")
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


@pytest.mark.slow
def test_back_shows_the_earlier_rating_and_comment(run: RunFolder, settings: AppSettings, open_page: Open) -> None:
    test = open_page("rate_run")
    rate_as(test, "ada", "evals/boolq")
    drawn(test.text_area[0].set_value("too short").run())
    drawn(button(test, "Poor").click().run())
    drawn(button(test, "Back").click().run())
    assert any("rated before: 2 · Poor" in caption.value.replace("\\", "") for caption in test.caption)
    assert test.text_area[0].value == "too short"


@pytest.mark.slow
def test_back_rates_again_and_skip_comes_last(run: RunFolder, settings: AppSettings, open_page: Open) -> None:
    test = open_page("rate_run")
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
    test = open_page("rate_run")
    rate_as(test, "ada", "evals/boolq")
    assert len(test.code) == 2
    assert tables(test) == []
    shown = every_markdown(test).lower()
    assert not any(word in shown for word in ("confidence", "reference", "score 0", "score 1"))


@pytest.mark.slow
def test_a_rating_that_cannot_be_written_is_told_and_stays_open(
    run: RunFolder, settings: AppSettings, open_page: Open, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "log", lambda *_, **__: True)  # there is no database yet
    test = open_page("rate_run")
    rate_as(test, "ada", "evals/boolq")
    before = test.code[0].value
    (runs / "ratings.sqlite").mkdir()
    drawn(button(test, "Good").click().run())
    assert any("ratings" in error.value for error in test.error)
    (runs / "ratings.sqlite").rmdir()
    drawn(test.run())
    assert test.code[0].value == before
    assert read_all(settings.database_url) == []


@pytest.mark.slow
@pytest.mark.usefixtures("older")
def test_nothing_says_which_checkpoint_wrote_the_text(run: RunFolder, open_page: Open) -> None:
    """Neither page, sidebar nor address; a link with the name of the run leads to its outputs all the same."""
    samples = run.read_samples("evals", "boolq")
    named = [one.model_copy(update={"output": "I am SmolLM2-135M-Instruct."}) for one in samples]
    run.write_samples("evals", "boolq", named)
    manifest = run.read_manifest()
    sealed(run)
    test = open_page("rate_run", run=run.path.name)
    rate_as(test, "ada", "evals/boolq")
    mark = _mark(run.path.name)
    assert test.query_params["set"] in (mark, [mark])
    box = test.selectbox(key="blind_box")
    literal = [one.value for kind in (test.code, test.text) for one in kind]
    told = "\n".join(
        [every_markdown(test), every_html(test), *literal, *box.options, str(test.query_params)]
    ).casefold()
    assert "i am █" in told
    for name in (run.path.name, manifest.run_id, manifest.model.name, "smollm", OLDER):
        assert name.casefold() not in told, name
    first = test.code[0].value
    again = open_page("rate_run", set=mark)
    rate_as(again, "ada", "evals/boolq")
    assert again.code[0].value == first
    other = next(one for one in sorted(map(_mark, (run.path.name, OLDER))) if one != mark)
    drawn(again.selectbox(key="blind_box").select(other).run())
    assert again.query_params["set"] in (other, [other])
    assert "not in this folder" in open_page("rate_run", set="0" * 8).error[0].value


def test_samples_that_break_once_the_run_was_checked_do_not_name_it(
    run: RunFolder, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "fault", lambda _run: None)
    run.samples_path("evals", "boolq").write_bytes(b"broken")
    test = rate_as(open_page("rate_run"), "ada", "evals/boolq")
    assert [one.value for one in test.error] == [INVALID_BLIND]


@pytest.mark.parametrize("sent", [-5, float("nan"), 1e308, True, "9", 10**12])
def test_a_number_that_the_page_does_not_offer_is_not_kept(sent: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "session_state", {rate.DRAW_BOX_KEY: sent, rate.DRAW_KEY: 50})
    rate._keep_draw()
    assert st.session_state[rate.DRAW_KEY] == 50
