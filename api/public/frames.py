"""Metrics and samples as pandas tables: one type per column, maps of the records spread over columns."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import Metric, Sample

METRIC_TYPES = {
    "name": "string", "suite": "string", "task": "string", "metric": "string", "slice_by": "string",
    "slice": "string", "value": "Float64", "ci_low": "Float64", "ci_high": "Float64", "n": "Int64", "missing": "Int64",
    "unit": "string", "higher_is_better": "boolean", "primary": "boolean", "confidence": "Float64",
    "ci_method": "string", "no_interval": "string", "error": "string", "note": "string",
}  # fmt: skip
SAMPLE_TYPES = {
    "sample_id": "string", "cluster": "string", "pair": "string", "prompt": "string", "reference": "string",
    "output": "string", "thinking": "string", "thinking_tokens": "Int64", "score": "Float64", "confidence": "Float64",
    "error": "string", "answered_by": "string",
    "tokens_in": "Int64", "tokens_out": "Int64", "seconds": "Float64",
}  # fmt: skip
TEXT_TYPES = {
    "sample_id": "string", "index": "Int64", "text": "string", "thinking_tokens": "Int64", "value": "Float64",
    "finish_reason": "string", "tokens_out": "Int64", "error": "string",
}  # fmt: skip
"""Columns that every table of its kind has, in order, with their types. A missing value is ``<NA>``, never 0."""


def metrics_frame(metrics: Sequence[Metric]) -> pd.DataFrame:
    """One row per metric, in the order of the run.

    ``slice_by`` and ``slice`` name the subset that it is about (``bias_type`` and ``gender``; several slices
    that meet are joined by ×) and are missing for metrics over all items. Each setting is a column ``settings.NAME``.
    """
    rows = [
        {
            **{name: getattr(metric, name, None) for name in METRIC_TYPES},
            "slice_by": " × ".join(metric.slice) if metric.slice else None,
            "slice": " × ".join(metric.slice.values()) if metric.slice else None,
            **{f"settings.{name}": value for name, value in metric.settings.items()},
        }
        for metric in metrics
    ]
    return _typed(rows, METRIC_TYPES)


def samples_frame(samples: Sequence[Sample]) -> pd.DataFrame:
    """One row per sample, in the order of the run.

    Each score is a column ``scores.NAME``, each slice a column ``slices.NAME``; ``flags`` holds lists, with the flags
    of sampled texts. Of a choice there are ``options`` (a list), ``chosen``, ``right`` (positions among them) and
    ``gap``.
    """
    rows = []
    for sample in samples:
        choice = sample.choice
        rows.append(
            {
                **{name: getattr(sample, name) for name in SAMPLE_TYPES},
                **{f"scores.{name}": value for name, value in sample.scores.items()},
                **{f"slices.{name}": value for name, value in sample.slices.items()},
                "flags": sorted(map(str, sample.all_flags)),
                "options": list(choice.options if choice else []),
                "chosen": choice.chosen if choice else None,
                "right": choice.right if choice else None,
                "gap": choice.gap if choice else None,
            }
        )
    kinds = {"scores": "Float64", "slices": "string"}
    named = {key: kinds[kind] for row in rows for key in row if (kind := key.partition(".")[0]) in kinds}
    return _typed(rows, {**SAMPLE_TYPES, **named, "chosen": "Int64", "right": "Int64", "gap": "Float64"})


def confusion_frame(samples: Sequence[Sample]) -> pd.DataFrame:
    """Number of samples by right answer (rows) and given answer (columns), both in alphabetical order.

    Answers are compared without surrounding white space. Samples with an error, or without one of the two, are left
    out: macro precision, recall and F1 are made of the same pairs.
    """
    pairs = [
        (sample.reference.strip(), sample.output.strip())
        for sample in samples
        if sample.reference is not None and sample.output is not None and sample.error is None
    ]
    labels = pd.Index(sorted({label for pair in pairs for label in pair}), dtype="string")
    counts = pd.DataFrame(0, index=labels.rename("right"), columns=labels.rename("given"), dtype="Int64")
    for (right, given), count in Counter(pairs).items():
        counts.loc[right, given] = count
    return counts


def texts_frame(samples: Sequence[Sample]) -> pd.DataFrame:
    """One row per sampled text of tasks that sample several for an item; ``labels.NAME`` are what its judge says.

    A task that samples none has a table without rows; its columns are those that every such table has.
    """
    rows = [
        {
            **{name: getattr(text, name, None) for name in TEXT_TYPES},
            "sample_id": sample.sample_id,
            "index": index,
            **{f"labels.{name}": value for name, value in text.labels.items()},
            "flags": [str(flag) for flag in text.flags],
        }
        for sample in samples
        for index, text in enumerate(sample.completions)
    ]
    labels = {key: "Float64" for row in rows for key in row if key.startswith("labels.")}
    return _typed(rows, {**TEXT_TYPES, **labels, "flags": "object"})


def _typed(rows: list[dict[str, Any]], types: dict[str, str]) -> pd.DataFrame:
    """A table with these columns first, each of its type; other columns as they are."""
    others = list(dict.fromkeys(name for row in rows for name in row if name not in types))
    frame = pd.DataFrame.from_records(rows, columns=[*types, *others])
    return frame.astype(types)
