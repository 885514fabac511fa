"""Every page for everybody: who sees it, and that nobody else learns anything of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.app.menu import ENTRIES
from audit.ratings.access.app_roles import give_app_role, take_app_role
from tests.app.drawn import every_html, every_markdown, tables
from tests.app.test_access import claims

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
