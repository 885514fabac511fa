"""What a person has begun to answer, kept by the server until it is sent: a reload of the page loses nothing.

It is kept in memory, by person, project and item; when the server ends it is gone.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

Place = tuple[object, ...]
"""Database, project, common form of the person's name, item, and what the answer is for."""
MOST = 5_000
"""Drafts that are kept; the oldest goes first."""


@dataclass
class Draft:
    """An answer that was not sent."""

    answers: dict[str, Any] = field(default_factory=dict)
    """By name of the question."""
    comment: str = ""
    """What was written with it."""
    asked: str | None = None
    """The question that has the keys; None: the first one without an answer."""


@st.cache_resource
def _kept() -> OrderedDict[Place, Draft]:
    return OrderedDict()


def draft_of(place: Place, answers: dict[str, Any] | None = None, comment: str = "") -> Draft:
    """The draft of a place; a new one begins with the given answers."""
    kept = _kept()
    if place not in kept:
        kept[place] = Draft(dict(answers or {}), comment)
        while len(kept) > MOST:
            kept.popitem(last=False)
    return kept[place]


def forget(place: Place) -> None:
    """The answer was sent."""
    _kept().pop(place, None)


@st.cache_resource
def _read() -> set[Place]:
    return set()


def is_read(place: Place) -> bool:
    """Whether a person has read guidelines of this version."""
    return place in _read()


def mark_read(place: Place) -> None:
    """A person has read them."""
    _read().add(place)
