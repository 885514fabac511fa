"""Page: one sample, everything that is known of it, and why the checkpoint answered as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app import attribution, links, stored
from audit.app.filters import slice_names
from audit.app.untrusted import is_masked, plain, readable, show_mask, show_text, show_thinking
from audit.core.formatting import number
from audit.core.sensitive import not_explainable
from audit.reports.explain_command import explain_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import Settings
    from audit.core.records import Attribution, Sample, Suite
    from audit.core.run_folder import RunFolder


def page(run: RunFolder, _settings: Settings) -> None:
    """Prompt, output, reference, scores, flags, and attributions side by side."""
    tasks = {f"{suite}/{task}": (suite, task) for suite, task in stored.tasks(run)}
    if not tasks:
        st.title("Sample", anchor=False)
        st.info("This run has no samples yet.")
        return
    sample = _choose(run, tasks)
    if sample is None:
        return
    _scores(sample)
    if is_masked(sample):
        show_mask(sample, "show_sample")
    else:
        _texts(sample)
    _attributions(run, sample, [a for a in stored.attributions(run) if a.sample_id == sample.sample_id])
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
    sample = samples[position]
    links.choose("sample", sample.sample_id)
    return sample


def _position(samples: Sequence[Sample]) -> int:
    """Where the chosen sample is in its task; the first one where it is not there."""
    wanted = links.chosen("sample")
    found = (index for index, sample in enumerate(samples) if sample.sample_id == wanted)
    position = next(found, None)
    if (
        position is None
        and wanted is not None
        and st.session_state.get("linked_sample") == st.query_params.get("sample")
    ):
        st.warning(f"This task has no sample {plain(wanted)}. This is its first one.")
    return position or 0


def _step(label: str, key: str, samples: Sequence[Sample], position: int) -> None:
    there = 0 <= position < len(samples)
    target = samples[position].sample_id if there else None
    st.button(
        label, key=f"step_{label}", shortcut=key, disabled=not there, on_click=links.choose, args=("sample", target)
    )


def _scores(sample: Sample) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(f"score {number(sample.score, 'nats')}", color="blue" if sample.error is None else "gray")
        for name, value in sample.scores.items():
            st.badge(plain(f"{name} {number(value, 'nats')}"), color="gray")
        for flag in sample.flags:
            st.badge(plain(flag), color="orange", icon=":material/flag:")
        for name in slice_names(sample):
            st.badge(plain(name[:80]), color="violet")
    st.caption(
        plain(f"Sample {sample.sample_id} · {sample.tokens_in:,} tokens in, {sample.tokens_out:,} out")
        + (plain(f" · cluster {sample.cluster[:60]}") if sample.cluster else "")
    )
    if sample.error:
        st.error("This item could not be scored:", icon=":material/error:")
        st.text(readable(sample.error, 1000))


def _texts(sample: Sample) -> None:
    prompt, answer = st.columns([3, 2], gap="large")
    with prompt:
        st.markdown("**Prompt**")
        show_text(sample.prompt, absent="none", height=460)
    with answer:
        st.markdown("**Output**")
        show_text(sample.output, absent="Nothing came back.", height=240)
        show_thinking(sample)
        st.markdown("**Reference**")
        show_text(sample.reference, absent="This task has no reference.", height=240)


def _attributions(run: RunFolder, sample: Sample, attributions: Sequence[Attribution]) -> None:
    st.subheader("Why this answer", anchor=False)
    if not attributions:
        why = not_explainable(sample)
        command = explain_command(str(run.path), sample)
        told = f"cannot be explained: {why}." if why else "was not explained: a run explains a few of each task."
        st.caption(f"This sample {told}{' This command explains it:' if command else ''}")
        if command:
            st.code(command, language="bash")
        return
    if is_masked(sample):
        st.caption(f"{len(attributions)} explanations, hidden with the text.")
        return
    attribution.show(attributions)
