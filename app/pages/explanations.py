"""Page: why the checkpoint answered as it did: stored explanations, drivers, and explanations made on the spot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from markupsafe import Markup

from audit.app import access, attribution, links, menu, stored
from audit.app.elements import drivers, explained, explaining
from audit.app.elements.options import show_options
from audit.app.elements.prompt import show_prompt
from audit.app.elements.results import heading
from audit.app.untrusted import is_masked, plain, show_mask, show_text, wrapped_table
from audit.core import words
from audit.core.records import split_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.app.settings import AppSettings
    from audit.core.records import Attribution, Sample
    from audit.core.run_folder import RunFolder
    from audit.reports.browsing.sample_index import SampleIndex, SampleKey

TALL = 220
"""Pixels of a long text, which then scrolls."""
NONE = "This run explained no samples. To explain some, name `explain.methods` in the configuration."


def page(run: RunFolder, _settings: AppSettings) -> None:
    """The list of explained samples and what drives answers, or one sample with all its methods.

    Below is a form that explains a prompt now.
    """
    index, found = stored.index(run), stored.attributions(run)
    key = _opened(index)
    if key is None:
        _list(run, index, found)
        explaining.show(run, None)
        return
    ((_, result, _),), (whole,) = index.facts([key]), index.samples([key])
    sample = _text_of(whole)
    # As HTML, which takes foreign words literally: headings of Streamlit are Markdown.
    title = heading(sample, result, is_masked=is_masked(sample)) if sample is whole else "One of its sampled texts"
    st.html(Markup('<h1 class="audit-heading">{}</h1>').format(title))
    if explained.walk_buttons(index, key):
        menu.open_page("sample", **links.here(), task=links.chosen("task") or "", sample=links.chosen("sample") or "")
    _show(run, sample, explained.methods_of(found, sample))
    explaining.show(run, sample)


def _opened(index: SampleIndex) -> SampleKey | None:
    """The sample of the address; None where it names none. Opened from the menu, the page has none: the list."""
    if "sample" not in st.query_params:
        links.leave_out("task", "sample")
        return None
    wanted, task = links.chosen("sample") or "", links.chosen("task")
    names = [file.name for file in index.files if task in (None, file.name, file.name.partition("/")[2])]
    identity = split_address(wanted)[0]
    opened: SampleKey | None = st.session_state.get("sample_key")
    if opened is not None and opened.file < len(index.files) and index.files[opened.file].name in names:
        facts = index.facts([opened])
        if facts and facts[0][0] == identity:
            return opened
    key = next((key for name in names if (key := index.key(name, identity)) is not None), None)
    if key is None:
        st.warning(f"This run has no sample {plain(wanted)}.", icon=":material/link_off:")
        links.leave_out("task", "sample")
    return key


def _text_of(sample: Sample) -> Sample:
    """The sample, or the sampled text of it that the address names, as a sample."""
    text = split_address(links.chosen("sample") or "")[1]
    return sample if text is None or text >= len(sample.completions) else sample.as_answered_by(text)


def _list(run: RunFolder, index: SampleIndex, found: Sequence[Attribution]) -> None:
    """The explained samples, and what drives answers across samples."""
    st.title("Explanations", anchor=False)
    if not found:
        st.info(NONE)
        return
    explained.show_list(index, stored.manifest(run), found)
    drivers.show(stored.drivers(run))


def _show(run: RunFolder, sample: Sample, found: Sequence[Attribution]) -> None:
    """The sample and its explanations, unless its text is hidden."""
    manifest = stored.manifest(run)
    parts = [words.task_title(manifest, sample.task), words.task_question(manifest, sample.task)]
    st.caption(plain(" · ".join([*filter(None, parts), *dict.fromkeys(one.reason for one in found)])))
    if is_masked(sample):
        show_mask(sample, "show_explained")
        return
    access.log("opened", page="explanations", run=run.path.name, sample=sample.sample_id)
    left, right = st.columns(2, gap="medium")
    with left:
        show_prompt(sample)
    with right:
        if sample.choice is not None and sample.choice.options:
            st.markdown("**Options**")
            show_options(sample.choice)
        else:
            st.markdown("**Output**")
            show_text(sample.output, absent="Nothing came back, or it was not kept.", height=TALL)
            st.markdown("**Reference**")
            show_text(sample.reference, absent="none", height=TALL)
    st.header("Why this answer", anchor=False)
    if not found:
        st.info("This sample is not explained: explain it below.")
        return
    if len(found) > 1:
        wrapped_table([_row(one) for one in found])
    attribution.show(found)


def _row(one: Attribution) -> dict[str, object]:
    return {
        "Method": one.method,
        "Believable?": one.verdict,
        "Forward passes": one.evaluations,
    }
