"""Drafts: what was begun is there in another session, and of nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.app import drafts

if TYPE_CHECKING:
    import pytest


def test_a_draft_is_kept_by_place_until_it_is_sent() -> None:
    place = ("sqlite://", "p", "ada", 1, False)
    drafts.draft_of(place, {"rating": 2}, "before").comment = "begun"
    assert drafts.draft_of(place, {}, "").comment == "begun"
    assert drafts.draft_of(place).answers == {"rating": 2}
    assert drafts.draft_of((*place[:2], "bob", *place[3:])).comment == ""
    drafts.forget(place)
    assert drafts.draft_of(place).comment == ""


def test_the_oldest_drafts_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST", 1)
    drafts.draft_of(("one",)).comment = "first"
    drafts.draft_of(("two",))
    assert drafts.draft_of(("one",)).comment == ""


def test_guidelines_are_read_by_version() -> None:
    assert not drafts.is_read(("p", "ada", 1))
    drafts.mark_read(("p", "ada", 1))
    assert drafts.is_read(("p", "ada", 1))
    assert not drafts.is_read(("p", "ada", 2))
