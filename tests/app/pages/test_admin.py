"""The page of the admins: roles, projects, the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.app.pages.admin import MEANINGS
from audit.ratings.access.app_events import log_look
from audit.ratings.access.app_roles import app_roles, give_app_role
from audit.ratings.projects.roles import ROLES
from tests.app.drawn import button, drawn, tables
from tests.app.test_access import claims
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings

    Open = Callable[..., AppTest]


def said(test: AppTest) -> str:
    return "\n".join(one.value for kind in (test.success, test.error) for one in kind).replace("\\", "")


@pytest.mark.slow
def test_an_admin_gives_and_takes_roles(
    settings: AppSettings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIT_APP_LOGIN", "1")
    url = settings.database_url
    give_app_role(url, "root", "ada@host.test", "admin", at_machine=True)
    test = open_page("admin", user=claims())
    test.text_input(key="admin_name").set_value(" Bob@host.test ")
    test.selectbox(key="admin_role_box").set_value("rater")
    drawn(button(test, "Give").click().run())
    assert said(test) == "Bob@host.test is rater now."
    assert app_roles(url, "bob@host.test") == {"rater"}
    assert {"Person": ["ada@host.test", "Bob@host.test"], "Roles": ["admin", "rater"]} in tables(test)
    drawn(button(test, "Take").click().run())
    assert app_roles(url, "bob@host.test") == frozenset()
    test.text_input(key="admin_name").set_value("bob")
    assert "Give an email address" in said(drawn(button(test, "Give").click().run()))
    test.text_input(key="admin_name").set_value("ada@host.test")
    test.selectbox(key="admin_role_box").set_value("admin")
    assert "last admin" in said(drawn(button(test, "Take").click().run()))
    give_app_role(url, "root", "cem@host.test", "admin", at_machine=True)
    drawn(button(test, "Take").click().run())
    assert [title.value for title in test.title] == ["No access"], "the page closes for who is admin no more"


@pytest.mark.slow
def test_the_log_is_filtered_and_projects_are_counted(settings: AppSettings, open_page: Open) -> None:
    url = settings.database_url
    project = made_in(url, 2, raters=1)
    project.rate_all("Ann", rating=4)
    log_look(url, "vera@host.test", "opened", {"page": "overview", "run": "a_run"})
    test = open_page("admin")
    assert any("Sign-in is off" in info.value for info in test.info)
    projects = next(table for table in tables(test) if "Project" in table)
    assert (projects["Items"], projects["Answers"], projects["Done"]) == (["2"], ["2 of 2"], ["100 %"])
    assert projects["People"] == ["1 viewer, 4 raters, 1 adjudicator, 1 admin"]

    def log() -> list[tuple[str, str, str]]:
        found = next(table for table in tables(test) if "Where" in table)
        return list(zip(found["Who"], found["What"], found["Where"], strict=True))

    assert ("ann", "answered", f"project p · item {project.items[0].id}") in log()
    test.multiselect(key="admin_kinds").set_value(["opened"])
    drawn(test.selectbox(key="admin_person").set_value("vera@host.test").run())
    assert log() == [("vera@host.test", "opened", "overview · a_run")]
    drawn(test.text_input(key="admin_text").set_value("another").run())
    assert any("Nothing fits" in caption.value for caption in test.caption)


def test_every_role_has_a_meaning() -> None:
    assert set(MEANINGS) == set(ROLES)
