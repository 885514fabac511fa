"""What the reader looks at: the address wins where it was changed, the session remembers the rest."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest

from tests.app.drawn import drawn


def _page() -> None:
    import streamlit as st

    from audit.app import links

    st.text(links.pick("task", "Task", ["evals/asdiv", "evals/boolq"]))


def _leaving() -> None:
    import streamlit as st

    from audit.app import links

    links.leave_out("task")
    st.text(str(links.chosen("task")))


def opened(page: Any, **query: str) -> AppTest:
    test = AppTest.from_function(page, default_timeout=300)
    for name, value in query.items():
        test.query_params[name] = value
    return drawn(test.run())


def test_the_address_chooses_and_may_leave_out_the_suite() -> None:
    assert opened(_page).text[0].value == "evals/asdiv"
    assert opened(_page, task="evals/boolq").text[0].value == "evals/boolq"
    assert opened(_page, task="boolq").text[0].value == "evals/boolq"
    assert opened(_page, task="no_such_task").text[0].value == "evals/asdiv"


def test_a_choice_is_in_the_address_and_a_changed_address_wins_over_it() -> None:
    test = opened(_page)
    drawn(test.selectbox(key="pick_task").set_value("evals/boolq").run())
    assert test.text[0].value == "evals/boolq"
    assert test.query_params["task"] == ["evals/boolq"] or test.query_params["task"] == "evals/boolq"
    test.query_params["task"] = "evals/asdiv"
    assert drawn(test.run()).text[0].value == "evals/asdiv"


def test_what_a_page_leaves_out_of_the_address_is_remembered() -> None:
    test = opened(_leaving, task="boolq")
    assert test.text[0].value == "boolq"
    assert "task" not in test.query_params
