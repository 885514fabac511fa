"""An attribution as coloured text: which features of the prompt pushed the answer, which pulled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from audit.core.formatting import interval, signed, visible
from audit.core.records.measures import ROUNDING
from audit.core.text import printable
from audit.reports.drawing.colours import STEPS, largest, shade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.records import Attribution, Feature

TRACE_STEPS = "steps"
"""Level of an attribution whose features are the steps of a reasoning trace."""
SHOWN_TEXTS = 400
TEXT_HEAD, TEXT_TAIL = 200, 200
STRONGEST = 3
LABEL_LIMIT = 40
SLACK = 1.05
"""Of the width of rounding: the ends of an interval are rounded, too."""

_FRAME = Markup('<div class="text heat" dir="auto">{}</div>')
_LISTED = Markup('<div class="text heat steps" dir="auto">{}</div>')
_SHADED = Markup('<span class="{}" title="{}">{}</span>')
_PLAIN = Markup('<span title="{}">{}</span>')
_SWATCH = Markup('<i class="{}"></i>')
_LEGEND = Markup('<p class="scale" aria-hidden="true">{}</p>')


@dataclass(frozen=True)
class ShadedText:
    """A run of the prompt's characters in one colour."""

    html: Markup
    """The characters, harmless."""
    shade: str
    """Name of :func:`~audit.reports.drawing.colours.shade`; empty for zero and for text between features."""
    value: str
    """The attribution with sign and unit; empty for text between features."""


@dataclass(frozen=True)
class Stretch:
    """A run of the prompt's characters that belongs to one feature, or to none."""

    text: str
    """The characters."""
    feature: int | None
    """Position of the feature; None for text between features, which was not explained."""


def stretches(attribution: Attribution) -> Iterator[Stretch]:
    """The whole prompt in order: features and what lies between them."""
    position = 0
    for index, feature in enumerate(attribution.features):
        if feature.start > position:
            yield Stretch(attribution.prompt[position : feature.start], None)
        yield Stretch(feature.text, index)
        position = feature.end
    if position < len(attribution.prompt):
        yield Stretch(attribution.prompt[position:], None)


def shaded_texts(
    attribution: Attribution, *, shown: int = SHOWN_TEXTS, head: int = TEXT_HEAD, tail: int = TEXT_TAIL
) -> list[ShadedText]:
    """The prompt in order, shaded on one scale that is symmetric around zero.

    What lies between features (a chat template that was not masked) stays uncoloured.

    Args:
        attribution: Whose prompt.
        shown: Features at most; of more the middle is left out, and says so.
        head: Characters kept at the start of a text.
        tail: Characters kept at its end.
    """
    strongest, texts = largest(attribution.values), value_texts(attribution)
    made = []
    for one in stretches(attribution):
        html = visible(one.text, head, tail)
        if one.feature is None:
            made.append(ShadedText(html, "", ""))
            continue
        name, moved = attribution.features[one.feature].name, texts[one.feature]
        title = f"{printable(name, limit=LABEL_LIMIT)}: {moved}" if name else moved
        made.append(ShadedText(html, shade(attribution.values[one.feature], strongest), title))
    return _without_middle(made, shown)


def heat_map_html(
    attribution: Attribution, *, shown: int = SHOWN_TEXTS, head: int = TEXT_HEAD, tail: int = TEXT_TAIL
) -> Markup:
    """The prompt with each feature on its colour, its value as the tooltip; classes of ``style.css``.

    Steps of a reasoning trace are on lines of their own.

    Args:
        attribution: Whose prompt.
        shown: See :func:`shaded_texts`, as for ``head`` and ``tail``.
        head: Characters kept at the start of a text.
        tail: Characters kept at its end.
    """
    frame = _LISTED if attribution.level == TRACE_STEPS else _FRAME
    return frame.format(Markup("").join(map(_span, shaded_texts(attribution, shown=shown, head=head, tail=tail))))


def legend_html(unit: str) -> Markup:
    """What the colours mean, from strongly against to strongly for."""
    raising = [_SWATCH.format(f"p{step}") for step in range(1, STEPS + 1)]
    if unit == "share":
        return _LEGEND.format(Markup("0 {} more weight").format(Markup("").join(raising)))
    lowering = [_SWATCH.format(f"n{step}") for step in range(STEPS, 0, -1)]
    words = Markup("lowers the log-probability {} 0 {} raises it")
    return _LEGEND.format(words.format(Markup("").join(lowering), Markup("").join(raising)))


def _with_unit(value: float, unit: str) -> str:
    """``+1.204 nats``."""
    return f"{signed(value, unit)} {unit}"


def ends_text(low: float, high: float, unit: str) -> str:
    """The interval of a value; a value that is known but for rounding, as from all subsets, is exact and has none."""
    return "exact" if high - low <= SLACK * 2 * ROUNDING else interval(low, high, unit)


def value_texts(attribution: Attribution) -> list[str]:
    """Each value with sign, unit and, where the method states one, its interval: ``+1.204 nats (0.9 to 1.5)``."""
    texts = [_with_unit(value, attribution.unit) for value in attribution.values]
    if attribution.intervals is None:
        return texts
    ends = [ends_text(low, high, attribution.unit) for low, high in attribution.intervals]
    return [f"{one} ({between})" for one, between in zip(texts, ends, strict=True)]


def feature_labels(attribution: Attribution, limit: int = LABEL_LIMIT) -> list[str]:
    """Each feature's name, else its text, as one harmless line; white space alone is shown by its place.

    Steps of a reasoning trace are only numbered: they are shown with both.
    """
    numbered = attribution.level == TRACE_STEPS
    return [
        printable(_label(feature, numbered=numbered).strip(), limit=limit) or f"({feature.start}–{feature.end})"
        for feature in attribution.features
    ]


def _label(feature: Feature, *, numbered: bool) -> str:
    """What a feature is called."""
    return f"{feature.name}: {feature.text}" if numbered else feature.name or feature.text


def strongest_features(attribution: Attribution) -> list[tuple[str, str]]:
    """The features of largest magnitude with their values, for readers who cannot see colours."""
    ranked = sorted(zip(feature_labels(attribution), attribution.values, strict=True), key=lambda pair: -abs(pair[1]))
    return [(label, _with_unit(value, attribution.unit)) for label, value in ranked[:STRONGEST] if value != 0]


def _span(text: ShadedText) -> Markup:
    if text.shade:
        return _SHADED.format(text.shade, text.value, text.html)
    return _PLAIN.format(text.value, text.html) if text.value else text.html


def _without_middle(made: list[ShadedText], shown: int) -> list[ShadedText]:
    if len(made) <= shown:
        return made
    half = shown // 2
    left_out = sum(bool(text.value) for text in made[half:-half])
    gap = ShadedText(visible(f" … {left_out:,} features left out … "), "", "")
    return [*made[:half], gap, *made[-half:]]
