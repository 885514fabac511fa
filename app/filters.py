"""Boxes by which a reader says which samples to list. What is chosen lives in the address (:mod:`audit.app.links`)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from audit.app import links, messages
from audit.reports.browsing.selection import LONGEST_TEXT, MARKS, RESULTS, SEARCH_HELP, SORTS, WITHOUT_FLAG, Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamlit.delta_generator import DeltaGenerator

    from audit.reports.browsing.sample_index import SampleIndex

EVERY = "all"
ORDERS = {
    "run": "Order of the run",
    "worst": "Worst first",
    "task": "Task",
    "result": "Result",
    "score": "Score",
    "confidence": "Confidence",
    "question": "Question",
    "output": "Output",
    "reference": "Reference",
    "texts": "Number of sampled texts",
    "flags": "Flags",
    "tokens": "Length of the prompt",
}
"""Of :data:`audit.reports.browsing.selection.SORTS`."""
MARK_HELP = (
    "Flagged: the sample carries a remark. Explained: an attribution shows which words moved the answer. Unreadable "
    "answer: empty, or not in the format that the task asks for."
)


def choose(index: SampleIndex) -> Selection:
    """The boxes, filled with what is chosen; they offer what occurs in the run.

    Args:
        index: Samples of the run.
    """
    wanted = links.selection()
    _texts_and_tasks(index, wanted)
    _results(index, wanted)
    marks, order = st.columns([3, 1], vertical_alignment="bottom")
    with marks:
        _marks(wanted)
    with order:
        _order(wanted)
    _details(index, wanted)
    return wanted


def slice_names(slices: dict[str, str]) -> list[str]:
    """The subsets a sample is in, as ``name = value``."""
    return [f"{name} = {value}" for name, value in slices.items()]


def _texts_and_tasks(index: SampleIndex, wanted: Selection) -> None:
    text, tasks = st.columns([3, 2])
    with text:
        _set("text", wanted.text)
        st.text_input(
            "Search",
            key="filter_text",
            placeholder="Words in prompt, output, reference or reasoning",
            icon=":material/search:",
            max_chars=LONGEST_TEXT,
            on_change=_changed,
            args=("text",),
            help=SEARCH_HELP,
        )
    names = [file.name for file in index.files]
    _several(tasks, "Tasks", "tasks", names, wanted.tasks, "all")


def _results(index: SampleIndex, wanted: Selection) -> None:
    """What samples came to, with how many did."""
    counts = index.results(wanted)
    offered = [EVERY, *(result for result in RESULTS if counts.get(result) or result == wanted.result)]
    every = sum(counts.values())
    _set("result", wanted.result or EVERY)
    st.segmented_control(
        "Result",
        offered,
        key="filter_result",
        format_func=lambda name: f"{name.capitalize()} {every if name == EVERY else counts.get(name, 0):,}",
        on_change=_changed,
        args=("result",),
        required=True,
    )


def _marks(wanted: Selection) -> None:
    _set("marks", [*wanted.marks])
    st.pills(
        "Only",
        MARKS,
        key="filter_marks",
        selection_mode="multi",
        format_func=str.capitalize,
        on_change=_changed,
        args=("marks",),
        help=MARK_HELP,
    )


def _order(wanted: Selection) -> None:
    _set("sort", wanted.sort)
    st.selectbox(
        "Sort by", SORTS, key="filter_sort", format_func=ORDERS.__getitem__, on_change=_changed, args=("sort",)
    )


def _details(index: SampleIndex, wanted: Selection) -> None:
    """Filters that few readers need, folded until one is set."""
    is_set = bool(wanted.suites or wanted.flags or wanted.slices) or wanted.low is not None or wanted.high is not None
    with st.expander("More filters", expanded=is_set, icon=":material/tune:"):
        suites, flags, slices = st.columns([1, 1, 2])
        _several(suites, "Suites", "suites", list(dict.fromkeys(f.suite for f in index.files)), wanted.suites, "all")
        _several(flags, "Flags", "flags", [*index.flags(wanted), WITHOUT_FLAG], wanted.flags, "any")
        names, every = index.slices(wanted)
        _several(slices, "Slices", "slices", names, wanted.slices, "any")
        if every > len(names):
            slices.caption(f"The {len(names):,} most frequent of {every:,} slices.")
        _scores(index, wanted)


def _scores(index: SampleIndex, wanted: Selection) -> None:
    """Ends of the score: of one task alone, since scores of several share no scale."""
    chosen = [f for f in index.files if f.name in wanted.tasks] if wanted.tasks else index.files
    if len(chosen) != 1:
        st.caption("Choose one task to filter by its score.")
        return
    ends = index.score_range(wanted)
    if ends is None or ends[0] == ends[1]:
        return
    low, high = ends
    shown = (
        max(low, min(high, wanted.low if wanted.low is not None else low)),
        min(high, max(low, wanted.high if wanted.high is not None else high)),
    )
    _set("scores", shown if shown[0] <= shown[1] else ends)
    st.slider("Score", low, high, key="filter_scores", on_change=_scores_changed, args=(low, high))


def _several(
    place: DeltaGenerator, label: str, name: str, offered: Sequence[str], chosen: Iterable[str], placeholder: str
) -> None:
    """A box for several values; what is chosen and does not occur stays, so that it can be taken away."""
    kept = list(chosen)
    _set(name, kept)
    place.multiselect(
        label,
        list(dict.fromkeys([*offered, *kept])),
        key=f"filter_{name}",
        placeholder=placeholder,
        on_change=_changed,
        args=(name,),
    )


def _set(name: str, value: Any) -> None:  # noqa: ANN401 - of any box
    st.session_state[f"filter_{name}"] = value


def _changed(name: str) -> None:
    value = st.session_state[f"filter_{name}"]
    if name == "text":
        value = value.strip()
    elif name == "result":
        value = None if value == EVERY else value
    elif name != "sort":
        value = tuple(value or ())
    changed: dict[str, Any] = {name: value} | ({"descending": False} if name == "sort" else {})
    links.keep(replace(links.selection(), page=1, **changed))


def _scores_changed(low: float, high: float) -> None:
    ends_sent = messages.accepted(
        st.session_state["filter_scores"], lambda sent: _range(sent, low, high), "filter_scores"
    )
    if ends_sent is None:
        return
    first, last = ends_sent
    ends: dict[str, Any] = {"low": None if first == low else first, "high": None if last == high else last}
    links.keep(replace(links.selection(), page=1, **ends))


def _range(sent: Any, low: float, high: float) -> tuple[float, float]:  # noqa: ANN401 - of a browser
    first, last = sent
    if not first <= last:  # NaN is neither
        raise ValueError
    return float(max(low, min(first, high))), float(max(low, min(last, high)))
