"""Tokens grouped into words, clauses, sentences or lines, or into runs of them, as fine as a limit allows."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from audit.explain.prompt.segments import LEVELS, cuts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audit.explain.prompt.tokens import PromptToken

FEWEST = 4
"""A token budget never asks for fewer features than this, and no coarser level with fewer features is taken."""


def coarsest_needed(text: str, tokens: Sequence[PromptToken], limit: int) -> tuple[str, list[list[PromptToken]]]:
    """The finest level with at most ``limit`` groups; runs of finer ones where it has too few of them.

    Args:
        text: The prompt.
        tokens: Those that are explained, in order.
        limit: Groups at most.
    """
    finer, fine = LEVELS[0], group_tokens(text, tokens, cuts(text, LEVELS[0]))
    if len(fine) <= limit:
        return finer, fine
    for level in LEVELS[1:]:
        groups = group_tokens(text, tokens, cuts(text, level))
        if min(limit, FEWEST) <= len(groups) <= limit:
            return level, groups
        if len(groups) < limit:
            return f"runs of {finer}", _runs(_inside_of(fine, groups), limit)
        finer, fine = level, groups
    return f"runs of {finer}", _runs([list(part) for part in _unbroken(fine)], limit)


def _inside_of(fine: Sequence[list[PromptToken]], groups: Sequence[list[PromptToken]]) -> list[list[list[PromptToken]]]:
    """Fine groups by the coarser group that they begin in."""
    starts = [group[0].start for group in groups]
    found: dict[int, list[list[PromptToken]]] = {}
    for group in fine:
        found.setdefault(bisect_right(starts, group[0].start), []).append(group)
    return list(found.values())


def group_tokens(text: str, tokens: Sequence[PromptToken], starts: Iterable[int]) -> list[list[PromptToken]]:
    """Tokens by the segment that they belong to; segments that share a token become one.

    Chat markup is a separate segment. A token of white space alone joins the segment before it, the first
    ones the segment behind. No segment reaches over text that belongs to no token.

    Args:
        text: The prompt.
        tokens: In order.
        starts: Offsets at which segments begin.
    """
    markup = (offset for token in tokens if token.markup for offset in (token.start, token.end))
    ordered = sorted({*starts, *markup})
    return [group for run in _unbroken([[token] for token in tokens]) for group in _group(text, run, ordered)]


def _unbroken(groups: Iterable[list[PromptToken]]) -> Iterable[list[list[PromptToken]]]:
    """Stretches of groups that lie next to each other."""
    stretch: list[list[PromptToken]] = []
    for group in groups:
        if stretch and group[0].start > stretch[-1][-1].end:
            yield stretch
            stretch = []
        stretch.append(group)
    yield stretch


def _group(text: str, stretch: Sequence[list[PromptToken]], ordered: Sequence[int]) -> list[list[PromptToken]]:
    """Segments of a stretch of single tokens, cut at the offsets ``ordered``."""
    groups: list[list[PromptToken]] = []
    early: list[PromptToken] = []
    reached = -1
    for [token] in stretch:
        visible = [p for p in range(token.start, token.end) if not text[p].isspace()]
        first = bisect_right(ordered, visible[0]) if visible else reached
        if first > reached:
            groups.append([*early, token])
            early = []
        else:
            (groups[-1] if groups else early).append(token)
        if visible:
            reached = bisect_right(ordered, visible[-1])
    return groups or [early]


def _runs(stretches: Sequence[Sequence[list[PromptToken]]], limit: int) -> list[list[PromptToken]]:
    """Neighbouring groups merged into ``limit`` runs of about equal token count, none over the end of a stretch.

    Args:
        stretches: Groups, more than ``limit`` in all.
        limit: Runs in all; each stretch has one at least.
    """
    sizes = [[sum(len(token.positions) for token in group) for group in stretch] for stretch in stretches]
    shares = [1] * len(stretches)
    for _ in range(limit - len(stretches)):
        divisible = (i for i, stretch in enumerate(stretches) if shares[i] < len(stretch))
        shares[max(divisible, key=lambda i: sum(sizes[i]) / shares[i])] += 1
    return [run for i, stretch in enumerate(stretches) for run in _merged(stretch, sizes[i], shares[i])]


def _merged(groups: Sequence[list[PromptToken]], sizes: Sequence[int], wanted: int) -> list[list[PromptToken]]:
    """Neighbouring groups merged into ``wanted`` runs, each where the middle of its tokens lies; none is empty."""
    runs: list[list[PromptToken]] = []
    before = 0
    for index, (group, size) in enumerate(zip(groups, sizes, strict=True)):
        place = int((before + size / 2) * wanted / sum(sizes))
        left = len(groups) - index
        if not runs or (len(runs) < wanted and (place >= len(runs) or left <= wanted - len(runs))):
            runs.append([])
        runs[-1].extend(group)
        before += size
    return runs
