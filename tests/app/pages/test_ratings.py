"""The page with the results of a rating project: to each role what it may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.app.drawn import drawn, every_markdown, tables
from tests.app.pages.test_adjudicate import disagreed
from tests.app.pages.test_rate import as_rater
from tests.ratings.projects.made import made_in

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
    assert dict(zip(raters["rater"], raters["answered"], strict=True)) == {"Ann": 2, "Bob": 2, "Cem": 0, "Dee": 0}
    # By hand, interval: pairs (1, 5) and (3, 3); Do = 16/2 = 8, De = mean squared distance of 1, 5, 3, 3 = 16/3.
    by_name = dict(zip(agreement["agreement"], agreement["value"], strict=True))
    assert by_name["krippendorff (interval)"] == "-0.500"
    # Without a question for a preference there is nothing for DPO.
    labels = [one.proto.label for one in test.get("download_button")]
    assert labels == ["Answers (CSV)", "Events (JSON Lines)", "Labels for training (JSON Lines)"]


def test_a_viewer_sees_which_run_is_preferred_and_no_export(settings: AppSettings, open_page: Open) -> None:
    made = made_in(settings.database_url, 3, raters=2, pairs=True)
    made.rate_all("Ann", preference="a")
    made.rate_all("Bob", preference="tie")
    test = drawn(as_rater(open_page("ratings"), "Vera"))
    assert "Bradley–Terry" in every_markdown(test)
    assert sorted(tables(test)[2]["run"]) == ["run-1", "run-2"]
    assert not test.get("download_button")
