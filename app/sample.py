"""Page: one sample, everything that is known of it, and why the checkpoint answered as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from audit.app import attribution, links, stored
from audit.app.filters import slice_names
from audit.app.untrusted import MASKED, excerpt, is_masked, plain, readable, show_mask, show_text, show_thinking
from audit.core.formatting import counted, number, prompt_text
from audit.core.records import Flag, completion_address, split_address
from audit.core.sensitive import not_explainable
from audit.core.units import unit_of
from audit.reports.explain_command import explain_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import Attribution, Sample, Suite
    from audit.core.run_folder import RunFolder

TEXT_ROWS = 30
"""Sampled texts up to which their table is shown whole."""


def page(run: RunFolder, _settings: AppSettings) -> None:
    """Prompt, output, reference, scores, flags, all sampled texts, and attributions side by side."""
    tasks = {f"{suite}/{task}": (suite, task) for suite, task in stored.tasks(run)}
    if not tasks:
        st.title("Sample", anchor=False)
        st.info("This run has no samples yet.")
        return
    sample = _choose(run, tasks)
    if sample is None:
        return
    index = _completion(sample)
    shown = sample if index is None else sample.as_answered_by(index)
    links.choose("sample", shown.sample_id)
    _scores(shown, sample, stored.manifest(run).model.max_length)
    if is_masked(shown):
        show_mask(shown, "show_sample")
    else:
        _texts(shown, index)
    if sample.completions:
        _completions(sample, index)
    _attributions(run, shown, [a for a in stored.attributions(run) if _is_about(a, shown, sample)])
    record = sample.model_dump_json(indent=2)
    name = f"{sample.task}-{sample.sample_id}.json"
    st.download_button(
        "Sample as JSON", record, name, "application/json", icon=":material/download:", on_click="ignore"
    )


def _choose(run: RunFolder, tasks: dict[str, tuple[Suite, str]]) -> Sample | None:
    """Task and sample by boxes and by buttons that step through the task."""
    box, place = st.columns([3, 4], vertical_alignment="bottom")
    with box:
        wanted_task = links.chosen("task")
        task = links.pick("task", "Task", list(tasks))
        if wanted_task is not None and not task.endswith(wanted_task):
            st.warning(f"This run has no task {plain(wanted_task)}. This is its first one.")
    samples = stored.samples(run, *tasks[task])
    if not samples:
        st.info("This task has no samples.")
        return None
    position = _position(samples)
    with place, st.container(horizontal=True, vertical_alignment="center"):
        _step("Previous", "Left", samples, position - 1)
        _step("Next", "Right", samples, position + 1)
        st.caption(f"{position + 1:,} of {len(samples):,}")
    return samples[position]


def _position(samples: Sequence[Sample]) -> int:
    """Where the chosen sample is in its task; the first one where it is not there.

    The address may be of one of its completions: ``SAMPLE_ID#3``.
    """
    wanted = links.chosen("sample")
    places = {sample.sample_id: index for index, sample in reversed(list(enumerate(samples)))}
    position = places.get(wanted or "", places.get(split_address(wanted or "")[0]))
    if (
        position is None
        and wanted is not None
        and st.session_state.get("linked_sample") == st.query_params.get("sample")
    ):
        st.warning(f"This task has no sample {plain(wanted)}. This is its first one.")
    return position or 0


def _completion(sample: Sample) -> int | None:
    """Which of its completions the address names; None for the sample as a whole."""
    wanted = links.chosen("sample")
    identity, index = split_address(wanted or "")
    if wanted == sample.sample_id or identity != sample.sample_id or index is None:
        return None
    if index < len(sample.completions):
        return index
    st.warning(f"This sample has no text {plain(f'#{index}')}. This is the sample as a whole.")
    return None


def _step(label: str, key: str, samples: Sequence[Sample], position: int) -> None:
    there = 0 <= position < len(samples)
    target = samples[position].sample_id if there else None
    st.button(
        label, key=f"step_{label}", shortcut=key, disabled=not there, on_click=links.choose, args=("sample", target)
    )


def _scores(shown: Sample, sample: Sample, context: int) -> None:
    """Badges and facts of what is shown: a sample, or one of its completions."""
    with st.container(horizontal=True, vertical_alignment="center"):
        name = "score" if shown is sample else "value"
        st.badge(f"{name} {number(shown.score, 'any')}", color="blue" if shown.error is None else "gray")
        if shown.confidence is not None:
            st.badge(f"confidence {number(shown.confidence, 'probability')}", color="gray")
        for label, value in shown.scores.items():
            st.badge(plain(f"{label} {number(value, 'any')}"), color="gray")
        for flag in shown.flags:
            st.badge(plain(flag), color="orange", icon=":material/flag:")
        for name in slice_names(shown):
            st.badge(plain(name[:80]), color="violet")
    asked = prompt_text(shown.tokens_in, context if Flag.TRUNCATED_PROMPT in sample.flags else None)
    st.caption(
        plain(f"Sample {shown.sample_id} · {asked}, {shown.tokens_out:,} out")
        + (plain(f" · cluster {shown.cluster[:60]}") if shown.cluster else "")
        + (plain(f" · pair {shown.pair[:60]}") if shown.pair else "")
    )
    if shown.error:
        st.error(f"This {'item' if shown is sample else 'text'} could not be scored:", icon=":material/error:")
        st.text(readable(shown.error, 1000))


def _texts(shown: Sample, index: int | None) -> None:
    prompt, answer = st.columns([3, 2], gap="large")
    with prompt:
        st.markdown("**Prompt**")
        show_text(shown.prompt, absent="none", height=460)
    with answer:
        st.markdown("**Output**" if index is None else rf"**Sampled text \#{index}**")
        show_text(shown.output, absent="Nothing came back, or it was not kept.", height=240)
        show_thinking(shown)
        st.markdown("**Reference**")
        show_text(shown.reference, absent="This task has no reference.", height=240)


def _completions(sample: Sample, index: int | None) -> None:
    """All texts that were sampled for the prompt; a row opens its text."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(counted(len(sample.completions), "sampled text"), anchor=False, width="content")
        if index is not None:
            st.button("Whole sample", key="whole_sample", on_click=links.choose, args=("sample", sample.sample_id))
    whole = "The output above is the text that the sample's score is about."
    st.caption(f"{whole if index is None else plain(f'Above is text #{index}.')} Tick a row to open its text.")
    key = f"texts_{sample.sample_id}"
    st.dataframe(
        pd.DataFrame([_row(sample, place) for place in range(len(sample.completions))]),
        hide_index=True,
        width="stretch",
        height="content" if len(sample.completions) <= TEXT_ROWS else "auto",
        placeholder="—",
        column_config={"Value": st.column_config.NumberColumn(format=f"%.{unit_of('probability').decimals}f")},
        key=key,
        on_select=lambda: _open_text(sample.sample_id, key),
        selection_mode="single-row",
    )


