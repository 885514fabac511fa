"""Numbers and untrusted text as a reader sees them: one place for digits, intervals and escapes."""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from audit.core.text import printable
from audit.core.units import unit_of

if TYPE_CHECKING:
    from datetime import timedelta

    from audit.core.records import Metric, MetricDifference, SeriesMetric

ABSENT = "—"
REASON_LIMIT = 10_000
"""Maximum characters of a reason or warning: it ends with what to do, so nothing real is cut."""
DIRECTIONS = {
    True: ("↑", "higher is better"),
    False: ("↓", "lower is better"),
    None: ("·", "neither end is good"),
}
DIRECTION_KEY = ", ".join(f"{mark} {words}" for mark, words in DIRECTIONS.values())
"""Key to the direction marks, shown below a table."""
KEPT_CONTROLS = "\n\t"
HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn"}


def number(value: float | None, unit: str = "score", *others: float) -> str:
    """A value with the digits that suit its unit; ``—`` for null.

    Args:
        value: The number.
        unit: A unit of :class:`audit.core.records.Metric`; others get four significant digits.
        others: Numbers shown with it whose digits it should match, such as the ends of its interval.
    """
    if value is None or not math.isfinite(value):
        return ABSENT
    decimals = unit_of(unit).digits(value, *filter(math.isfinite, others))
    shown = f"{value:z,.{decimals}f}" if decimals is not None else f"{value:,.4g}"
    return shown.replace("-", "−")


def signed(value: float, unit: str) -> str:
    """A change: ``+0.210`` or ``−0.250``, with the digits of :func:`number`; no sign where these are all zero."""
    text = number(value, unit)
    return f"+{text}" if value > 0 and any(digit in "123456789" for digit in text) else text


def percent(share: float) -> str:
    """A share in whole percent: ``47 %``."""
    return f"{100 * share:.0f} %"


def estimate(value: float | None, low: float | None, high: float | None, unit: str = "score") -> tuple[str, str]:
    """A value and its interval, with the same digits: ``0.627`` and ``0.447 to 0.741``; ``—`` for what is missing."""
    known = [one for one in (value, low, high) if one is not None]
    no_ends = low is None or high is None
    ends = ABSENT if no_ends else f"{number(low, unit, *known)} to {number(high, unit, *known)}"
    return number(value, unit, *known), ends


def estimate_text(value: float | None, low: float | None, high: float | None, unit: str = "score") -> str:
    """``0.627 (0.447 to 0.741)``, or the value alone where it has no interval."""
    shown, ends = estimate(value, low, high, unit)
    return shown if low is None or high is None else f"{shown} ({ends})"


def interval(low: float | None, high: float | None, unit: str = "score") -> str:
    """``0.447 to 0.741``; ``—`` when an end is missing. Next to its value it is from :func:`estimate`."""
    return estimate(None, low, high, unit)[1]


def no_interval_text(metric: Metric) -> str:
    """``no interval: all items share one cluster``; empty where there is an interval or no reason is known."""
    return f"no interval: {printable(metric.no_interval, REASON_LIMIT)}" if metric.no_interval else ""


def counted(count: int, noun: str) -> str:
    """``1 rating``, ``1,200 ratings``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def unit_text(unit: str | None, higher_is_better: bool | None) -> str:
    """Unit and direction in a table: ``share ↑``; empty without a unit."""
    return f"{printable(unit, 40)} {DIRECTIONS[higher_is_better][0]}" if unit else ""


def reading(unit: str, higher_is_better: bool | None) -> str:
    """How to read a value, for a tooltip: ``probability (0 to 1); higher means more likely; lower is better``."""
    found = unit_of(unit)
    means = [f"higher means {found.higher}"] if found.higher else []
    return "; ".join([printable(found.title, 60), *means, DIRECTIONS[higher_is_better][1]])


def slice_text(subset: dict[str, str] | None) -> str:
    """``bias_type=gender, kind=intrasentence``; empty for all items. Control characters are shown."""
    return printable(", ".join(f"{key}={value}" for key, value in sorted((subset or {}).items())), limit=80)


def metric_label(metric: Metric | MetricDifference | SeriesMetric) -> str:
    """``task/metric`` and, in brackets, the slice; safe to print."""
    where = slice_text(metric.slice)
    return printable(metric.name, limit=80) + (f" [{where}]" if where else "")


def prompt_text(tokens: int, context: int | None) -> str:
    """``812 tokens in``, and how many of them were read: a prompt that is too long loses its beginning.

    Args:
        tokens: Of the whole prompt.
        context: Context length of the checkpoint if the prompt was cut; None if all of it was read.
    """
    cut = f", at most the last {min(tokens, context):,} of them read" if context is not None else ""
    return f"{counted(tokens, 'token')} in{cut}"


def size_text(size: int) -> str:
    """Bytes in the largest decimal unit that leaves at least one: ``91.7 MB``."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def duration_text(span: timedelta | None) -> str:
    """``4 min 12 s``; ``—`` if the run has not ended."""
    if span is None:
        return ABSENT
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def parameters_text(count: int) -> str:
    """``134.5 M`` or ``7.2 B``; ``unknown`` for 0, because servers do not report it."""
    if count == 0:
        return "unknown"
    if count >= 1_000_000_000:
        return f"{count / 1e9:.1f} B"
    return f"{count / 1e6:.1f} M" if count >= 1_000_000 else f"{count:,}"


def visible(text: str | None, head: int = 900, tail: int = 900) -> Markup:
    """Untrusted text as HTML that cannot act, or hide or reorder what surrounds it.

    Markup is escaped. Control, format (bidirectional overrides, zero-width), surrogate and unassigned
    characters become a visible code point. What is longer than ``head + tail`` loses its middle, and says so:
    the end of a prompt holds the question, so both ends are kept.

    Args:
        text: What a checkpoint or a data set said; null shows as ``—``.
        head: Characters kept at the start.
        tail: Characters kept at the end.
    """
    if text is None:
        return Markup('<span class="absent">—</span>')
    if len(text) <= head + tail:
        return _shown(text)
    left_out = len(text) - head - tail
    marker = Markup('<span class="cut"> … {} characters left out … </span>').format(f"{left_out:,}")
    return _shown(text[:head]) + marker + _shown(text[len(text) - tail :] if tail else "")


class _Visible(dict[int, str]):
    """Translation table that shows hidden characters by code point; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        hidden = character not in KEPT_CONTROLS and unicodedata.category(character) in HIDDEN_CATEGORIES
        name = unicodedata.name(character, "control character")
        self[code] = f'<span class="control" title="{name}">U+{code:04X}</span>' if hidden else character
        return self[code]


_VISIBLE = _Visible()


def _shown(text: str) -> Markup:
    """Escape, then show what is hidden: names of characters hold letters, digits and dashes alone."""
    return Markup(str(escape(text)).translate(_VISIBLE))  # noqa: S704 - escaped in this line
