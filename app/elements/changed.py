"""The items of two runs that changed: a list to filter and search, and one item side by side."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import access, links, stored
from audit.app.elements.pair import CHANGES, MEANINGS, heading, show_pair
from audit.app.elements.rows import Cell, Column, Sorting, TableRow, rows_table
from audit.app.untrusted import MASKED, excerpt, is_masked, plain, wrapped_table
from audit.core.formatting import counted, number, signed
from audit.core.words import task_title
from audit.reports.browsing.pair_index import CHANGES as KINDS
from audit.reports.browsing.pair_index import PairSelection
from audit.reports.browsing.prompt_parts import question_text
from audit.reports.browsing.sample_index import SampleIndex, neighbours
from audit.reports.browsing.selection import LONGEST_TEXT, SEARCH_HELP

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.app.links import Name
    from audit.core.records import RunManifest
    from audit.core.run_folder import RunFolder
    from audit.reports.browsing.pair_index import PairIndex
    from audit.reports.browsing.sample_index import SampleKey, SampleList

PAGE_SIZE = 50
"""Items on a page of the list."""
EVERY = "all"
KEYS = "A row opens by a click, or by Enter; ← and → turn pages."
ITEM_KEYS = "← and → walk through the list, B goes back to it."
KEPT_KEY, TO_SAMPLE_KEY = "pair_key", "pair_to_sample"


def show_items(index: PairIndex, baseline: RunFolder, candidate: RunFolder) -> None:
    """The item of the address, else the list.

    Args:
        index: The items of both runs.
        baseline: The run that is compared with.
        candidate: The run that is looked at.
    """
    wanted = links.chosen("item")
    if wanted is not None:
        key = _wanted(index, wanted)
        if key is not None:
            _item(index, key, baseline, candidate)
            return
        st.warning(plain(f"There is no item {wanted} in both runs."), icon=":material/link_off:")
        links.choose("item", None)
    _list(index, baseline, candidate)


def _list(index: PairIndex, baseline: RunFolder, candidate: RunFolder) -> None:
    st.header("Items", anchor=False)
    if not index.files:
        st.info("The runs have no task in common whose samples can be paired.")
        return
    selection = _filters(index, stored.manifest(candidate))
    found = index.find(selection)
    st.markdown(f"**{_said(selection, len(found))}**")
    if len(found):
        _table(index, found, baseline, candidate)
    _by_slice(index, selection)


def _filters(index: PairIndex, manifest: RunManifest) -> PairSelection:
    """The boxes, filled with what is chosen; they offer what occurs."""
    names = [file.name for file in index.files]
    task = _task(names)
    slices = [one.name for one in index.by_slice(task)] if task else []
    wanted, kind = links.chosen("slice"), links.chosen("change")
    chosen = wanted if wanted in slices else None
    selection = PairSelection((links.chosen("find") or "")[:LONGEST_TEXT], task, None, chosen)
    counts = index.changes(selection)
    offered = [one for one in KINDS if counts.get(one)]
    change = kind if kind in KINDS else None
    text, *boxes = st.columns([3, 2, 2] if slices else [3, 2])
    _box("find", selection.text)
    text.text_input(
        "Search",
        key="pair_find",
        placeholder="Words in prompt, output or reference of either run",
        icon=":material/search:",
        max_chars=LONGEST_TEXT,
        on_change=_changed,
        args=("find",),
        help=SEARCH_HELP,
    )
    _box("in", task or EVERY)
    titles = {file.name: task_title(manifest, file.later.task) for file in index.files}
    alike = Counter(titles.values())  # Streamlit finds a choice by its label, and would go on with the namesake
    shown = {name: title if alike[title] == 1 else f"{title} ({name})" for name, title in titles.items()}
    _select(boxes[0], "Task", "in", [EVERY, *names], lambda name: shown.get(name, name))
    if slices:
        _box("slice", chosen or EVERY)
        _select(boxes[1], "Slice", "slice", [EVERY, *slices], str)
    _box("change", change or EVERY)
    changed = sum(counts.get(kind, 0) for kind in KINDS if kind != "same")
    st.segmented_control(
        "Change",
        [EVERY, *dict.fromkeys([*offered, *([change] if change else [])])],
        key="pair_change",
        format_func=lambda kind: (
            f"All changes {changed:,}" if kind == EVERY else f"{CHANGES[kind][1]} {counts.get(kind, 0):,}"
        ),
        on_change=_changed,
        args=("change",),
        required=True,
        help="; ".join(f"{CHANGES[kind][1]}: {MEANINGS[kind]}" for kind in offered) or None,
    )
    return PairSelection(selection.text, task, change, chosen)


def _task(names: list[str]) -> str | None:
    """The task of the address; ``boolq`` is enough for ``evals/boolq``."""
    wanted = links.chosen("in")
    return next((name for name in names if wanted and (name == wanted or name.endswith(f"/{wanted}"))), None)


def _select(
    place: st.delta_generator.DeltaGenerator,
    label: str,
    name: Name,
    options: list[str],
    shown: Callable[[str], str],
) -> None:
    place.selectbox(
        label,
        options,
        key=f"pair_{name}",
        format_func=shown,
        on_change=_changed,
        args=(name,),
    )


def _box(name: str, value: str) -> None:
    st.session_state[f"pair_{name}"] = value


def _changed(name: Name) -> None:
    value = st.session_state[f"pair_{name}"]
    links.choose(name, None if value in (EVERY, None) else value.strip()[:LONGEST_TEXT] or None)
    links.choose("at", None)
    if name == "in":
        links.choose("slice", None)


def _said(selection: PairSelection, count: int) -> str:
    """What the list holds."""
    if selection.change is None and not count:
        return "No item changed."
    kind = "changed" if selection.change is None else CHANGES[selection.change][1].lower()
    return f"{counted(count, 'item')}: {kind}"


def _table(index: PairIndex, found: SampleList, baseline: RunFolder, candidate: RunFolder) -> None:
    pages = found.pages(PAGE_SIZE)
    wanted = links.chosen("at") or "1"
    page = min(pages, max(1, int(wanted))) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 1
    keys = found.page(page, PAGE_SIZE)
    several = len({key.file for key in keys}) > 1
    rows_table(
        "Changed items",
        "pairs_table",
        _columns(),
        _rows(index, keys, baseline, candidate, with_task=several),
        lambda key: _go_to(index, SampleIndex.key_of(key)),
        Sorting("", descending=False, change=lambda _: None),
    )
    if pages > 1:
        first = PAGE_SIZE * (page - 1) + 1
        with st.container(horizontal=True, vertical_alignment="center"):
            _turn("Previous page", "Left", page - 1, pages)
            _turn("Next page", "Right", page + 1, pages)
            last = first + len(keys) - 1
            st.caption(f"{first:,} to {last:,} of {len(found):,} · page {page:,} of {pages:,}")
    st.caption(KEYS)


def _turn(label: str, key: str, target: int, pages: int) -> None:
    st.button(
        label,
        key=f"pair_turn_{key}",
        shortcut=key,
        disabled=not 1 <= target <= pages,
        on_click=links.choose,
        args=("at", str(target)),
    )


def _columns() -> list[Column]:
    return [
        Column("Change"),
        Column("Question", "main", help="What was asked, without few-shot examples; below it the task"),
        Column("Output: baseline", "text"),
        Column("Output: this run", "text"),
        Column("Score", "number", help="Of the item: before, now, and the change"),
    ]


def _rows(
    index: PairIndex, keys: list[SampleKey], baseline: RunFolder, candidate: RunFolder, *, with_task: bool
) -> list[TableRow]:
    rows, manifest = [], stored.manifest(candidate)
    for key, facts, (earlier, later) in zip(keys, index.facts(keys), index.pairs(keys), strict=True):
        hidden = is_masked(earlier, baseline.path.name) or is_masked(later, candidate.path.name)
        question, before, after = (
            Cell(MASKED, "muted") if hidden and text is not None else _cell(text)
            for text in (question_text(later), earlier.output, later.output)
        )
        sign, word, tone = CHANGES[facts.change]
        scores = [Cell(f"{number(earlier.score, 'any')} → {number(later.score, 'any')}")]
        if facts.moved:
            scores.append(Cell(signed(facts.moved, "any"), tone))
        task = [Cell(task_title(manifest, later.task), "muted")] if with_task else []
        cells: list[Cell | list[Cell]] = [Cell(f"{sign} {word}", tone), [question, *task], before, after, scores]
        rows.append(TableRow(str(key), cells))
    return rows


def _cell(text: str | None) -> Cell:
    shown = excerpt(text)
    return Cell(shown) if shown else Cell("(empty)", "muted")


def _by_slice(index: PairIndex, selection: PairSelection) -> None:
    """What became of the items of each slice of the task."""
    if selection.task is None:
        return
    found = [one for one in index.by_slice(selection.task) if one.higher or one.lower]
    if not found:
        return
    with st.expander("By slice", icon=":material/segment:"):
        wrapped_table(
            [
                {
                    "Slice": one.name,
                    "Items": f"{one.n:,}",
                    "Higher score": f"{one.higher:,}",
                    "Lower score": f"{one.lower:,}",
                    "Mean change": signed(one.moved, "any"),
                }
                for one in sorted(found, key=lambda one: one.moved)
            ]
        )
        st.caption("Counts, not tests: All metrics and slices, above, has intervals and p-values.")


def _wanted(index: PairIndex, wanted: str) -> SampleKey | None:
    """The item of the address; of several with one id the one that was opened."""
    task = _task([file.name for file in index.files])
    opened: SampleKey | None = st.session_state.get(KEPT_KEY)
    if opened is not None and opened.file < len(index.files):
        of_task = task in (None, index.files[opened.file].name)
        if of_task and any(facts.sample_id == wanted for facts in index.facts([opened])):
            return opened
    return index.key(task, wanted)


def _go_to(index: PairIndex, key: SampleKey) -> None:
    links.choose("item", index.facts([key])[0].sample_id)
    st.session_state[KEPT_KEY] = key


def _item(index: PairIndex, key: SampleKey, baseline: RunFolder, candidate: RunFolder) -> None:
    """One item, with the way to the items before and after in the list."""
    (facts,), ((earlier, later),) = index.facts([key]), index.pairs([key])
    task = index.files[key.file].name
    runs = {"run": candidate.path.name, "baseline": baseline.path.name}
    access.log("opened", page="compare", **runs, task=task, sample=facts.sample_id)
    chosen = links.chosen("change")
    selection = PairSelection(
        (links.chosen("find") or "")[:LONGEST_TEXT],
        _task([file.name for file in index.files]),
        chosen if chosen in KINDS else None,
        links.chosen("slice"),
    )
    found = index.find(selection)
    place = found.place(key)
    if place is None:  # a link to an item that the filters leave out
        selection = PairSelection(task=task, change=facts.change)
        found = index.find(selection)
        place = found.place(key)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("List", icon=":material/arrow_back:", shortcut="B", on_click=links.choose, args=("item", None))
        before, after = neighbours(found, place) if place is not None else (None, None)
        for label, shortcut, target in (("Previous", "Left", before), ("Next", "Right", after)):
            st.button(
                label, key=f"pair_{label}", shortcut=shortcut, disabled=target is None, on_click=_go_to,
                args=(index, target),
            )  # fmt: skip
        if place is not None:
            st.markdown(f"**{place + 1:,} of {_said(selection, len(found))}**", width="content")
    st.caption(ITEM_KEYS)
    st.html(heading(facts))
    st.caption(plain(f"{task} · item {facts.sample_id}"))
    show_pair(earlier, later, (baseline.path.name, candidate.path.name))
    with st.container(horizontal=True):
        for label, run in (("Open in the baseline", baseline), ("Open in this run", candidate)):
            where = {"run": run.path.name, "task": task, "sample": facts.sample_id}
            st.button(label, icon=":material/article:", on_click=_to_sample, args=(where,))


def _to_sample(where: dict[str, str]) -> None:
    st.session_state[TO_SAMPLE_KEY] = where
