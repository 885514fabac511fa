"""Atoms grouped into words, clauses, sentences or lines, or into runs of them, as fine as a limit allows."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from audit.explain.prompt.segments import LEVELS, cuts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.explain.prompt.atoms import Atom

FEWEST = 4
"""A token budget never asks for fewer features than this, and no coarser level with fewer features is taken."""


def coarsest_needed(text: str, atoms: Sequence[Atom], limit: int) -> tuple[str, list[list[Atom]]]:
    """The finest level with at most ``limit`` groups; runs of finer ones where it has too few of them.

    Args:
        text: The prompt.
        atoms: Those that are explained, in order.
        limit: Groups at most.
    """
    finer, fine = LEVELS[0], group_atoms(text, atoms, cuts(text, LEVELS[0]))
    if len(fine) <= limit:
        return finer, fine
    for level in LEVELS[1:]:
        groups = group_atoms(text, atoms, cuts(text, level))
        if min(limit, FEWEST) <= len(groups) <= limit:
            return level, groups
        if len(groups) < limit:
            return f"runs of {finer}", _runs(_inside_of(fine, groups), limit)
        finer, fine = level, groups
    return f"runs of {finer}", _runs([list(part) for part in _unbroken(fine)], limit)


def _inside_of(fine: Sequence[list[Atom]], groups: Sequence[list[Atom]]) -> list[list[list[Atom]]]:
    """Fine groups by the coarser group that they begin in."""
    starts = [group[0].start for group in groups]
    found: dict[int, list[list[Atom]]] = {}
    for group in fine:
        found.setdefault(bisect_right(starts, group[0].start), []).append(group)
    return list(found.values())


def group_atoms(text: str, atoms: Sequence[Atom], starts: Iterable[int]) -> list[list[Atom]]:
    """Atoms by the segment that they belong to; segments that share an atom become one.

    Chat markup is a segment of its own. An atom of white space alone joins the segment before it, the first
    ones the segment behind. No segment reaches over text that belongs to no atom.

    Args:
        text: The prompt.
        atoms: In order.
        starts: Offsets at which segments begin.
    """
    markup = (offset for atom in atoms if atom.markup for offset in (atom.start, atom.end))
    ordered = sorted({*starts, *markup})
    return [group for run in _unbroken([[atom] for atom in atoms]) for group in _group(text, run, ordered)]


def _unbroken(groups: Iterable[list[Atom]]) -> Iterable[list[list[Atom]]]:
    """Stretches of groups that lie next to each other."""
    stretch: list[list[Atom]] = []
    for group in groups:
        if stretch and group[0].start > stretch[-1][-1].end:
            yield stretch
            stretch = []
        stretch.append(group)
    yield stretch


def _group(text: str, stretch: Sequence[list[Atom]], ordered: Sequence[int]) -> list[list[Atom]]:
    """Segments of a stretch of single atoms, cut at the offsets ``ordered``."""
    groups: list[list[Atom]] = []
    early: list[Atom] = []
    reached = -1
    for [atom] in stretch:
        visible = [p for p in range(atom.start, atom.end) if not text[p].isspace()]
        first = bisect_right(ordered, visible[0]) if visible else reached
        if first > reached:
            groups.append([*early, atom])
            early = []
        else:
            (groups[-1] if groups else early).append(atom)
        if visible:
            reached = bisect_right(ordered, visible[-1])
    return groups or [early]


def _runs(stretches: Sequence[Sequence[list[Atom]]], limit: int) -> list[list[Atom]]:
    """Neighbouring groups merged into ``limit`` runs of about equal token count, none over the end of a stretch.

    Args:
        stretches: Groups, more than ``limit`` in all.
        limit: Runs in all; each stretch has one at least.
    """
    sizes = [[sum(len(atom.positions) for atom in group) for group in stretch] for stretch in stretches]
    shares = [1] * len(stretches)
    for _ in range(limit - len(stretches)):
        divisible = (i for i, stretch in enumerate(stretches) if shares[i] < len(stretch))
        shares[max(divisible, key=lambda i: sum(sizes[i]) / shares[i])] += 1
    return [run for i, stretch in enumerate(stretches) for run in _merged(stretch, sizes[i], shares[i])]


def _merged(groups: Sequence[list[Atom]], sizes: Sequence[int], wanted: int) -> list[list[Atom]]:
    """Neighbouring groups merged into ``wanted`` runs, each where the middle of its tokens lies; none is empty."""
    runs: list[list[Atom]] = []
    before = 0
    for index, (group, size) in enumerate(zip(groups, sizes, strict=True)):
        place = int((before + size / 2) * wanted / sum(sizes))
        left = len(groups) - index
        if not runs or (len(runs) < wanted and (place >= len(runs) or left <= wanted - len(runs))):
            runs.append([])
        runs[-1].extend(group)
        before += size
    return runs
