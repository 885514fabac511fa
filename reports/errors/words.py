"""What an error analysis found, in sentences that card, app and Markdown share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import counted, estimate_text, number

if TYPE_CHECKING:
    from audit.reports.errors.answers import AnswerRow, AnswerTable
    from audit.reports.errors.found import FoundGroup, GroupSearch

MOST_KINDS = 8


def search_lines(search: GroupSearch, quantity: str, unit: str) -> list[str]:
    """What was searched for groups, with what result, and what could not be.

    Args:
        search: The search.
        quantity: What groups are compared by.
        unit: Its unit.
    """
    if search.too_few:
        lines = [f"Not searched for groups with another {quantity}: {search.too_few}."]
    else:
        lines = [_result(search, quantity), _scope(search, unit)]
    return [*lines, *(f"Not searched: {reason}." for reason in search.left_out)]


def _result(search: GroupSearch, quantity: str) -> str:
    if not search.groups:
        return f"No group of samples has another {quantity} than the rest, beyond chance."
    alike = f" {search.alike} more hold but are smaller, or have nearly the same samples." if search.alike else ""
    verb = "has" if len(search.groups) == 1 else "have"
    return (
        f"{counted(len(search.groups), 'group')} of samples {verb} another {quantity} than the rest."
        f" The chance of any false one is at most 5 %; the groups overlap.{alike}"
    )


def _scope(search: GroupSearch, unit: str) -> str:
    kinds = ", ".join(kind.replace("_", " ") for kind in search.kinds[:MOST_KINDS])
    more = f" and {len(search.kinds) - MOST_KINDS} more" if len(search.kinds) > MOST_KINDS else ""
    of = f" of {search.of:,}" if search.of > search.n else ""
    power = ""
    if search.detectable is not None:
        power = (
            f" A group of a quarter of the samples is found with 80 % power if it differs by {_rough(search, unit)}."
        )
    return f"Compared: {counted(search.tested, 'group')} of {search.n:,}{of} samples, by {kinds}{more}.{power}"


def _rough(search: GroupSearch, unit: str) -> str:
    found = search.detectable or 0.0
    return f"{found:.2f}" if unit in {"share", "probability"} else number(found, unit)


def group_label(group: FoundGroup) -> str:
    """``prompt length: 12 to 31 tokens``."""
    return f"{group.by.replace('_', ' ')}: {group.name}"


def answer_lines(table: AnswerTable) -> list[str]:
    """Which answers are given more often than they are right; that none is, where none is."""
    lines = [_dominating(row, table) for row in table.rows if row.dominates]
    if lines:
        return lines
    what = "position" if table.of.startswith("position") else "answer"
    return [f"No {what} is given more often than it is right, beyond chance ({counted(table.n, 'sample')})."]


def _dominating(row: AnswerRow, table: AnswerTable) -> str:
    """As in ``37 of 40 answers are “no”, which is right for 17 of 40: given more often than right, by 0.500 …``."""
    ends = row.difference
    label = f"“{row.label}”" if table.of == "answer" else row.label
    share = (row.given - row.right) / table.n
    difference = estimate_text(share, ends.low if ends else None, ends.high if ends else None, "share")
    return (
        f"{row.given:,} of {table.n:,} answers are {label}, which is right for {row.right:,} of {table.n:,}: given more"
        f" often than right, by {difference} of all answers; {p_text(row.p_value)}, adjusted for {len(table.rows)}"
        " answers."
    )


def p_text(p_value: float) -> str:
    """``p = 0.031``, ``p < 0.001``."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