def _row(sample: Sample, place: int) -> dict[str, object]:
    """One completion in the table."""
    one = sample.completions[place]
    return {
        "Text": f"#{place}",
        "Value": one.value,
        "Output": MASKED if is_masked(sample.as_answered_by(place)) else excerpt(one.text),
        "Flags": sorted(flag.value for flag in one.flags),
        "Ended by": one.finish_reason,
        "Tokens": one.tokens_out,
        "Not judged because": excerpt(one.error),
        **{excerpt(label) or "": value for label, value in one.labels.items()},
    }


def _open_text(sample_id: str, key: str) -> None:
    """Open the text of the row that was ticked; the whole sample where the tick was taken away."""
    rows = st.session_state[key]["selection"]["rows"]
    links.choose("sample", completion_address(sample_id, rows[0]) if rows else sample_id)


def _is_about(attribution: Attribution, shown: Sample, sample: Sample) -> bool:
    """Whether an attribution is of what is shown; that of a sample is of the text that its score is about."""
    same = attribution.sample_id == sample.sample_id
    return same and (shown is sample or attribution.target == shown.output)


def _attributions(run: RunFolder, shown: Sample, attributions: Sequence[Attribution]) -> None:
    st.subheader("Why this answer", anchor=False)
    if not attributions:
        why = not_explainable(shown)
        command = explain_command(str(run.path), shown)
        outcome = f"cannot be explained: {why}." if why else "was not explained: a run explains only a few per task."
        st.caption(f"This sample {outcome}{' This command explains it:' if command else ''}")
        if command:
            st.code(command, language="bash", wrap_lines=True)
        return
    if is_masked(shown):
        st.caption(f"{len(attributions)} explanations, hidden with the text.")
        return
    attribution.show(attributions)
