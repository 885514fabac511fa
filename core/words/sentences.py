"""One sentence on what a value shows.

The kind of reference decides the rule:

=================================  =========================================================================
chance level, higher is better     better than guessing, worse, or not shown to be better
chance level, otherwise            more than guessing explains, less, or not shown to exceed it
majority answer alone              better than always giving that answer, worse, or not shown to be better
ideal that is a target             above or below the ideal, or no deviation shown
ideal that is the best value       how much of the harm was found; if none, how much may have been missed
none                               value and interval; nothing is called good or bad
p-value                            evidence where it is small; where it is large, that this proves nothing
=================================  =========================================================================

A claim rests on an interval that lies on one side of the reference. An interval that holds it never proves equality.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import ABSENT, REASON_LIMIT, counted
from audit.core.text import printable
from audit.core.units import P_VALUE, SHARE_SCALES, unit_of
from audit.core.words.figures import Figures, figures
from audit.core.words.grade import LEVEL, side
from audit.core.words.titles import BETTER, metric_title, quoted

if TYPE_CHECKING:
    from audit.core.records import Metric

FEW = 30
"""Fewer items than this are mentioned: a claim that rests on them is easily overturned."""


def sentence(metric: Metric, *, narrow: bool = False) -> str:
    """What the value of a metric shows, in one sentence.

    Args:
        metric: Any; also one without a value.
        narrow: Whether the run was looked at while it went on, so that its interval is too narrow: nothing is claimed.
    """
    if metric.value is None:
        return f"Not computed: {printable(metric.error or 'no reason given', REASON_LIMIT).removesuffix('.')}."
    shown = figures(metric)
    if narrow:
        return _unsure(metric, shown.value, "the interval is too narrow to rely on")
    if metric.unit == P_VALUE:
        return _tested(metric, shown)
    known = metric.ideal is not None or metric.chance is not None or metric.majority is not None
    if shown.interval == ABSENT and known:
        return _unsure(metric, shown.value, "there is no interval to say how sure this is")
    return _against(metric, shown)


def _against(metric: Metric, shown: Figures) -> str:
    """What a value with its interval shows against its reference."""
    if metric.ideal is not None:
        return _target(metric, shown) if metric.higher_is_better is None else _harm(metric, shown)
    if metric.chance is not None:
        return _capability(metric, shown) if metric.higher_is_better else _leak(metric, shown)
    return _constant(metric, shown) if metric.majority is not None else _plain(metric, shown)


def _tested(metric: Metric, shown: Figures) -> str:
    """What a p-value says: a small one is evidence, a large one is none, for neither side."""
    words = metric.words
    if float(metric.value or 0.0) <= LEVEL:
        return f"{printable((words and words.above) or 'More than chance explains', 160)}: p = {shown.value}."
    within = printable((words and words.within) or "No more than chance explains is shown", 160)
    return f"{within}: p = {shown.value}. A large p-value proves nothing."


def _capability(metric: Metric, shown: Figures) -> str:
    """Against guessing and, where it is the higher bar, against always giving the same answer."""
    chance, guess = float(metric.chance or 0.0), _guess(metric)
    above = side(metric, chance)
    higher = metric.majority is not None and metric.majority > chance
    against = side(metric, metric.majority) if higher and metric.majority is not None else 1
    start = {1: "Better than", 0: "Not shown to be better than", -1: "Worse than"}[above]
    end = f"{shown.estimate}"
    always = f"always answering {quoted(metric)} ({shown.majority})"
    if higher and above > 0:
        bar = {1: f" and than {always}", 0: f", not shown to be better than {always}", -1: f", worse than {always}"}
        return f"Better than {guess} ({shown.chance}){bar[against]}: {end}."
    if higher and above == 0 and against < 0:
        return f"Not shown to be better than {guess} ({shown.chance}), worse than {always}: {end}."
    return f"{start} {guess}{_few(metric)}: {end}, where {guess} gives {shown.chance}."


def _leak(metric: Metric, shown: Figures) -> str:
    """Against guessing, where more is worse or where neither end is good."""
    guess, words = _guess(metric), metric.words
    above = side(metric, float(metric.chance or 0.0))
    said = {
        1: (words and words.above) or f"More than {guess} explains",
        0: (words and words.within) or f"Not shown to exceed {guess}",
        -1: (words and words.below) or f"Less than {guess} gives",
    }[above]
    return f"{printable(str(said), 120)}{_few(metric)}: {shown.estimate}, where {guess} gives {shown.chance}."


def _constant(metric: Metric, shown: Figures) -> str:
    """Against always giving the same answer, where the value of guessing is not known."""
    above = side(metric, float(metric.majority or 0.0)) * (1 if metric.higher_is_better else -1)
    start = {1: "Better than", 0: "Not shown to be better than", -1: "Worse than"}[above]
    return f"{start} always answering {quoted(metric)}: {shown.estimate}, where that gives {shown.majority}."


def _target(metric: Metric, shown: Figures) -> str:
    """Against an ideal that a value can miss on both sides."""
    words = metric.words
    away = side(metric, float(metric.ideal or 0.0))
    said = {
        1: (words and words.above) or "Above the ideal",
        0: (words and words.within) or "No deviation from the ideal shown",
        -1: (words and words.below) or "Below the ideal",
    }[away]
    return f"{printable(str(said), 120)}{_few(metric)}: {shown.estimate}, where {shown.ideal} is ideal."


def _harm(metric: Metric, shown: Figures) -> str:
    """How much was found of what should not be there; where nothing was, how much may have been missed."""
    phrase = _phrase(metric)
    if phrase is None:
        return f"{metric_title(metric)}: {shown.estimate}, where {shown.ideal} is ideal."
    if metric.value == metric.ideal == 0 and metric.higher_is_better is False:
        if not metric.ci_high:
            return f"None found{_few(metric)}: {shown.value} {phrase}."
        most = shown.interval.rpartition(" to ")[2]
        return f"None found{_few(metric)}: {shown.value} {phrase}; about {most} is not ruled out."
    return f"{shown.estimate} {phrase}; ideally {'none' if metric.ideal == 0 else shown.ideal}."


def _plain(metric: Metric, shown: Figures) -> str:
    """A value without a reference."""
    phrase, better = _phrase(metric), BETTER[metric.higher_is_better]
    if metric.unit == "count" and shown.interval == ABSENT and 0 <= float(metric.value or 0) <= metric.n:
        return f"{metric_title(metric)}: {shown.value} of {metric.n:,}."
    start = f"{shown.estimate} {phrase}" if phrase else f"{metric_title(metric)}: {shown.estimate}"
    return f"{start}; {better}." if better else f"{start}."


def _unsure(metric: Metric, value: str, why: str) -> str:
    """A value that supports no claim."""
    phrase = _phrase(metric)
    return f"{value} {phrase}; {why}." if phrase else f"{metric_title(metric)}: {value}; {why}."


def _phrase(metric: Metric) -> str | None:
    """What a share is of; None where the value is no share or the words are not known."""
    is_share = unit_of(metric.unit).name in SHARE_SCALES
    return printable(metric.words.of, 160) if is_share and metric.words and metric.words.of else None


def _guess(metric: Metric) -> str:
    return printable(metric.words.guess, 40) if metric.words else "guessing"


def _few(metric: Metric) -> str:
    return f" (only {counted(metric.n, 'item')})" if metric.n < FEW else ""
