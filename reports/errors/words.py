"""What an error analysis found, in sentences that card, app and Markdown share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import ABSENT, counted, estimate_text, number, percent
from audit.core.text import printable
from audit.core.units import unit_of

if TYPE_CHECKING:
    from audit.reports.errors.answers import AnswerRow, AnswerTable
    from audit.reports.errors.calibrated import CalibrationError, ConfidenceAnalysis
    from audit.reports.errors.formats import AnswerFormats
    from audit.reports.errors.found import FoundGroup, GroupSearch
    from audit.reports.errors.option_bias import OptionBias, OptionKind
    from audit.reports.errors.scoring import ScoringAgreement
    from audit.stats.interval import Interval

MOST_KINDS = 8
LABEL_LIMIT = 60
"""Characters of an answer in a sentence."""

LOOKED_AT = (
    "Looking at results decided the number of items of this task, so the intervals below are too narrow, and "
    "differences that are called shown may be due to chance."
)
"""Above the error analysis of a task that was looked at while it ran."""


def search_lines(search: GroupSearch, quantity: str, unit: str) -> list[str]:
    """What was searched for groups, with what result, and what could not be.

    Args:
        search: The search.
        quantity: What groups are compared by.
        unit: Its unit.
    """
    if search.too_few:
        lines = [f"Not searched for groups that differ in {quantity}: {search.too_few}."]
    else:
        lines = [_result(search, quantity), _scope(search, unit)]
    return [*lines, *(f"Not searched: {reason}." for reason in search.left_out)]


def _result(search: GroupSearch, quantity: str) -> str:
    if not search.groups:
        return f"No group of samples is shown to differ from the rest in {quantity}."
    alike = f" {search.alike} more hold but are smaller, or have nearly the same samples." if search.alike else ""
    one = len(search.groups) == 1
    chance = "The chance of any false one is at most 5 %" + ("." if one else "; the groups overlap.")
    differ = "differs" if one else "differ"
    return f"{counted(len(search.groups), 'group')} of samples {differ} from the rest in {quantity}. {chance}{alike}"


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
    return f"{found:.2f}" if unit_of(unit).whole_range == (0, 1) else number(found, unit)


def group_label(group: FoundGroup) -> str:
    """``prompt length: 12 to 31 tokens``."""
    return f"{group.by.replace('_', ' ')}: {group.name}"


def answer_lines(table: AnswerTable) -> list[str]:
    """Which answers are given more often than they are right; that none is, where none is."""
    lines = [_dominating(row, table) for row in table.rows if row.dominates]
    if lines:
        return lines
    what = "position" if table.of.startswith("position") else "answer"
    return [f"No {what} is shown to be given more often than it is right ({counted(table.n, 'sample')})."]


def _dominating(row: AnswerRow, table: AnswerTable) -> str:
    """As in ``37 of 40 answers are “no”, which is right for 17 of 40: given more often than right, by 0.500 …``."""
    if row.is_other:
        known = len(table.rows) - 1
        return f"{row.given:,} of {table.n:,} answers are none of the {known} that are right for some sample."
    label = f"“{printable(row.label, LABEL_LIMIT)}”" if table.of == "answer" else row.label
    share = (row.given - row.right) / table.n
    return (
        f"{row.given:,} of {table.n:,} answers are {label}, which is right for {row.right:,} of {table.n:,}: given more"
        f" often than right, by {with_ends(share, row.difference)} of all answers; {p_text(row.p_value)}, adjusted for"
        f" {len(table.rows)} answers."
    )


def p_text(p_value: float) -> str:
    """``p = 0.031``, ``p < 0.001``."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def calibration_lines(found: ConfidenceAnalysis) -> list[str]:
    """Whether a checkpoint is surer than it is right, or less sure; what confidence is; or why nothing is computed."""
    if found.refused:
        return [f"Not computed: {found.refused}."]
    left_out = f" {found.of - found.n:,} of {found.of:,} scored answers have none." if found.of > found.n else ""
    means = (
        f"On average it gives its answers a probability of {percent(found.confidence)}, and is right in"
        f" {percent(found.right)} of {counted(found.n, 'answer')}."
    )
    return [
        f"{_verdict(found)} {means} {_sorting(found)}".strip(),
        f"Confidence here is {found.meaning}.{left_out}",
    ]


def _verdict(found: ConfidenceAnalysis) -> str:
    """The direction where an interval shows it, else what the calibration error says."""
    ends = found.difference
    if ends is not None and ends.low > 0:
        return "It is overconfident."
    if ends is not None and ends.high < 0:
        return "It is underconfident."
    known = [one for one in (found.error, found.adaptive_error) if one is not None]
    if 2 * min((one.p_value for one in known), default=1.0) <= 0.05:  # two tests, Bonferroni
        return "It is neither over- nor underconfident on average, but its confidences are off in places."
    return "Its confidences are not shown to be wrong."


def _sorting(found: ConfidenceAnalysis) -> str:
    """What keeping the most confident answers brings."""
    if found.gain is None:
        return ""
    if found.gain.low > 0:
        return "Its confident answers have fewer errors."
    if found.gain.high < 0:
        return "Its confident answers have more errors than the others."
    return "Confident answers are not shown to have fewer errors."


