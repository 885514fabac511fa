"""What a browser sends is taken only in the form in which the page could have sent it.

A message that the page cannot have sent (another type, a key that is not on the page, a position outside) counts as no
message. It is logged without its content, which may be anything.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

T = TypeVar("T")
LOG = logging.getLogger("audit.app")


def received(key: str, name: str, read: Callable[[object], T]) -> T | None:
    """What an element sent; None where it sent nothing, or what the page cannot have sent.

    Args:
        key: Of the element.
        name: Of the part of its state.
        read: Makes a value of what was sent; refuses others by ``ValueError``, ``TypeError``, ``KeyError`` or
            ``IndexError``.
    """
    state = st.session_state.get(key)
    part = getattr(state, "get", None)
    sent = part(name) if callable(part) else state
    return None if sent is None else accepted(sent, read, f"{key}.{name}")


def accepted(sent: object, read: Callable[[object], T], about: str) -> T | None:
    """What was made of a value; None, and a line in the log, where it is refused.

    Args:
        sent: The value.
        read: As for :func:`received`.
        about: What sent it, for the log.
    """
    try:
        return read(sent)
    except (ValueError, TypeError, KeyError, IndexError):
        LOG.info("Ignored a message from a browser: %s sent what the page does not offer.", about)
        return None


def one_of(offered: Collection[str]) -> Callable[[object], str]:
    """Reads one of the values that the page offers."""

    def read(sent: object) -> str:
        if not isinstance(sent, str) or sent not in offered:
            raise ValueError
        return sent

    return read


def whole_number(sent: object, below: int) -> int:
    """Reads a whole number from 0.

    Raises:
        ValueError: It is none, or not below the limit.
    """
    if not isinstance(sent, int) or isinstance(sent, bool) or not 0 <= sent < below:
        raise ValueError
    return sent
