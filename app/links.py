"""What the reader looks at (run, task, sample), kept across pages and in the address, so that it can be shared.

The address wins when the reader changed it (a link, the back button); otherwise the session does, because
Streamlit empties the address when another page is opened from the menu.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Name = Literal["run", "task", "sample"]


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
    st.selectbox(label, options, key=key, format_func=format_func, on_change=_picked, args=(name, key))
    return current


def _picked(name: Name, key: str) -> None:
    choose(name, st.session_state[key])