@dataclass(frozen=True)
class CalibrationRow:
    """One measure of calibration."""

    measure: str
    """Its name."""
    value: str
    """Its value with the interval."""
    compared: str
    """What to compare it with."""


def calibration_rows(found: ConfidenceAnalysis) -> list[CalibrationRow]:
    """All measures of calibration with what to compare them with."""
    parts = {name: number(value, "share") for name, value in found.parts.items()}
    sure, brier, gain = (
        with_ends(value, ends)
        for value, ends in (
            (found.confidence - found.right, found.difference),
            (found.brier, found.brier_interval),
            (1 - found.right - found.area, found.gain),
        )
    )
    base = found.right * (1 - found.right)
    return [
        CalibrationRow("Mean confidence minus share of right answers", sure, "above 0: overconfident"),
        _error_row("Expected calibration error (ECE), bins of equal width", found.error),
        _error_row("Adaptive calibration error, bins of equal mass", found.adaptive_error),
        CalibrationRow(
            "Brier score", brier, f"{number(base, 'share')} if every confidence were the share of right answers"
        ),
        CalibrationRow("of it: reliability", parts["reliability"], "gap between confidence and share of right answers"),
        CalibrationRow("of it: resolution (subtracted)", parts["resolution"], "larger is better"),
        CalibrationRow("of it: uncertainty", parts["uncertainty"], "depends on the answers alone"),
        CalibrationRow("of it: within bins", parts["within"], "confidences that differ within a bin"),
        CalibrationRow(
            "Area under risk and coverage (AURC)",
            number(found.area, "share"),
            f"{number(1 - found.right, 'share')} if it says nothing, {number(found.area_best, 'share')} at best",
        ),
        CalibrationRow("Error rate minus AURC", gain, "above 0: confident answers have fewer errors"),
    ]


def _error_row(name: str, error: CalibrationError | None) -> CalibrationRow:
    if error is None:
        return CalibrationRow(name, ABSENT, "")
    chance = f"{number(error.expected, 'share')} by chance if perfectly calibrated; {p_text(error.p_value)}"
    return CalibrationRow(name, number(error.value, "share"), chance)


def format_lines(found: AnswerFormats) -> list[str]:
    """How many answers could be read, and how many of these are right."""
    if not found.unread:
        return [f"An answer could be read from all {counted(found.n, 'generated text')}."]
    counts = {"empty": found.empty, "cut by the token limit": found.cut}
    parts = [f"{count:,} {what}" for what, count in counts.items() if count]
    why = f"; of these, {' and '.join(parts)}" if parts else ""
    share = with_ends(found.unread / found.n, found.interval)
    lines = [f"From {found.unread:,} of {found.n:,} generated texts no answer could be read: {share}{why}."]
    if found.right is not None:
        of_read = with_ends(found.right / found.read, found.of_read) if found.read else ABSENT
        lines.append(
            f"They count as wrong. Right answers: {with_ends(found.right / found.n, found.of_all)} of all,"
            f" {of_read} of the {found.read:,} that could be read."
        )
    return lines


def option_lines(found: OptionBias) -> list[str]:
    """Which kinds of option are chosen more or less often than right answers explain, and what was not tested."""
    lines = [_option(kind, len(found.kinds)) for kind in found.kinds if kind.differs]
    if found.kinds and not lines:
        tested = ", ".join(kind.name for kind in found.kinds)
        lines = [f"None is shown to be chosen more or less often than right answers explain: {tested}."]
    return [*lines, *(f"Not tested: {reason}." for reason in found.left_out)]


def _option(kind: OptionKind, tested: int) -> str:
    more = "more" if kind.chosen > kind.expected else "less"
    name = f"{kind.name[0].upper()}{kind.name[1:]}"
    return (
        f"{name} is chosen {more} often than right answers explain: in {percent(kind.chosen)} of {kind.n:,} samples,"
        f" where {percent(kind.expected)} are expected; difference"
        f" {with_ends(kind.chosen - kind.expected, kind.difference)},"
        f" {p_text(kind.p_value)}, adjusted for {tested} tests."
    )


def scoring_line(found: ScoringAgreement) -> str:
    """How far scoring by likelihood and by generation agree."""
    right = [(found.both + alone) / found.n for alone in (found.only_likelihood, found.only_generation)]
    tested = "" if found.p_value is None else f", {p_text(found.p_value)}"
    return (
        f"{found.likelihood} (by likelihood) and {found.generation} (by generation) ask {found.n:,} equal questions."
        f" Both are right or both wrong in {with_ends(found.agreed, found.agreement)} of them. Right by likelihood"
        f" {number(right[0], 'share')}, by generation {number(right[1], 'share')}: difference"
        f" {with_ends(right[1] - right[0], found.difference)}{tested}."
    )


def with_ends(share: float, ends: Interval | None) -> str:
    """A share or a difference of shares with its interval."""
    return estimate_text(share, ends.low if ends else None, ends.high if ends else None, "share")
