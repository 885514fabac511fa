"""Page: one sample, everything that is known of it, and why the checkpoint answered as it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from markupsafe import Markup

from audit.app import access, attribution, links, menu, stored
from audit.app.elements.options import show_options
from audit.app.elements.prompt import show_prompt
from audit.app.elements.results import heading
from audit.app.elements.rows import Cell, Column, Sorting, TableRow, rows_table
from audit.app.elements.walk import Walk, walk
from audit.app.filters import slice_names
from audit.app.untrusted import (
    MASKED,
    excerpt,
    in_badge,
    is_masked,
    plain,
    readable,
    show_mask,
    show_text,
    show_thinking,
    wrapped_table,
)  # fmt: skip
from audit.core import words
from audit.core.formatting import counted, number, percent, prompt_text
from audit.core.records import Flag, completion_address, split_address
from audit.core.records.files.json_file import plain as plain_values
from audit.core.records.files.json_file import to_json
from audit.core.sensitive import not_explainable
from audit.reports.explain_command import explain_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import Attribution, FindingRecord, RunManifest, Sample
    from audit.core.run_folder import RunFolder

TEXT_COLUMNS = (
    Column("Text"),
    Column("Output", "main"),
    Column("Value", "number"),
    Column("Flags", "text"),
    Column("Ended by"),
    Column("Tokens", "number"),
    Column("Not judged because", "text"),
)
OPTION_SCORE = "log_likelihood_"
"""Begins the names of scores that the table of options shows."""


def page(run: RunFolder, _settings: AppSettings) -> None:
    """Whether it is right and why, prompt, answer, scores, flags, all sampled texts, and attributions side by side."""
    index = stored.index(run)
    if not index.total():
        st.title("Sample", anchor=False)
        st.info("This run has no samples yet.")
        return
    place = walk(index)
    if place is None:
        return
    (sample,) = index.samples([place.key])
    text = _completion(place, sample)
    shown = sample if text is None else sample.as_answered_by(text)
    address = place.sample_id if text is None else completion_address(place.sample_id, text)
    links.choose("sample", address)
    access.log("opened", page="sample", run=run.path.name, task=f"{sample.suite}/{sample.task}", sample=address)
    _head(place, shown, sample, stored.manifest(run))
    if is_masked(shown):
        show_mask(shown, "show_sample")
        _numbers(shown)
    else:
        _texts(shown, text)
    if sample.completions:
        _completions(place, sample, text)
    _attributions(run, shown, [a for a in stored.attributions(run) if _is_about(a, shown, sample)])
    if is_masked(sample) or any(is_masked(sample.as_answered_by(one)) for one in range(len(sample.completions))):
        st.caption("The sample can be saved as JSON once all its hidden text has been shown.")
        return
    name = f"{sample.task}-{place.sample_id}.json"
    record = to_json(plain_values(sample))
    st.download_button(
        "Sample as JSON", record, name, "application/json", icon=":material/download:", on_click="ignore"
    )


def _completion(place: Walk, sample: Sample) -> int | None:
    """Which of its completions the address names; None for the sample as a whole."""
    wanted = links.chosen("sample")
    identity, index = split_address(wanted or "")
    if wanted == place.sample_id or identity != place.sample_id or index is None:
        return None
    if index < len(sample.completions):
        return index
    st.warning(f"This sample has no text {plain(f'#{index}')}. This is the sample as a whole.")
    return None


def _head(place: Walk, shown: Sample, sample: Sample, manifest: RunManifest) -> None:
    """Right or wrong and why; then what kind of sample it is."""
    if shown is sample:
        title = heading(shown, place.result, is_masked=is_masked(shown))
    else:
        title = f"Sampled text: {number(shown.score, 'any')}" if shown.error is None else "Sampled text: not judged"
    # As HTML, which takes foreign words literally: headings of Streamlit are Markdown.
    st.html(Markup('<h1 class="audit-heading">{}</h1>').format(title))
    with st.container(horizontal=True, vertical_alignment="center"):
        for flag in shown.flags:
            st.badge(in_badge(flag.value.replace("_", " ")), color="orange", icon=":material/flag:")
        for name in slice_names(shown.slices):
            st.badge(in_badge(name[:80]), color="gray")
    context = manifest.model.max_length if Flag.TRUNCATED_PROMPT in sample.flags else None
    asked = prompt_text(shown.tokens_in, context)
    about = [words.task_title(manifest, shown.task), words.task_question(manifest, shown.task)]
    st.caption(plain(" · ".join(filter(None, about))))
    st.caption(
        plain(f"{shown.suite}/{shown.task} · sample {shown.sample_id} · {asked}, {shown.tokens_out:,} out")
        + (plain(f" · cluster {shown.cluster[:60]}") if shown.cluster else "")
        + (plain(f" · pair {shown.pair[:60]}") if shown.pair else "")
    )
    if shown.error:
        st.error(f"This {'item' if shown is sample else 'text'} could not be scored:", icon=":material/error:")
        st.text(readable(shown.error, 1000))


def _texts(shown: Sample, index: int | None) -> None:
    is_choice = shown.choice is not None and bool(shown.choice.options) and index is None
    prompt, answer = st.columns([1, 1] if is_choice else [4, 3], gap="medium")
    with prompt:
        show_prompt(shown)
    with answer:
        if shown.choice is not None and is_choice:
            st.markdown("**Options**")
            show_options(shown.choice)
        else:
            st.markdown("**Output**" if index is None else rf"**Sampled text \#{index}**")
            show_text(shown.output, absent="Nothing came back, or it was not kept.", height=240)
            st.markdown("**Reference**")
            show_text(shown.reference, absent="This task has no reference.", height=240)
        show_thinking(shown)
        _numbers(shown)


def _numbers(shown: Sample) -> None:
    """Scores by name, and what personal data was found."""
    rows = [{"Score": "Score of the item", "Value": number(shown.score, "any")}]
    if shown.confidence is not None:
        rows.append({"Score": "Confidence: its probability of the option it chose", "Value": percent(shown.confidence)})
    rows += [
        {"Score": name.replace("_", " "), "Value": number(value, "any")}
        for name, value in shown.scores.items()
        if shown.choice is None or not name.startswith(OPTION_SCORE)
    ]
    st.markdown("**Scores**")
    wrapped_table(rows)
    if shown.findings:
        st.markdown("**Personal data found**")
        wrapped_table([_finding(one) for one in shown.findings])


def _finding(one: FindingRecord) -> dict[str, object]:
    """A finding without its value, which no file holds."""
    where = "reasoning" if one.field == "thinking" else "output"
    note = "reserved for examples" if one.reserved else "replaced"
    return {"Kind": one.kind, "Where": f"{where}, characters {one.start:,} to {one.end:,}", "Note": note}


def _completions(place: Walk, sample: Sample, index: int | None) -> None:
    """All texts that were sampled for the prompt; a row opens its text."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(counted(len(sample.completions), "sampled text"), anchor=False, width="content")
        if index is not None:
            st.button("Whole sample", key="whole_sample", on_click=links.choose, args=("sample", place.sample_id))
    whole = "The output above is the text that the sample's score is about."
    st.caption(f"{whole if index is None else plain(f'Above is text #{index}.')} A row opens its text.")
    labels = list(dict.fromkeys(label for one in sample.completions for label in one.labels))
    rows_table(
        "Sampled texts",
        f"texts_{place.sample_id}",
        [*TEXT_COLUMNS, *(Column(excerpt(label) or "", "number") for label in labels)],
        [_row(sample, place, labels) for place in range(len(sample.completions))],
        lambda key: links.choose("sample", completion_address(place.sample_id, int(key))),
        Sorting("", descending=False, change=lambda _: None),
    )


