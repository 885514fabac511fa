"""Page: the samples of a run, filtered, searched and sorted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import filters, links, menu, stored
from audit.app.elements.paging import PAGE_SIZE, page_buttons
from audit.app.elements.results import list_text, result_cell
from audit.app.elements.rows import Cell, Column, Sorting, TableRow, rows_table
from audit.app.untrusted import MASKED, excerpt, is_masked, plain
from audit.core.formatting import ABSENT, number, percent
from audit.core.words import task_title
from audit.reports.browsing.prompt_parts import question_text
from audit.reports.browsing.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import RunManifest, Sample
    from audit.core.run_folder import RunFolder
    from audit.reports.browsing.sample_index import SampleIndex, SampleKey, SampleList

KEYS = "A row opens by a click, or by Enter: Tab leads into the table, ↑ and ↓ walk through it, ← and → turn pages."


def page(run: RunFolder, _settings: AppSettings) -> None:
    """Filters, and a table whose rows open."""
    if st.session_state.pop("to_open", False):
        place = {name: links.chosen(name) or "" for name in ("task", "sample")}
        menu.open_page("sample", **links.here(), **place)
    links.leave_out("task", "sample")
    st.title("Samples", anchor=False)
    if not stored.tasks(run):
        st.info("This run has no samples yet.")
        return
    _browse(stored.index(run), stored.manifest(run))


def _browse(index: SampleIndex, manifest: RunManifest) -> None:
    selection = filters.choose(index)
    found = index.find(selection)
    selection = replace(selection, page=min(selection.page, found.pages(PAGE_SIZE)))
    _count(selection, found)
    if not len(found):
        st.info("No sample fits these filters.")
        return
    keys = found.page(selection.page, PAGE_SIZE)
    rows_table(
        "Samples",
        "samples_table",
        _columns(),
        _rows(index, keys, manifest, with_task=len(selection.tasks) != 1),
        lambda key: _open(index, key),
        Sorting(selection.sort, selection.descending, lambda by: _sort(selection, by)),
    )
    page_buttons(selection.page, len(found), lambda page: links.keep(replace(selection, page=page)))
    st.caption(KEYS)


def _count(selection: Selection, found: SampleList) -> None:
    """How many there are, and a way back to all."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(list_text(selection, len(found)))}**", width="content")
        if selection.is_filtered:
            st.button(
                "Clear filters",
                key="clear_filters",
                type="tertiary",
                icon=":material/close:",
                on_click=links.keep,
                args=(Selection(sort=selection.sort, descending=selection.descending),),
            )


def _sort(selection: Selection, by: str) -> None:
    """Sort by the column of the heading; the other way round where it is sorted by that."""
    links.keep(replace(selection, sort=by, descending=selection.sort == by and not selection.descending, page=1))


def _columns() -> list[Column]:
    return [
        Column("Result", sort="result"),
        Column(
            "Question", "main", sort="question", help="What was asked, without few-shot examples; below it the task"
        ),
        Column("Output", "text", sort="output"),
        Column("Reference", "text", sort="reference", minor=True),
        Column("Score", "number", sort="score", help="The primary score of the item, by the task's own measure"),
        Column("Confidence", "number", sort="confidence", minor=True, help="Its probability of the option it chose"),
        Column("Remarks", "text", sort="flags", minor=True),
    ]


def _rows(index: SampleIndex, keys: Sequence[SampleKey], manifest: RunManifest, *, with_task: bool) -> list[TableRow]:
    facts, samples = index.facts(keys), index.samples(keys)
    rows = []
    for key, (_, result, explained), sample in zip(keys, facts, samples, strict=True):
        hidden = is_masked(sample)
        question, output, reference = (
            Cell(MASKED, "muted") if hidden and text is not None else excerpt(text)
            for text in (question_text(sample), sample.output, sample.reference)
        )
        asked = question if isinstance(question, Cell) else Cell(question) if question else Cell("(empty)", "muted")
        task = [Cell(task_title(manifest, sample.task), "muted")] if with_task else []
        cells: list[str | Cell | list[Cell] | None] = [
            result_cell(result),
            [asked, *task],
            output if output != "" else Cell("(empty)", "muted"),
            reference,
            number(sample.score, "any"),
            ABSENT if sample.confidence is None else percent(sample.confidence),
            _remarks(sample, explained=explained),
        ]
        rows.append(TableRow(str(key), cells))
    return rows


def _remarks(sample: Sample, *, explained: bool) -> str | None:
    texts = [f"{len(sample.completions):,} texts"] if sample.completions else []
    flags = sorted(flag.value.replace("_", " ") for flag in sample.all_flags)
    return ", ".join([*flags, *texts, *(["explained"] if explained else [])]) or None


def _open(index: SampleIndex, shown: str) -> None:
    """Remember which sample was opened; the page then goes there."""
    links.go_to(index, index.key_of(shown))
    st.session_state["to_open"] = True
