"""An item of a rating project on a page: the prompt in parts, and one output or two side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from audit.app.elements.prompt import show_prompt
from audit.app.untrusted import MASKED, show_text
from audit.core.records import Sample

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.ratings.projects.blinding import ShownItem

TALL = 460
"""Pixels of a long output, which then scrolls."""


def show_item(item: ShownItem, reveal: Callable[[], None] | None) -> None:
    """Put an item on the page.

    Args:
        item: As raters see it.
        reveal: Called by the button that shows a hidden text; None where it is not hidden.
    """
    if reveal is not None:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.text(MASKED)
            st.button("Show it", key="reveal_item", shortcut="O", on_click=reveal, icon=":material/visibility:")
        st.caption("Show it (key O) before you answer: the other keys are off until then.")
        return
    sides = list(item.outputs.items())
    if len(sides) == 1:
        left, right = st.columns(2, gap="large")
        with left:
            _prompt(item)
        with right:
            _output("Output", sides[0][1])
        return
    _prompt(item)
    for place, (side, text) in zip(st.columns(len(sides), gap="large"), sides, strict=True):
        with place:
            _output(side.upper(), text)


def _prompt(item: ShownItem) -> None:
    show_prompt(Sample(sample_id=f"item {item.item_id}", suite="evals", task=item.task, prompt=item.prompt))
    if item.options:
        st.markdown("**Options**")
        show_text("\n".join(f"· {option.strip()}" for option in item.options), absent="none", height=TALL)


def _output(title: str, text: str) -> None:
    st.markdown(f"**{title}**")
    show_text(text, absent="none", height=TALL)
