"""The page with the results of a rating project: to each role what it may see."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from audit.app.pages import ratings
from audit.ratings.access.app_roles import give_app_role, take_app_role
from audit.ratings.exchange.table import csv_lines
from audit.ratings.projects.item import RatedOutput
from audit.ratings.projects.making import add_items
from audit.ratings.projects.roles import NotAllowed, give_role
from tests.app.drawn import drawn, every_markdown, tables
from tests.app.pages.test_adjudicate import disagreed
from tests.app.pages.test_rate import as_rater
from tests.ratings.projects.made import content, made_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from audit.app.settings import AppSettings

    Open = Callable[..., AppTest]


def test_a_rater_sees_own_progress_alone(settings: AppSettings, open_page: Open) -> None:
    disagreed(settings.database_url)
    test = as_rater(open_page("ratings"), "Ann")
    (raters,) = tables(test)
    assert raters["rater"] == ["Ann"]
    assert not test.get("download_button")


def test_an_admin_sees_agreement_and_exports(settings: AppSettings, open_page: Open) -> None:
    disagreed(settings.database_url)
    test = as_rater(open_page("ratings"), "Root")
    raters, agreement = tables(test)
    assert dict(zip(raters["rater"], raters["answered"], strict=True)) == {
        "Ann": "2",
        "Bob": "2",
        "Cem": "0",
        "Dee": "0",
    }
    # By hand, interval: pairs (1, 5) and (3, 3); Do = 16/2 = 8, De = mean squared distance of 1, 5, 3, 3 = 16/3.
    by_name = dict(zip(agreement["agreement"], agreement["value (95 % interval)"], strict=True))
    assert by_name["krippendorff (interval)"] == "−0.500"
    # Without a question for a preference there is nothing for DPO.
    labels = [one.proto.label for one in test.get("download_button")]
    assert labels == ["Answers (CSV)", "Events (JSON Lines)", "Labels for training (JSON Lines)"]


@pytest.mark.slow
def test_a_viewer_sees_which_run_is_preferred_and_no_export(settings: AppSettings, open_page: Open) -> None:
    made = made_in(settings.database_url, 3, raters=2, pairs=True)
    made.rate_all("Ann", preference="a")
    made.rate_all("Bob", preference="tie")
    test = drawn(as_rater(open_page("ratings"), "Vera"))
    assert "Bradley–Terry" in every_markdown(test)
    assert sorted(tables(test)[2]["run"]) == ["run-1", "run-2"]
    assert all(
        re.fullmatch(r"−?\d+(\.\d+)? \(−?\d+(\.\d+)? to −?\d+(\.\d+)?\)", one) for one in tables(test)[2]["strength"]
    )
    assert "Too few preferences of any rater to see whether a side is preferred." in [one.value for one in test.text]
    assert not test.get("download_button")


def test_a_strength_without_an_interval_is_no_number(settings: AppSettings, open_page: Open) -> None:
    made = made_in(settings.database_url, 1, raters=2, pairs=True)  # of one item nobody knows how items differ
    made.rate_all("Ann", preference="a")
    made.rate_all("Bob", preference="b")
    test = drawn(as_rater(open_page("ratings"), "Vera"))
    assert (
        tables(test)[2]["strength"]
        == ["no interval: all comparisons are of one prompt, or all had the same result"] * 2
    )


@pytest.mark.slow
def test_metrics_bias_and_drift_stand_in_words(settings: AppSettings, open_page: Open) -> None:
    made = made_in(settings.database_url, 0, raters=2)
    points = [1, 5, 2, 4, 3, 3, 2, 5, 1, 4, 4, 2]
    scored = [
        content(n, outputs=[RatedOutput.of("run-1", f"s{n}", f"t{n}", {"score": one / 5})])
        for n, one in enumerate(points)
    ]
    first = add_items(settings.database_url, "p", "Root", scored)[0].id
    for name, more in (("Ann", 0), ("Bob", -1)):
        while (item := made.next(name)) is not None:
            made.answer(name, item, rating=max(points[item - first] + more, 1))
    said = [one.value for one in as_rater(open_page("ratings"), "Vera").text]
    # Bob is one point stricter on 10 of 12 outputs and the same on 2: 10/12 = 0.83.
    assert any("Ann is milder than the others: 0.8" in text and "Bob is stricter" in text for text in said)
    assert "No rater is shown to become milder or stricter over time." in said
    assert any(text.startswith("Higher where people rate higher: score ") for text in said)


def test_a_file_is_not_made_for_who_lost_every_role_in_the_app(
    settings: AppSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, ada = settings.database_url, "ada@host.test"
    made_in(url, 1)
    give_role(url, "p", "Root", ada, "admin")
    lines = partial(csv_lines, url, "p", ada)
    monkeypatch.setenv("AUDIT_APP_LOGIN", "1")
    give_app_role(url, "root", ada, "viewer", at_machine=True)
    assert ratings._bytes(lines, url, ada).startswith(b"item")
    take_app_role(url, "root", ada, "viewer", at_machine=True)
    with pytest.raises(NotAllowed, match="a role in the app"):
        ratings._bytes(lines, url, ada)
