"""What no page could have sent counts as no message, whatever it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.app import filters, links, messages
from audit.app.elements.rating.spans import read_marks
from audit.ratings.projects.asking import SpanMarking
from audit.reports.browsing.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable

FORGED: list[Any] = [
    None, True, 7, -1, 1.5, float("nan"), "", "x" * 100_000, "\ud800", [], [[]], [7, 8, 9], ["1"], {}, {"rows": 3},
    {"rows": ["0"]}, {"rows": [True]}, {"rows": [5]}, [{"start": 0}], [{"start": "0", "end": 1, "label": 0}],
    [{"start": 0, "end": 1, "label": 2}], [{"start": 3, "end": 3, "label": 0}], [{"start": 0, "end": 99, "label": 0}],
    [{"start": 0, "end": 1, "label": -1}], [{"start": 0, "end": 1, "label": 0}, "x"],
]  # fmt: skip


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    state: dict[str, Any] = {}
    monkeypatch.setattr(messages.st, "session_state", state)
    monkeypatch.setattr(messages.st, "query_params", {})
    return state


def test_a_value_that_is_not_offered_is_no_message(session: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[tuple[object, ...]] = []
    monkeypatch.setattr(messages.LOG, "info", lambda *said: logged.append(said))
    offered = messages.one_of(["0:1", "0:2"])
    session["rows"] = {"opened": "0:2"}
    assert messages.received("rows", "opened", offered) == "0:2"
    assert messages.received("rows", "sorted", offered) is None
    assert not logged, "nothing was sent"
    for number, sent in enumerate(FORGED[1:], 1):
        session["rows"] = {"opened": sent}
        assert messages.received("rows", "opened", offered) is None
        assert len(logged) == number
    assert {said[1:] for said in logged} == {("rows.opened",)}, "never what was sent"
    for state in (None, 3, "x", []):
        session["rows"] = state
        assert messages.received("rows", "opened", offered) is None


def test_marks_that_the_script_cannot_have_made_are_left_out() -> None:
    one = SpanMarking(name="marks", text="Which?", labels=["good", "bad"])
    good = [{"start": 0, "end": 4, "label": 1}]
    stored = [{"start": 0, "end": 4, "label": "bad", "side": "a"}]
    assert messages.accepted(good, lambda sent: read_marks(sent, "a", one, 4), "marks") == stored
    for sent in FORGED:
        expected = [] if sent == [] else None
        assert messages.accepted(sent, lambda sent: read_marks(sent, "a", one, 4), "marks") == expected, sent


def test_callbacks_stand_every_message(session: dict[str, Any]) -> None:
    callbacks: dict[str, Callable[[], None]] = {
        "pick_run": lambda: links._picked("run", "pick_run", ["a"]),
        "filter_scores": lambda: filters._scores_changed(0.0, 1.0),
    }
    for key, callback in callbacks.items():
        for sent in FORGED:
            session[key] = sent
            callback()
    assert links.chosen("run") is None
    assert links.chosen("sample") is None


def test_a_range_of_scores_is_kept_to_the_one_that_is_offered(
    session: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[float | None, float | None]] = []
    monkeypatch.setattr(links, "selection", Selection)
    monkeypatch.setattr(links, "keep", lambda wanted: kept.append((wanted.low, wanted.high)))
    for sent in ([math.nan, math.nan], [0.5, math.nan], [0.8, 0.2], ["0.1", "0.9"], [None, 1.0]):
        session["filter_scores"] = sent
        filters._scores_changed(0.0, 1.0)
        assert not kept, sent
    for sent in ((0.25, 1.0), (-3.0, 0.5), (0.5, math.inf), (10**400, 10**400)):
        session["filter_scores"] = sent
        filters._scores_changed(0.0, 1.0)
    assert kept == [(0.25, None), (None, 0.5), (0.5, None), (1.0, None)]


def test_a_forged_order_or_result_is_left_out(session: dict[str, Any]) -> None:
    session["filter_sort"] = "no such column"
    filters._changed("sort")
    session["filter_result"] = "no such result"
    filters._changed("result")
    assert session["chosen_selection"] == Selection()
