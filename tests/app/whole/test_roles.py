"""Every page for everybody: who sees it, and that nobody else learns anything of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.app.menu import ENTRIES
from audit.app.pages import adjudicate
from audit.ratings import read_all
from audit.ratings.access.app_roles import give_app_role, take_app_role
from audit.ratings.database import reading
from audit.ratings.projects.adjudicating import read_case
from audit.ratings.projects.events import read_events
from audit.ratings.projects.making import add_items
from audit.ratings.projects.roles import give_role
from tests.app.drawn import button, every_html, every_markdown, tables
from tests.app.test_access import claims
from tests.ratings.projects.made import content, made_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings
    from audit.core.run_folder import RunFolder

    Open = Callable[..., AppTest]

OPEN_TO = {
    "rate": {"rater"},
    "adjudicate": {"adjudicator"},
    "ratings": {"viewer", "rater", "adjudicator", "admin"},
    "rate_run": {"rater", "adjudicator"},
    "admin": {"admin"},
}
"""All other pages are the viewers'."""
TELLING = ("smollm2", "20260131", "boolq", "asdiv", "toxicity", "INCONCLUSIVE", "accuracy")
"""What only a run of the folder would tell: checkpoint, run, tasks, verdict, metrics."""


def everything(test: AppTest) -> str:
    """All that was sent to the browser, as far as the tests of pages read it, and every other element as it is."""
    elements = [str(getattr(element, "proto", "")) for element in [*test.main, *test.sidebar]]
    return "\n".join([every_markdown(test), every_html(test), str(tables(test)), *elements])


@pytest.mark.slow
def test_every_page_for_every_role(
    run: RunFolder, settings: AppSettings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    people: dict[str, tuple[set[str], dict[str, Any]]] = {
        **{role: ({role}, claims(f"{role}@host.test")) for role in ("viewer", "rater", "adjudicator", "admin")},
        "nobody": (set(), claims("nobody@host.test")),
        "unverified": ({"viewer", "admin"}, claims("unverified@host.test", email_verified=False)),
        "signed out": (set(), {}),
    }
    monkeypatch.setenv("AUDIT_APP_LOGIN", "1")
    for who, (roles, _) in people.items():
        for role in roles:
            give_app_role(settings.database_url, "root", f"{who}@host.test", role, at_machine=True)
    for entry in ENTRIES:
        for who, (roles, said) in people.items():
            test = open_page(entry.name, user=said, run=run.path.name, task="boolq")
            may = who not in {"unverified", "signed out"} and bool(roles & OPEN_TO.get(entry.name, {"viewer"}))
            door = {"unverified": "Sign in", "signed out": "Sign in"}.get(who, "No access")
            titles = [title.value for title in test.title]
            if entry.of_run and who != "viewer":
                assert titles == [door], (entry.name, who)
            else:
                assert (titles == [door]) is not may, (entry.name, who)
            told = [word for word in TELLING if word in everything(test)]
            if entry.name == "admin" and may:
                assert set(told) <= {"smollm2", "20260131", "boolq"}, (
                    "where people looked, but nothing of what they saw"
                )
            elif who != "viewer":
                assert told == [], (entry.name, who)


def test_a_role_that_was_taken_is_gone_at_once(
    run: RunFolder, settings: AppSettings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_APP_LOGIN", "1")
    give_app_role(settings.database_url, "root", "ada@host.test", "viewer", at_machine=True)
    test = open_page("runs", user=claims())
    assert [title.value for title in test.title] == ["Runs"]
    take_app_role(settings.database_url, "root", "ada@host.test", "viewer", at_machine=True)
    assert [title.value for title in test.run().title] == ["No access"]
    assert "smollm2" not in everything(test)


def test_who_has_no_role_is_told_whom_to_ask(
    settings: AppSettings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_APP_LOGIN", "1")
    give_app_role(settings.database_url, "root", "Ada@host.test", "admin", at_machine=True)
    test = open_page("runs", user=claims("bob@host.test"))
    assert [code.value for code in test.code] == ["Ada@host.test"]
    assert "You have no role in this app yet" in every_markdown(test)
    assert [text.value for text in test.sidebar.text] == ["bob@host.test"]


@pytest.mark.slow
def test_a_press_on_a_page_that_was_drawn_before_the_role_was_taken_writes_and_reads_nothing(
    run: RunFolder, settings: AppSettings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, ada = settings.database_url, "ada@host.test"
    made = made_in(url, 2)
    for who, points in (("Ann", 1), ("Bob", 5)):
        made.rate_all(who, rating=points)
    add_items(url, "p", "Root", [content(9)])
    for role in ("rater", "adjudicator"):
        give_role(url, "p", "Root", ada, role)
    monkeypatch.setenv("AUDIT_APP_LOGIN", "1")
    give_app_role(url, "root", ada, "viewer", at_machine=True)
    case = read_case(url, "p", ada, made.items[0].id)
    for name, role, label in (
        ("rate", "rater", "3"),
        ("rate", "rater", "Skip"),
        ("adjudicate", "adjudicator", "Decide"),
        ("rate_run", "rater", "Good"),
    ):
        give_app_role(url, "root", ada, role, at_machine=True)
        page = open_page(name, user=claims(), **({"project": "p"} if name == "rate" else {"run": run.path.name}))
        if name == "adjudicate":
            page.session_state[adjudicate.CASE_KEY] = (url, "p", ada), "showing", case
            button(page.run(), "3").click().run()
        if label == "Skip":
            page.text_input[0].set_value("a reason")
        take_app_role(url, "root", ada, role, at_machine=True)
        before = written(url)
        assert [title.value for title in button(page, label).click().run().title] == ["No access"], (name, label)
        assert written(url) == before, (name, label)


def written(url: str) -> tuple[list[str], int]:
    """What happened in the project, and how many ratings without project there are."""
    with reading(url) as connection:
        return [event.kind for event in read_events(connection, 1)], len(read_all(url))
