"""Walking through the samples that were filtered: where a sample is in its list, and the ones before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import links, menu
from audit.app.elements.paging import PAGE_SIZE
from audit.app.elements.results import list_text
from audit.app.untrusted import plain
from audit.core.records import split_address
from audit.reports.browsing.sample_index import neighbours
from audit.reports.browsing.selection import Selection

if TYPE_CHECKING:
    from audit.reports.browsing.sample_index import SampleIndex, SampleKey, SampleList

KEYS = "← and → walk through the list, B goes back to it."


@dataclass(frozen=True)
class Walk:
    """The sample that is looked at."""

    key: SampleKey
    """Where it is in the run."""
    sample_id: str
    """Its id, as addresses have it."""
    result: str
    """What it came to."""


def walk(index: SampleIndex) -> Walk | None:
    """The sample of the address, with buttons to the samples before and after it in the list."""
    if st.session_state.pop("to_list", False):
        menu.open_page("samples", **links.here())
    selection = links.selection()
    task = _task(index)
    key = _wanted(index, task)
    found = index.find(selection)
    if key is None:
        key, selection, found = _first(index, selection, task)
    place = found.place(key)
    if place is None:  # a link to a sample that the filters leave out
        selection = Selection(tasks=(index.files[key.file].name,))
        found = index.find(selection)
        place = found.place(key)
    if place is None:
        return None
    _buttons(index, selection, found, place, is_listed=selection == links.selection())
    links.choose("task", index.files[key.file].name)
    ((sample_id, result, _),) = index.facts([key])
    return Walk(key, sample_id, result)


def _task(index: SampleIndex) -> str | None:
    """The task of the address; ``boolq`` is enough for ``evals/boolq``."""
    wanted = links.chosen("task")
    names = [file.name for file in index.files]
    task = next((name for name in names if wanted and (name == wanted or name.endswith(f"/{wanted}"))), None)
    if wanted and task is None:
        st.warning(f"This run has no task {plain(wanted)}.", icon=":material/link_off:")
    return task


def _wanted(index: SampleIndex, task: str | None) -> SampleKey | None:
    """The sample of the address, which may be of one of its completions: ``SAMPLE_ID#3``."""
    wanted = links.chosen("sample")
    if not wanted:
        return None
    identity = split_address(wanted)[0]
    opened: SampleKey | None = st.session_state.get("sample_key")
    if opened is not None and opened.file < len(index.files) and index.files[opened.file].name == task:
        facts = index.facts([opened])
        if facts and facts[0][0] in (wanted, identity):
            return opened
    return index.key(task, wanted) or index.key(task, identity)


def _first(index: SampleIndex, selection: Selection, task: str | None) -> tuple[SampleKey, Selection, SampleList]:
    """The sample to show where the address names none, or one that is not there; the list is then of its task."""
    wanted = links.chosen("sample")
    if wanted:
        of = "This task" if task else "This run"
        st.warning(f"{of} has no sample {plain(wanted)}. This is its first one.", icon=":material/link_off:")
    of_task = (task,) if task else selection.tasks
    for wider in (replace(selection, tasks=of_task), Selection(tasks=(task,) if task else ()), Selection()):
        found = index.find(wider)
        if len(found):
            break
    links.keep(wider)
    return found[0], wider, found


def _buttons(index: SampleIndex, selection: Selection, found: SampleList, place: int, *, is_listed: bool) -> None:
    """Back to the list, to the sample before and to the one after; where this one is."""
    before, after = neighbours(found, place)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "List", key="to_list_button", icon=":material/arrow_back:", shortcut="B", on_click=_to_list, args=(place,)
        )
        step_buttons("step", index, before, after)
        st.markdown(f"**{place + 1:,} of {plain(list_text(selection, len(found)))}**", width="content")
        if not is_listed and selection.result is None and links.selection().is_filtered:
            st.caption("The filters leave this sample out: these are the samples of its task.")
    st.caption(KEYS)


def step_buttons(key: str, index: SampleIndex, before: SampleKey | None, after: SampleKey | None) -> None:
    """Buttons to the samples before and after this one; disabled where there is none.

    Args:
        key: What the buttons' keys begin with.
        index: The run's samples.
        before: The sample before.
        after: The sample after.
    """
    for label, shortcut, target in (("Previous", "Left", before), ("Next", "Right", after)):
        st.button(
            label,
            key=f"{key}_{label}",
            shortcut=shortcut,
            disabled=target is None,
            on_click=links.go_to,
            args=(index, target),
        )


def _to_list(place: int) -> None:
    """Go back to the page of the list that holds the sample."""
    selection = links.selection()
    links.keep(replace(selection, page=1 + place // PAGE_SIZE))
    st.session_state["to_list"] = True
