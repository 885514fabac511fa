"""Which project a page is about, and its guidelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.ratings.projects.asking import of_one_run
from audit.ratings.projects.making import create, write_guidelines
from audit.ratings.projects.project import ProjectPlan
from tests.app.drawn import button, drawn
from tests.app.pages.test_rate import as_rater
from tests.ratings.projects.made import made_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings

    Open = Callable[..., AppTest]


def test_without_a_project_the_page_says_how_to_make_one(settings: AppSettings, open_page: Open) -> None:
    test = as_rater(open_page("rate"))
    assert "audit ratings assign" in test.code[0].value


def test_only_projects_of_the_reader_can_be_chosen(settings: AppSettings, open_page: Open) -> None:
    made_in(settings.database_url, 1)
    for name, who in (("mine", "Ann"), ("others", "Zoe")):
        plan = ProjectPlan(made_by="Root", questions=of_one_run())
        create(settings.database_url, name, plan, roles={who: ["rater"]})
    test = as_rater(open_page("rate", project="mine"))
    assert test.selectbox[0].options == ["mine", "p"]
    assert test.selectbox[0].value == "mine"
    drawn(test.selectbox[0].set_value("p").run())
    assert test.query_params["project"] == "p"


@pytest.mark.slow
def test_guidelines_fold_once_read_until_they_change(settings: AppSettings, open_page: Open) -> None:
    made_in(settings.database_url, 1)
    test = as_rater(open_page("rate"))
    assert test.expander[0].proto.expanded
    drawn(button(test, "I have read them").click().run())
    assert not test.expander[0].proto.expanded
    assert not as_rater(open_page("rate")).expander[0].proto.expanded
    write_guidelines(settings.database_url, "p", "Root", "Be fair and quick.")
    drawn(test.run())
    assert test.expander[0].label == "Guidelines, version 2"
    assert test.expander[0].proto.expanded
