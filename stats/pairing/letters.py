"""Who is tied with whom: letters that summarise all pairwise comparisons of several runs."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ALPHABET = string.ascii_lowercase + string.ascii_uppercase
"""One letter per group."""


def tied_groups(order: Sequence[int], different: Collection[tuple[int, int]]) -> list[frozenset[int]]:
    """The largest groups of which no two members differ.

    The insert-and-absorb algorithm of Piepho 2004, "An Algorithm for a Letter-Based Representation of All-Pairwise
    Comparisons", Journal of Computational and Graphical Statistics 13:456, section 2, without its sweep, as R's
    ``multcompView`` has it: one group of all; each pair that differs splits every group into two, one without either; a
    group inside another is dropped, so that a group which did not hold both stays as it was.

    Args:
        order: Every member once; groups are sorted by their first members in it.
        different: Pairs that differ, in either order.
    """
    groups = [frozenset(order)]
    for first, second in different:
        split = [group - {gone} for group in groups for gone in (first, second)]
        groups = [
            group
            for place, group in enumerate(split)
            if not any(group < other for other in split) and group not in split[:place]
        ]
    places = {member: place for place, member in enumerate(order)}
    return sorted(groups, key=lambda group: sorted(places[member] for member in group))


def letters(order: Sequence[int], different: Collection[tuple[int, int]]) -> dict[int, str] | None:
    """A compact letter display: two members share a letter if and only if they do not differ.

    Args:
        order: Every member once; the first one has an ``a``.
        different: Pairs that differ.

    Returns:
        The letters of each member; None if there are more groups than letters.
    """
    groups = tied_groups(order, different)
    if len(groups) > len(ALPHABET):
        return None
    return {
        member: "".join(letter for letter, group in zip(ALPHABET, groups, strict=False) if member in group)
        for member in order
    }
