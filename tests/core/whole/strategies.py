"""Any record of a kind, for laws: every field is drawn, also those with a default, as its annotation allows."""

from __future__ import annotations

import types
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from audit.core.records import JudgedWaiver, Record
from audit.core.records.waiver import WaiverScope

R = TypeVar("R", bound=Record)

# tmp_path is shared between examples: each overwrites the file.
LAW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
UTF_16 = ("utf-16", "surrogatepass")
# Two surrogates that belong together are one character in JSON.
TEXT = (
    st.text(st.characters(exclude_categories=()), max_size=12).map(lambda text: text.encode(*UTF_16).decode(*UTF_16))
) | st.sampled_from(("\x00", "a\r\n\u2028b", "\ud800", "\\ud800\udfff"))
FINITE = st.floats(allow_nan=False, allow_infinity=False)
COUNT = st.integers(0, 2**40)
JSON = st.recursive(
    st.none() | st.booleans() | COUNT | FINITE | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
"""What a setting may be."""
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: COUNT,
    float: FINITE,
    bool: st.booleans(),
    type(None): st.none(),
    date: st.dates(),
    datetime: st.datetimes(),
    Any: JSON,
}


WAIVER: dict[str, st.SearchStrategy[Any]] = {
    "id": st.sampled_from(["A-1", "b.2"]),
    "rule": st.just("boolq/accuracy"),
    "slice": st.none() | st.dictionaries(TEXT, TEXT, max_size=2),
    "scope": st.builds(WaiverScope, model=TEXT, digest=st.none() | st.just("0a" * 32)),
    "reason": st.sampled_from(["x", "why\x00\nnot", "é"]),
    "owner": st.sampled_from(["Ada", "Ada <i>"]),
    "approver": st.sampled_from(["Grace", "Грейс"]),
    "granted": st.just(date(2026, 2, 28)),
    "expires": st.dates(date(2026, 2, 28), date(2026, 5, 29)),
    "fault": st.none() | TEXT,
}
"""A waiver is checked wherever it is read: not any text will do."""


def any_of(kind: type[R]) -> st.SearchStrategy[R]:
    """Any record of a kind, of the present version."""
    if kind is JudgedWaiver:
        return st.builds(kind, **WAIVER)
    fields = {
        name: _values((field.annotation, field.metadata))
        for name, field in kind.model_fields.items()
        if name != "schema_version"
    }
    return st.builds(kind, **fields)


def _values(annotated: tuple[Any, list[Any]]) -> st.SearchStrategy[Any]:
    """What an annotation allows; bounds come from its metadata."""
    annotation, metadata = annotated
    arguments, origin = get_args(annotation), get_origin(annotation)
    if origin is Annotated:
        return _values((arguments[0], [*arguments[1:]]))
    if origin in {Union, types.UnionType}:
        return st.one_of(_values((one, metadata)) for one in arguments)
    parts = [part for one in metadata for part in getattr(one, "metadata", [one])]
    low, high = ([getattr(part, bound) for part in parts if hasattr(part, bound)] for bound in ("ge", "le"))
    if (low or high) and annotation in {int, float}:
        ends = low[0] if low else None, high[0] if high else None
        return st.integers(*ends) if annotation is int else st.floats(*ends, allow_nan=False, allow_infinity=False)
    return PLAIN[annotation] if annotation in PLAIN else _several(annotation)


def _several(annotation: Any) -> st.SearchStrategy[Any]:
    """One of some values, a collection of values, or a record."""
    arguments, origin = get_args(annotation), get_origin(annotation)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is dict:
        return st.dictionaries(TEXT, _values((arguments[1], [])), max_size=2)
    if origin is tuple and Ellipsis not in arguments:
        return st.tuples(*(_values((one, [])) for one in arguments))
    if origin in {list, tuple}:
        return st.lists(_values((arguments[0], [])), max_size=2).map(origin)
    return st.sampled_from(annotation) if issubclass(annotation, Enum) else any_of(annotation)
