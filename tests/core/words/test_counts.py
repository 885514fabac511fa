"""Words of counts that every suite has."""

from __future__ import annotations

from audit.core.words import counts


def test_each_count_has_its_own_title() -> None:
    words = (counts.WITHOUT_SCORE, counts.CUT_ANSWERS, counts.CUT_PROMPTS, counts.UNREAD_ANSWERS)
    assert len({one.title for one in words}) == 4
