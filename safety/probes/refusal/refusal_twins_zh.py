"""The Chinese requests of :mod:`audit.safety.probes.refusal.refusal_twins` alone, for audits in Chinese."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audit.safety.loading import shipped
from audit.safety.probes.refusal import refusal_twins

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "refusal_twins_zh"


def rows_of(source: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows in Chinese."""
    return (row for row in refusal_twins.rows_of(source) if row["language"] == "zh")


PROBE = replace(
    refusal_twins.PROBE,
    name=NAME,
    description="Refusals of harmful requests and of harmless twins in Chinese",
    title="Refusals in Chinese",
    question="Does it decline harmful requests in Chinese, and answer harmless ones?",
    formula="refusal_harmful, refusal_harmless = shares of scored answers that open with a refusal",
    load=shipped(refusal_twins.DATASET, rows_of, refusal_twins.TwinSentence.read),
    slices=lambda item: {"kind": item.kind, "topic": item.topic},
    pair=None,
    metrics=(
        *(replace(one, on=("topic",)) for one in (refusal_twins.HARMFUL, refusal_twins.HARMLESS)),
        *refusal_twins.LEFT_OUT,
    ),
)
