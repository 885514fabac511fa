"""The explained samples of a run as a list whose rows open, and the way from one to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import links
from audit.app.elements.paging import PAGE_SIZE, page_buttons
from audit.app.elements.results import result_cell
from audit.app.elements.rows import Cell, Column, Sorting, TableRow, rows_table
from audit.app.elements.walk import step_buttons
from audit.app.untrusted import MASKED, excerpt, is_masked
from audit.core.formatting import counted
from audit.core.records import split_address
from audit.core.words import task_title
from audit.reports.attribution.order import by_sample, is_worth_showing
from audit.reports.browsing.prompt_parts import question_text
from audit.reports.browsing.sample_index import neighbours
from audit.reports.browsing.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.elements.rows import Tone
    from audit.core.records import Attribution, RunManifest, Sample
    from audit.reports.browsing.sample_index import SampleIndex, SampleKey, SampleList

LIST_KEY = "explained_list"
EXPLAINED = Selection(marks=("explained",))
TONES: dict[str, Tone] = {"believable": "good", "weak": "warn", "do not believe": "bad"}
KEYS = "← and → walk through the explained samples, B goes back to the list."
COLUMNS = (
    Column("Result", sort="result"),
    Column("Question", "main", sort="question", help="What was asked, without few-shot examples; below it the task"),
    Column("Answer", "text", sort="output"),
    Column("Most faithful", help="The verdict on the method whose values are the most faithful, and which one that is"),
    Column("Methods", "prose", help="The most faithful first"),
    Column("Chosen as", "text", minor=True, help="Why the run explained this sample"),
)


def show_list(index: SampleIndex, manifest: RunManifest, found: Sequence[Attribution]) -> None:
    """The list of explained samples.

    Args:
        index: The samples of the run.
        manifest: For titles of tasks.
        found: All attributions of the run.
    """
    selection = _selection()
    listed = index.find(selection)
    selection = replace(selection, page=min(selection.page, listed.pages(PAGE_SIZE)))
    st.markdown(f"**{counted(len(listed), 'explained sample')}**")
    if not len(listed):
        return
    rows_table(
        "Explained samples",
        "explained_table",
        COLUMNS,
        _rows(index, listed.page(selection.page, PAGE_SIZE), manifest, found),
        lambda key: links.go_to(index, index.key_of(key)),
        Sorting(selection.sort, selection.descending, lambda by: _keep(_sorted(selection, by))),
    )
    page_buttons(selection.page, len(listed), lambda page: _keep(replace(selection, page=page)))


def walk_buttons(index: SampleIndex, key: SampleKey) -> bool:
    """Back to the list, to the explained sample before this one and to the one after; where this one is.

    Returns:
        Whether the reader wants to see the sample on its own page.
    """
    listed = index.find(_selection())
    place = listed.place(key)
    before, after = (None, None) if place is None else neighbours(listed, place)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("List", key="to_explained", icon=":material/arrow_back:", shortcut="B", on_click=_to_list)
        step_buttons("explained", index, before, after)
        where = "Not among the explained samples" if place is None else _place_text(listed, place)
        st.markdown(f"**{where}**", width="content")
        st.space("stretch")
        is_wanted = st.button("Open the sample", icon=":material/article:")
    st.caption(KEYS)
    return is_wanted


def methods_of(found: Sequence[Attribution], sample: Sample) -> list[Attribution]:
    """The attributions of a sample, or of a sampled text of one, the most faithful first."""
    identity, text = split_address(sample.sample_id)
    whole = (sample.suite, sample.task, identity)
    mine = [one for one in found if (one.suite, one.task, one.sample_id) in (whole, _identity(sample))]
    if text is not None:  # those of the sample are of the text that its score is about
        mine = [one for one in mine if one.target == sample.output]
    return [one for group in by_sample(mine) for one in group]


def _place_text(listed: SampleList, place: int) -> str:
    return f"{place + 1:,} of {counted(len(listed), 'explained sample')}"


def _identity(sample: Sample) -> tuple[str, str, str]:
    return sample.suite, sample.task, sample.sample_id


def _selection() -> Selection:
    """How the list is sorted and which page of it is shown, as the reader left it."""
    kept: Selection = st.session_state.get(LIST_KEY, EXPLAINED)
    return kept


def _keep(selection: Selection) -> None:
    st.session_state[LIST_KEY] = selection


def _sorted(selection: Selection, by: str) -> Selection:
    """By a column; the other way round where it is sorted by that."""
    return replace(selection, sort=by, descending=selection.sort == by and not selection.descending, page=1)


def _to_list() -> None:
    links.leave_out("task", "sample")


def _rows(
    index: SampleIndex, keys: Sequence[SampleKey], manifest: RunManifest, found: Sequence[Attribution]
) -> list[TableRow]:
    about: dict[tuple[str | None, str | None, str | None], list[Attribution]] = {}
    for one in found:
        about.setdefault((one.suite, one.task, one.sample_id), []).append(one)
    rows = []
    for key, (_, result, _), sample in zip(keys, index.facts(keys), index.samples(keys), strict=True):
        hidden = is_masked(sample)
        question, answer = (
            Cell(MASKED, "muted") if hidden and text is not None else excerpt(text) or Cell("(empty)", "muted")
            for text in (question_text(sample), sample.output)
        )
        best_first = [one for group in by_sample(about.get(_identity(sample), [])) for one in group]
        cells: list[str | Cell | list[Cell] | None] = [
            result_cell(result),
            [
                question if isinstance(question, Cell) else Cell(question),
                Cell(task_title(manifest, sample.task), "muted"),
            ],
            answer,
            _verdict(best_first),
            ", ".join(dict.fromkeys(one.method for one in best_first)) or None,
            ", ".join(dict.fromkeys(one.reason for one in best_first)) or None,
        ]
        rows.append(TableRow(str(key), cells))
    return rows


def _verdict(best_first: Sequence[Attribution]) -> list[Cell] | None:
    """How far the most faithful method is to be believed; an attention sink is never named as such."""
    if not best_first:
        return None
    best = best_first[0]
    if not is_worth_showing(best):
        return [Cell("do not believe", "bad"), Cell("any of them", "muted")]
    return [Cell(best.verdict, TONES[best.verdict]), Cell(best.method, "muted")]
