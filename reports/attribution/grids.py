"""The grids of attributions: input × output, method × method, method × feature, head × feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.reports.attribution.agreement import correlation_text, rank_agreement
from audit.reports.attribution.grid import Grid, Row, RowGroup, cell_label
from audit.reports.attribution.heatmap import feature_labels
from audit.reports.drawing.colours import largest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Attribution

MOST_LAYERS, MOST_HEADS = 64, 64
LISTED_HEADS = 12
HEAD_LABEL = 12


def matrix_grid(attribution: Attribution) -> Grid | None:
    """Rows are output tokens, those of each option apart; columns are features of the prompt.

    All cells share one scale, symmetric around zero: nats that a feature adds to the log-probability of a token.
    None where the method has no values per output token.
    """
    if attribution.matrix is None or not attribution.output_tokens:
        return None
    rows: dict[int, list[Row]] = {}
    for token, values in zip(attribution.output_tokens, attribution.matrix, strict=True):
        rows.setdefault(token.continuation, []).append(Row(token.text, values))
    blocks = [RowGroup(continuation_name(attribution, number), found) for number, found in rows.items()]
    if len(blocks) == 1:
        blocks = [RowGroup("", blocks[0].rows)]
    subject = "Output tokens (rows) by features of the prompt (columns)"
    return Grid(subject, feature_labels(attribution), blocks, detail="what a feature adds to the token, nats.")


def continuation_name(attribution: Attribution, number: int) -> str:
    """``target: yes``, ``against: no`` or ``option: maybe``."""
    if number == 0:
        return f"target: {attribution.target.strip()}"
    text = attribution.alternatives[number - 1] if number <= len(attribution.alternatives) else ""
    return f"{'against' if text == attribution.against else 'option'}: {text.strip()}"


def agreement_grid(attributions: Sequence[Attribution]) -> Grid:
    """Rank agreement of each method with each, written out."""
    names = [attribution.method for attribution in attributions]
    rows = [
        Row(name, found, [correlation_text(value) for value in found])
        for name, found in zip(names, rank_agreement(attributions), strict=True)
    ]
    detail = "Spearman's correlation of their values, −1 to 1."
    subject = "Rank agreement of the methods"
    return Grid(subject, names, [RowGroup("", rows)], written=True, strongest=1.0, detail=detail)


def method_grids(attributions: Sequence[Attribution]) -> list[Grid]:
    """Rows are methods, columns the features that they share; each row has its own scale.

    Methods that cut the prompt differently get separate grids.
    """
    by_pieces: dict[tuple[tuple[int, int], ...], list[Attribution]] = {}
    for attribution in attributions:
        key = tuple((feature.start, feature.end) for feature in attribution.features)
        by_pieces.setdefault(key, []).append(attribution)
    return [
        Grid(
            "Methods (rows) by features of the prompt (columns)",
            feature_labels(group[0]),
            [RowGroup("", [Row(a.method, a.values, None, largest(a.values)) for a in group])],
            detail="each method's largest value has the fullest colour.",
        )
        for group in by_pieces.values()
    ]


def heads_grid(attribution: Attribution) -> Grid | None:
    """Rows are layers, columns heads; the colour is the share of attention on the feature that a head looks at most.

    None where the method has no heads. Of very large models the first ``MOST_LAYERS`` × ``MOST_HEADS`` are shown.
    """
    if not attribution.heads or not attribution.heads[0]:
        return None
    labels = [cell_label(label, HEAD_LABEL) for label in feature_labels(attribution)]
    layers = [layer[:MOST_HEADS] for layer in attribution.heads[:MOST_LAYERS]]
    rows = []
    for number, layer in enumerate(layers):
        looked_at = [max(range(len(labels)), key=head.__getitem__) for head in layer]
        shares = [head[feature] for head, feature in zip(layer, looked_at, strict=True)]
        titles = [f"{labels[feature]} {share:.2f}" for feature, share in zip(looked_at, shares, strict=True)]
        rows.append(Row(f"layer {number}", shares, titles))
    cut = len(layers) < len(attribution.heads) or len(layers[0]) < len(attribution.heads[0])
    detail = "share of attention on the feature that a head looks at most, named on hover."
    detail += f" The first {len(layers)} layers and {len(layers[0])} heads." if cut else ""
    columns = [str(number) for number in range(len(layers[0]))]
    return Grid("Layers (rows) by heads (columns)", columns, [RowGroup("", rows)], detail=detail)


def looking_heads_grid(attribution: Attribution) -> Grid | None:
    """The heads that look most at one feature other than the prompt's first, which many heads use as a resting place.

    Rows are heads, columns features, colours shares of attention; None where the method has no heads.
    """
    if not attribution.heads or len(attribution.features) < 2:
        return None
    heads = [
        (f"layer {layer} head {number}", shares)
        for layer, found in enumerate(attribution.heads)
        for number, shares in enumerate(found)
    ]
    begins = (
        attribution.features[0].start == 0
    )  # where a part of the prompt is explained its first feature is no such place
    heads.sort(key=lambda pair: -max(pair[1][begins:]))
    rows = [Row(label, shares) for label, shares in heads[:LISTED_HEADS]]
    but = " other than the first" if begins else ""
    subject = f"The {len(rows)} heads (rows) that look most at a feature (columns){but}"
    return Grid(subject, feature_labels(attribution), [RowGroup("", rows)])
