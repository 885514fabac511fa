"""The points of the annexes, against their numbering in the Official Journal."""

from __future__ import annotations

from audit.reports.exports.documentation import FACTS
from audit.reports.exports.eu_annexes import ANNEX_IV, ANNEX_XI_1, ANNEX_XI_2, ANNEXES


def letters(point: int, last: str) -> list[str]:
    """``1(a)`` to ``1(h)``, after the point itself."""
    return [str(point), *(f"{point}({chr(code)})" for code in range(ord("a"), ord(last) + 1))]


def test_points_are_numbered_as_in_the_official_journal() -> None:
    numbers = [[point.number for point in annex.points] for annex in (ANNEX_IV, ANNEX_XI_1, ANNEX_XI_2)]
    assert numbers[0] == [*letters(1, "h"), *letters(2, "h"), "3", "4", "5", "6", "7", "8", "9"]
    assert numbers[1] == [*letters(1, "f"), *letters(2, "e")]
    assert numbers[2] == ["1", "2", "3"]


def test_every_fact_has_words_and_is_asked_for() -> None:
    asked = {fact for annex in ANNEXES for point in annex.points for fact in point.facts}
    assert asked == set(FACTS)


def test_what_no_audit_can_know_is_left_to_the_provider() -> None:
    """Training, risk management, standards, conformity and the market are none of an audit's business."""
    blank = {point.number for point in ANNEX_IV.points if not point.facts}
    assert {"2(b)", "2(d)", "2(e)", "2(f)", "5", "6", "7", "8", "9"} <= blank
    assert {"2(b)", "2(d)", "2(e)"} <= {point.number for point in ANNEX_XI_1.points if not point.facts}
