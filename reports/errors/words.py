"""What an error analysis found, in sentences that card, app and Markdown share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import counted, number

if TYPE_CHECKING:
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
