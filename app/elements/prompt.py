"""A prompt on a page: the question in front, examples and template folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app.untrusted import show_text
from audit.core.formatting import counted
from audit.reports.browsing.prompt_parts import changed_text, prompt_parts

if TYPE_CHECKING:
    from audit.core.records import Sample

TALL = 460
"""Pixels of a long text, which then scrolls."""


def show_prompt(sample: Sample) -> None:
    """The question; below it, folded, what the checkpoint saw before and after."""
    parts = prompt_parts(sample)
    is_cut = bool(parts.before or parts.examples or parts.after)
    st.markdown("**Question**" if is_cut else "**Prompt**")
    show_text(parts.question, absent="none", height=TALL)
    changed = changed_text(sample)
    if changed is not None:
        st.markdown("**Changed in the prompt**")
        show_text(changed, absent="none", height=TALL)
    if parts.examples:
        with st.expander(counted(parts.n_examples, "few-shot example"), icon=":material/format_list_numbered:"):
            show_text(parts.examples.strip("\n"), absent="none", height=TALL)
    if (parts.before + parts.after).strip():
        with st.expander("System text and template", icon=":material/settings:"):
            for name, text in (("Before", parts.before), ("After", parts.after)):
                if text.strip():
                    st.caption(name)
                    show_text(text, absent="none", height=TALL)
    if is_cut:
        with st.expander("The whole prompt, as the checkpoint saw it", icon=":material/article:"):
            show_text(sample.prompt, absent="none", height=TALL)
