"""What the reader looks at, kept across pages and in the address, so that it can be shared.

That is the run, the task, the sample, and which samples are listed in which order.

The address wins when the reader changed it (a link, the back button); otherwise the session does, because
Streamlit empties the address when another page is opened from the menu.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from audit.app import messages
from audit.reports.browsing.selection import NAMES, Selection, from_address, to_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.reports.browsing.sample_index import SampleIndex, SampleKey

Name = Literal["run", "task", "sample", "with", "item", "change", "slice", "in", "find", "at"]
_SELECTION, _LINKED = "chosen_selection", "linked_selection"


def chosen(name: Name) -> str | None:
    """What is looked at; None when nothing was chosen yet."""
    linked = st.query_params.get(name)
    if linked is not None and linked != st.session_state.get(f"linked_{name}"):
        st.session_state[f"linked_{name}"] = st.session_state[f"chosen_{name}"] = linked
    value: str | None = st.session_state.get(f"chosen_{name}")
    return value


def choose(name: Name, value: str | None) -> None:
    """Look at something else; the address follows."""
    st.session_state[f"chosen_{name}"] = st.session_state[f"linked_{name}"] = value
    if value is None:
        st.query_params.pop(name, None)
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def remember(name: Name, value: str) -> None:
    """Look at something else without saying so in the address."""
    st.session_state[f"chosen_{name}"] = value
    leave_out(name)


def leave_out(*names: Name) -> None:
    """Take names out of the address of a page that has no use for them; the session remembers them."""
    for name in names:
        chosen(name)
        st.session_state[f"linked_{name}"] = None
        st.query_params.pop(name, None)


def pick(name: Name, label: str, options: Sequence[str], format_func: Callable[[str], Any] = str) -> str:
    """A select box whose value is the choice.

    Args:
        name: What is chosen.
        label: Shown above the box.
        options: At least one; the first is taken when the choice is not among them.
        format_func: How an option is shown. Options are shown literally, not as Markdown.
    """
    key = f"pick_{name}"
    wanted = chosen(name)
    # `?task=boolq` is enough where the option is `evals/boolq`.
    fitting = [option for option in options if wanted and (option == wanted or option.endswith(f"/{wanted}"))]
    current = fitting[0] if fitting else options[0]
    choose(name, current)
    st.session_state[key] = current
    st.selectbox(label, options, key=key, format_func=format_func, on_change=_picked, args=(name, key, options))
    return current


def _picked(name: Name, key: str, options: Sequence[str]) -> None:
    value = messages.accepted(st.session_state[key], messages.one_of(options), key)
    if value is not None:
        choose(name, value)


def selection() -> Selection:
    """Which samples the reader wants to see: what the address says where it was changed, else as before."""
    linked = {name: st.query_params.get_all(name) for name in NAMES if name in st.query_params}
    if linked and linked != st.session_state.get(_LINKED):
        st.session_state[_SELECTION] = from_address(linked)
    found: Selection = st.session_state.get(_SELECTION, Selection())
    keep(found)
    return found


def keep(wanted: Selection) -> None:
    """See other samples; the address follows. What no address could say is left out."""
    wanted = from_address(to_address(wanted))
    st.session_state[_SELECTION] = wanted
    parts = to_address(wanted)
    for name in NAMES:
        if name not in parts:
            st.query_params.pop(name, None)
        elif st.query_params.get_all(name) != parts[name]:
            st.query_params[name] = parts[name]
    st.session_state[_LINKED] = parts


def go_to(index: SampleIndex, key: SampleKey) -> None:
    """Look at a sample of a list; those of one id stay apart as long as the session lasts."""
    ((sample_id, _, _),) = index.facts([key])
    choose("task", index.files[key.file].name)
    choose("sample", sample_id)
    st.session_state["sample_key"] = key


def here() -> dict[str, list[str]]:
    """The parts of an address that lead to the run and the samples that are looked at, for a link to another page."""
    run = chosen("run")
    return ({"run": [run]} if run else {}) | to_address(st.session_state.get(_SELECTION, Selection()))
