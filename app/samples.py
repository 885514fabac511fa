"""Page: the samples of a run, filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from audit.app import links, stored
from audit.app.filters import choose_filters, choose_tasks
from audit.app.untrusted import MASKED, excerpt, is_masked
from audit.core.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import Sample
    from audit.core.run_folder import RunFolder

ROWS = 2000
"""Rows in the table at most: more than anybody reads, few enough to be sent quickly."""
DIGITS = f"%.{unit_of('probability').decimals}f"
"""Scores of several tasks share a column: all have the digits of a probability."""


def page(run: RunFolder, _settings: AppSettings, *, open_sample: Callable[[], object]) -> None:
    """Filters, a table whose rows open.

    Args:
        run: The run.
        open_sample: Switches to the page of the sample that was chosen.
    """
    links.leave_out("task", "sample")
    st.title("Samples", anchor=False)
    if not stored.tasks(run):
        st.info("This run has no samples yet.")
        return
    _browse(run, open_sample)


def _browse(run: RunFolder, open_sample: Callable[[], object]) -> None:
    samples = choose_tasks(run)
    kept = list(filter(choose_filters(samples).keep, samples))
    shown = kept[:ROWS]
    more = f" The first {ROWS:,} are shown: narrow the filters to see others." if len(kept) > ROWS else ""
    st.caption(f"{len(kept):,} of {len(samples):,} samples.{more} Tick a row to open its sample.")
    if not shown:
        st.info("No sample fits these filters.")
        return
    explained = {attribution.sample_id for attribution in stored.attributions(run)}
    event = st.dataframe(
        _table(shown, explained),
        hide_index=True,
        placeholder="—",
        height=min(38 * (len(shown) + 1), 620),
        on_select="rerun",
        selection_mode="single-row",
        key="samples_table",
        column_config={
            "Task": st.column_config.TextColumn(width=130),
            "Score": st.column_config.NumberColumn(format=DIGITS, width="small"),
            "Confidence": st.column_config.NumberColumn(format=DIGITS, width="small"),
            "Prompt": st.column_config.TextColumn(width="large"),
            "Output": st.column_config.TextColumn(width="medium"),
            "Texts": st.column_config.NumberColumn(width="small", help="Texts sampled for this prompt"),
            "Flags": st.column_config.ListColumn(width="small"),
            "Explained": st.column_config.CheckboxColumn(width="small"),
        },
    )
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(shown):
        _open(shown[rows[0]], open_sample)


def _open(sample: Sample, open_sample: Callable[[], object]) -> None:
    links.choose("task", f"{sample.suite}/{sample.task}")
    links.choose("sample", sample.sample_id)
    open_sample()


def _table(samples: Sequence[Sample], explained: set[str | None]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "Task": sample.task,
                "Score": sample.score,
                "Confidence": sample.confidence,
                "Prompt": MASKED if is_masked(sample) else excerpt(sample.prompt, end=True),
                "Output": MASKED if is_masked(sample) else excerpt(sample.output),
                "Texts": len(sample.completions) or 1,
                "Reference": MASKED if is_masked(sample) else excerpt(sample.reference),
                "Flags": sorted(flag.value for flag in sample.all_flags),
                "Explained": sample.sample_id in explained,
                "Slices": excerpt(", ".join(f"{name}={value}" for name, value in sample.slices.items())),
                "Error": excerpt(sample.error),
                "Sample": sample.sample_id,
            }
            for sample in samples
        ]
    )
