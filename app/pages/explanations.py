"""Page: why the checkpoint answered as it did: stored explanations, drivers, and explanations made on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app import access, attribution, links, menu, messages, stored
from audit.app.elements import drivers, explaining
from audit.app.elements.prompt import show_prompt
from audit.app.untrusted import is_masked, plain, readable, show_mask, show_text, wrapped_table
from audit.core import words
from audit.core.records import Sample, split_address
from audit.reports.attribution.order import by_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import Attribution
    from audit.core.run_folder import RunFolder

TALL = 220
"""Pixels of a long text, which then scrolls."""


def page(run: RunFolder, _settings: AppSettings) -> None:
    """One explained sample with all its methods; what drives answers; a form that explains a prompt now."""
    st.title("Explanations", anchor=False)
    found = stored.attributions(run)
    benchmarks_first = sorted(found, key=lambda one: one.suite != "evals")
    places = list(dict.fromkeys(_place(one) for one in benchmarks_first if one.sample_id))
    wanted = _linked(run)
    if wanted is not None and wanted not in places:
        places.insert(0, wanted)
    if not found:
        st.info(
            "This run explained no samples. A configuration with explain.methods does; a prompt is explained below."
        )
    sample = None
    if places:
        chosen = _choose(places, wanted, found)
        sample = _sample(run, chosen)
        _show(run, sample, [one for one in found if _place(one) == chosen])
    drivers.show(stored.drivers(run))
    explaining.show(run, sample)


def _place(one: Attribution) -> str:
    return f"{one.suite}/{one.task}/{one.sample_id}"


def _linked(run: RunFolder) -> str | None:
    """The sample of the address, if the run has it."""
    sample, task = links.chosen("sample"), links.chosen("task")
    if not sample or not task:
        return None
    known = [f"{suite}/{name}" for suite, name in stored.tasks(run) if task in (name, f"{suite}/{name}")]
    identity = split_address(sample)[0]
    return f"{known[0]}/{sample}" if known and stored.index(run).key(known[0], identity) is not None else None


def _choose(places: Sequence[str], wanted: str | None, found: Sequence[Attribution]) -> str:
    """The explained sample that is looked at; the address follows."""
    about: dict[str, list[Attribution]] = {}
    for one in found:
        about.setdefault(_place(one), []).append(one)

    def label(place: str) -> str:
        if place not in about:
            return f"{place.rsplit('/', 1)[0]} · not explained"
        best = by_sample(about[place])[0][0]
        # What a probe asked and got is hidden, and its target is a part of that.
        target = readable(best.target, 40) if best.suite == "evals" else "hidden text"
        return f"{best.task} · {best.reason} · {best.verdict} · {target} · {best.sample_id or ''}"

    st.session_state["pick_explained"] = wanted if wanted in places else places[0]
    chosen: str = st.selectbox(
        "Sample", places, key="pick_explained", format_func=label, on_change=_picked, args=(places,)
    )
    _follow(chosen)
    return chosen


def _picked(places: Sequence[str]) -> None:
    place = messages.accepted(st.session_state["pick_explained"], messages.one_of(places), "pick_explained")
    if place is not None:
        _follow(place)


def _follow(place: str) -> None:
    suite, task, sample = place.split("/", 2)
    links.choose("task", f"{suite}/{task}")
    links.choose("sample", sample)


def _sample(run: RunFolder, place: str) -> Sample | None:
    """A sample, or one of its sampled texts as one."""
    suite, task, address = place.split("/", 2)
    identity, text = split_address(address)
    index = stored.index(run)
    key = index.key(f"{suite}/{task}", identity)
    if key is None:
        st.warning("The sample of this explanation is not in the run.")
        return None
    (sample,) = index.samples([key])
    return sample if text is None or text >= len(sample.completions) else sample.as_answered_by(text)


def _show(run: RunFolder, sample: Sample | None, found: Sequence[Attribution]) -> None:
    """The sample and its explanations, unless its text is hidden."""
    if sample is None:
        return
    manifest = stored.manifest(run)
    st.caption(plain(f"{words.task_title(manifest, sample.task)}: {words.task_question(manifest, sample.task)}"))
    if st.button("Open the sample", icon=":material/article:"):
        menu.open_page("sample", **links.here(), task=links.chosen("task") or "", sample=links.chosen("sample") or "")
    if is_masked(sample):
        show_mask(sample, "show_explained")
        return
    access.log("opened", page="explanations", run=run.path.name, sample=sample.sample_id)
    left, right = st.columns(2, gap="medium")
    with left:
        show_prompt(sample)
    with right:
        st.markdown("**Output**")
        show_text(sample.output, absent="Nothing came back, or it was not kept.", height=TALL)
        st.markdown("**Reference**")
        show_text(sample.reference, absent="none", height=TALL)
    if not found:
        st.info("This sample is not explained: explain it below.")
        return
    if len(found) > 1:
        wrapped_table([_row(one) for group in by_sample(found) for one in group])
    attribution.show(found)


def _row(one: Attribution) -> dict[str, object]:
    return {
        "Method": one.method,
        "Believable?": one.verdict,
        "Chosen as": one.reason,
        "Forward passes": one.evaluations,
    }
