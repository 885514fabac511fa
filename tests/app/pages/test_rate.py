"""The page on which raters answer the items of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.app.elements.rating import keys
from audit.app.pages import rate
from audit.ratings.database import reading
from audit.ratings.projects.answers import collect
from audit.ratings.projects.asking import FreeText, LabelChoice, LikertScale, SpanMarking
from audit.ratings.projects.events import read_events
from audit.ratings.projects.making import add_items
from audit.ratings.projects.rating import own_answers
from tests.app.conftest import HOSTILE
from tests.app.drawn import button, drawn, every_html, every_markdown, rows_tables
from tests.ratings.projects.made import content, made_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings

    Open = Callable[..., AppTest]


def as_rater(test: AppTest, name: str = "Ann") -> AppTest:
    test.text_input(key="rater_box").set_value(name)
    return drawn(button(test, "Start").click().run())


def answers(url: str) -> list[dict[str, Any]]:
    with reading(url) as connection:
        return [about.by_rater for about in collect(connection, 1)]


def kinds(url: str) -> list[str]:
    with reading(url) as connection:
        return [event.kind for event in read_events(connection, 1)]


def test_one_press_answers_and_the_next_item_comes_until_none_is_left(settings: AppSettings, open_page: Open) -> None:
    made_in(settings.database_url, 2, raters=1, hidden_names=["secretive-9b"])
    test = as_rater(open_page("rate", project="p", run="20260101-secretive-9b"))
    assert test.query_params == {"project": "p"}
    assert "Be fair." in [code.value for code in test.code]
    first = [code.value for code in test.code]
    test.text_area[0].set_value(HOSTILE)
    drawn(button(test, "very good").click().run())
    assert [code.value for code in test.code] != first
    assert "Saved: rating 5" in every_markdown(test).replace("\\", "")
    drawn(button(test, "3").click().run())
    assert [one.value for one in test.success] == ["Nothing is left for you here. Thank you."]
    assert sorted(one["ann"]["rating"] for one in answers(settings.database_url)) == [3, 5]
    assert {one.comment for one in own_answers(settings.database_url, "p", "ann")} == {HOSTILE, ""}


@pytest.mark.slow
def test_a_press_counts_once_and_not_at_once(
    settings: AppSettings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_in(settings.database_url, 2, raters=1)
    test = as_rater(open_page("rate"))
    send = rate._send
    monkeypatch.setattr(rate, "_send", lambda *about, **more: [send(*about, **more) for _ in range(3)])
    drawn(button(test, "3").click().run())
    assert kinds(settings.database_url).count("answered") == 1
    monkeypatch.setattr(keys, "LEAST_SECONDS", 3600.0)
    drawn(button(test, "3").click().run())
    assert "had only just appeared" in test.error[0].value
    assert kinds(settings.database_url).count("answered") == 1


@pytest.mark.slow
def test_several_questions_are_sent_together_and_what_was_begun_survives_a_reload(
    settings: AppSettings, open_page: Open
) -> None:
    questions = [
        LikertScale(name="good", text="How **good**?"),
        LabelChoice(name="faults", text="Faults", labels=["<b>facts</b>", "tone"], several=True),
        FreeText(name="better", text="Better"),
        SpanMarking(name="wrong", text="Wrong words", labels=["wrong"]),
    ]
    made = made_in(settings.database_url, 0, raters=1, questions=questions)
    outputs = [content(1).outputs[0].model_copy(update={"text": f"{HOSTILE} \ud800 \x00"})]
    add_items(made.url, "p", "Root", [content(1, prompt=f"{HOSTILE} {'word ' * 50_000}", outputs=outputs)])
    test = as_rater(open_page("rate"))
    assert "<script>" not in every_html(test)
    assert "evil.example" not in every_markdown(test)
    assert "How \\*\\*good\\*\\*\\?" in every_markdown(test)
    (spans,) = rows_tables(test)
    assert "".join(word["text"] for word in spans["words"]).startswith("<script>document.title")
    drawn(button(test, "4").click().run())
    drawn(button(test, "tone").click().run())
    test.text_area[0].set_value("A *better* answer")
    drawn(test.run())
    again = as_rater(open_page("rate"), " ANN ")  # a reload makes a new session
    assert again.text_area[0].value == "A *better* answer"
    drawn(button(again, "Submit").click().run())
    (found,) = answers(settings.database_url)
    assert found["ann"] == {"good": 4, "faults": ["tone"], "better": "A *better* answer", "wrong": []}


def test_a_missing_answer_is_said_and_the_item_stays(settings: AppSettings, open_page: Open) -> None:
    questions = [LikertScale(name="good", text="How good?"), LikertScale(name="kind", text="How kind?", points=2)]
    made_in(settings.database_url, 1, questions=questions)
    test = as_rater(open_page("rate"))
    drawn(button(test, "Submit").click().run())
    assert "good" in test.error[0].value
    assert answers(settings.database_url) == [{}]


@pytest.mark.slow
def test_skip_and_flag_need_a_reason(settings: AppSettings, open_page: Open) -> None:
    made_in(settings.database_url, 2, raters=1)
    test = as_rater(open_page("rate"))
    drawn(button(test, "Skip").click().run())
    assert "say why" in test.error[0].value
    test.text_input[0].set_value("not mine")
    drawn(button(test, "Skip").click().run())
    test.text_input[0].set_value("empty")
    drawn(button(test, "Flag: it cannot be rated").click().run())
    assert [kind for kind in kinds(settings.database_url) if kind in {"skipped", "flagged"}] == ["skipped", "flagged"]


def test_hidden_text_is_shown_by_a_press_that_is_written_down(settings: AppSettings, open_page: Open) -> None:
    made = made_in(settings.database_url, 0, raters=1)
    add_items(made.url, "p", "Root", [content(1, may_offend=True)])
    test = as_rater(open_page("rate"))
    assert "answer 1" not in [code.value for code in test.code]
    assert button(test, "3").disabled
    drawn(button(test, "Show it").click().run())
    assert "answer 1" in [code.value for code in test.code]
    assert kinds(settings.database_url)[-2:].count("revealed") == 1
    assert not button(test, "3").disabled


@pytest.mark.slow
def test_own_answers_are_listed_and_changed(settings: AppSettings, open_page: Open) -> None:
    made = made_in(settings.database_url, 2, raters=1)
    made.rate_all("Ann", rating=2)
    test = as_rater(open_page("rate"))
    test.session_state[rate.VIEW_KEY] = rate.MINE
    drawn(test.run())
    assert len(rows_tables(test)[0]["rows"]) == 2
    test.session_state[rate.CHANGED_KEY] = made.items[0].id
    drawn(test.run())
    drawn(button(test, "very good").click().run())
    assert [one["ann"]["rating"] for one in answers(settings.database_url)] == [5, 2]
    assert kinds(settings.database_url).count("changed") == 1


def test_two_outputs_are_told_apart_by_side_alone(settings: AppSettings, open_page: Open) -> None:
    made_in(settings.database_url, 1, raters=1, pairs=True)
    test = as_rater(open_page("rate"))
    shown = [code.value for code in test.code]
    drawn(button(test, "A is better").click().run())
    ((mine,),) = [list(one.values()) for one in answers(settings.database_url)]
    first_is_a = shown.index("answer 0") < shown.index("other answer 0")
    assert mine == {"preference": "first" if first_is_a else "second"}


def test_who_is_no_rater_sees_no_item(settings: AppSettings, open_page: Open) -> None:
    made_in(settings.database_url, 1)
    test = as_rater(open_page("rate", project="p"), "Vera")
    assert "does not have the role rater in a project called p" in test.warning[0].value
    assert not [code for code in test.code if "question" in code.value]
    assert "shown" not in kinds(settings.database_url)


@pytest.mark.slow
def test_of_two_windows_the_second_sends_what_it_shows(settings: AppSettings, open_page: Open) -> None:
    asked = [LabelChoice(name="what", text="What?", labels=["rude", "wrong"], several=True)]
    made = made_in(settings.database_url, 1, raters=1, questions=asked)
    windows = [as_rater(open_page("rate")) for _ in range(2)]
    drawn(button(windows[0], "rude").click().run())
    drawn(windows[1].run())
    drawn(button(windows[0], "Submit").click().run())
    drawn(button(windows[1], "Submit").click().run())
    assert "you have answered it already" in windows[1].error[0].value
    for window in windows:
        window.session_state[rate.CHANGED_KEY] = made.items[0].id
        drawn(window.segmented_control(key="rate_view").set_value("My answers").run())
    for window in windows:
        drawn(button(window, "Save change").click().run())
    assert answers(settings.database_url) == [{"ann": {"what": ["rude"]}}]