def _row(sample: Sample, place: int, labels: Sequence[str]) -> TableRow:
    """One completion in the table."""
    one = sample.completions[place]
    text = Cell(MASKED, "muted") if is_masked(sample.as_answered_by(place)) else excerpt(one.text)
    values = [one.value, *(one.labels.get(label) for label in labels)]
    value, *others = [None if value is None else number(value, "probability") for value in values]
    cells: list[str | Cell | None] = [
        f"#{place}",
        text or Cell("(empty)" if one.text == "" else "—", "muted"),
        value,
        ", ".join(sorted(flag.value for flag in one.flags)) or None,
        one.finish_reason,
        f"{one.tokens_out:,}",
        excerpt(one.error),
    ]
    return TableRow(str(place), [*cells, *others])


def _is_about(attribution: Attribution, shown: Sample, sample: Sample) -> bool:
    """Whether an attribution is of what is shown; that of a sample is of the text that its score is about."""
    same = attribution.sample_id == sample.sample_id
    return same and (shown is sample or attribution.target == shown.output)


def _attributions(run: RunFolder, shown: Sample, attributions: Sequence[Attribution]) -> None:
    st.header("Why this answer", anchor=False)
    if not attributions:
        why = not_explainable(shown)
        command = explain_command(str(run.path), shown)
        outcome = f"cannot be explained: {why}." if why else "was not explained: a run explains only a few per task."
        st.caption(f"This sample {outcome}{' This command explains it:' if command else ''}")
        if command:
            st.code(command, language="bash", wrap_lines=True)
            if st.button("Explain now", icon=":material/lightbulb:"):
                menu.open_page(
                    "explanations",
                    **links.here(),
                    task=links.chosen("task") or "",
                    sample=links.chosen("sample") or "",
                )
        return
    if is_masked(shown):
        st.caption(f"{len(attributions)} explanations, hidden with the text.")
        return
    attribution.show(attributions)
