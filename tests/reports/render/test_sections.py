"""Sections of other packages: rendered like the card's own, and none of them can cost the card."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

import pytest

from audit.reports import contents
from audit.reports.drawing.page import environment
from audit.reports.render import sections
from audit.reports.render.card import render
from audit.reports.render.card_verdict import PLUG_INS

if TYPE_CHECKING:
    from audit.core.run_folder import RunFolder

NOTE = "<section id='note'>{{ manifest.model.name | line }} <{{ '<b>' }}></section>"
MISSPELT = "<p>{{ manifset.model.name }}</p>"
SURROGATE = "<p>{{ '\\ud800' }}</p>"
LARGEST = "<p>{{ 'é' * 99_996 }} </p>"
HALF = "<p>{{ 'e' * 99_993 }}</p>"
LARGER = "<p>{{ 'é' * 99_997 }}</p>"


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three packages: one of them has a section, the others have none that can be shown."""
    values = {"b": f"{__name__}:NOTE", "a": f"{__name__}:MISSPELT", "c": "no_such_module:X"}
    points = [EntryPoint(name, value, sections.GROUP) for name, value in values.items()]
    found: Any = lambda *, group: points if group == sections.GROUP else []  # noqa: E731
    monkeypatch.setattr(sections, "entry_points", found)


@pytest.mark.slow
@pytest.mark.usefixtures("_installed")
def test_the_card_shows_them_and_says_which_broke(shared_run: RunFolder) -> None:
    card = render(contents.read(shared_run))
    assert "<section id='note'>tiny-chat <&lt;b&gt;></section>" in card
    places = [card.index(text) for text in ("(UndefinedError)", "id='note'", "(ModuleNotFoundError)")]
    assert places == sorted(places)  # by name
    assert places[-1] < card.index('id="provenance"')
    assert f"this section of plug-in {__name__} broke (UndefinedError)" in card
    assert PLUG_INS in card  # so that the gate renders it again


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SURROGATE", "broke (UnicodeEncodeError)"),
        ("LARGER", "would make all plug-in sections larger than 200,000 bytes"),
        ("LARGEST", None),
    ],
)
def test_none_can_keep_the_card_from_being_written(text: str, why: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A section may have 200,000 bytes: here 7 of tags, two for each é, and one space."""
    points = [EntryPoint("theirs", f"{__name__}:{text}", sections.GROUP)]
    found: Any = lambda *, group: points  # noqa: E731
    monkeypatch.setattr(sections, "entry_points", found)
    [section] = sections.sections(environment(), {})
    assert len(section.encode()) <= 200_000
    said = f"<p>Not shown: this section of plug-in {__name__} {why}.</p>" if why else "ééé"
    assert said in section


def test_the_limit_is_one_for_all_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [EntryPoint(name, f"{__name__}:HALF", sections.GROUP) for name in "abc"]
    found: Any = lambda *, group: points  # noqa: E731
    monkeypatch.setattr(sections, "entry_points", found)
    shown = ["Not shown" not in section for section in sections.sections(environment(), {})]
    assert shown == [True, True, False]


@pytest.mark.slow
def test_without_packages_there_is_none(shared_run: RunFolder) -> None:
    card = render(contents.read(shared_run))
    assert "Not shown: this section" not in card
    assert PLUG_INS not in card
