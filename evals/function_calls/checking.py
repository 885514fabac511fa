"""Whether calls are the accepted ones, by the rules of the Berkeley Function Calling Leaderboard.

The rules are those of ``ast_checker`` in bfcl-eval 2026.3.23 (Apache-2.0) for functions in Python, with its
peculiarities: of a parameter's accepted values ``""`` says that it may be left out; a text is compared without case,
spaces and ``,./-_*^``; a whole number is accepted for a float, but not the other way round; the order of parallel calls
does not matter. Where that package ends with an exception, calls are wrong.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.calls.parsing import Call

TYPES: dict[str, type] = {
    "string": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
    "any": str,
}
"""Python's type for each type in a description of functions."""
NESTED = frozenset({"array", "tuple"})
"""Types whose items have a type of their own."""
_IGNORED = re.compile(r"[ ,./\-_*^]")


def are_right(
    functions: Sequence[Mapping[str, Any]], calls: Sequence[Call], accepted: Sequence[Mapping[str, Any]], category: str
) -> bool:
    """Whether calls are the accepted ones.

    Args:
        functions: Descriptions of the functions that could be called.
        calls: What was called.
        accepted: What should be called: name of the function to a list of accepted values by parameter.
        category: Of the item: whether one of the functions, or several, had to be called.
    """
    if len(calls) != len(accepted):
        return False
    try:
        if "parallel" in category:
            return _in_any_order(functions, calls, accepted)
        function = _described(functions, accepted[0]) if "multiple" in category else functions[0]
        return _is_right(function, calls[0], accepted[0])
    except (TypeError, KeyError, AttributeError, IndexError, OverflowError):
        return False


def _described(functions: Sequence[Mapping[str, Any]], accepted: Mapping[str, Any]) -> Mapping[str, Any]:
    """The description of the function that should be called."""
    name = next(iter(accepted))
    return [one for one in functions if one["name"] == name][0]  # noqa: RUF015 - IndexError where there is none


def _in_any_order(
    functions: Sequence[Mapping[str, Any]], calls: Sequence[Call], accepted: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether each accepted call finds a call of its own; each takes the first that fits."""
    left = list(calls)
    for wanted in accepted:
        description = _described(functions, wanted)
        found = next((place for place, call in enumerate(left) if _is_right(description, call, wanted)), None)
        if found is None:
            return False
        del left[found]
    return True


def _is_right(function: Mapping[str, Any], call: Call, wanted: Mapping[str, Any]) -> bool:
    """Whether one call is the accepted one."""
    accepted = next(iter(wanted.values()))
    described, required = function["parameters"]["properties"], function["parameters"]["required"]
    if function["name"] not in call:
        return False
    given = call[function["name"]]
    if any(name not in given for name in required):
        return False
    for name, value in given.items():
        if name not in described or name not in accepted or not _fits(described[name], value, accepted[name]):
            return False
    return all(name in given or "" in values for name, values in accepted.items())


def _fits(described: Mapping[str, Any], value: Any, accepted: Sequence[Any]) -> bool:  # noqa: ANN401 - any value
    """Whether the value of a parameter is of its type and one of the accepted ones."""
    kind = described["type"]
    wanted = TYPES[kind]
    inner = TYPES[described["items"]["type"]] if kind in NESTED else None
    if kind == "tuple" and type(value) is tuple:
        value = list(value)
    if kind == "float" and type(value) is int:
        value = float(value)
    is_type, is_variable = _types(value, accepted, wanted, inner)
    if not is_type:
        return False
    if not is_variable and wanted is dict:
        return _is_any_mapping(value, accepted)
    if not is_variable and wanted is list and inner is dict:
        return any(_are_mappings(value, one) for one in accepted)
    if not is_variable and wanted is str:
        return plain(value) in [plain(one) for one in accepted if type(one) is str]
    if not is_variable and wanted is list:
        return [plain(one) for one in value] in [[plain(part) for part in one] for one in accepted]
    return value in accepted


def _types(value: Any, accepted: Sequence[Any], wanted: type, inner: type | None) -> tuple[bool, bool]:  # noqa: ANN401 - any value
    """Whether a value has the type of its parameter, and whether it stands for one (a variable's name).

    It does the latter if the accepted values have another type than the description says; theirs is accepted, too.
    """
    parts = value
    theirs = next((type(one) for one in accepted if one != ""), None)
    if type(value) is not wanted:
        return theirs is not None and type(value) is theirs, True
    is_variable = theirs is not None and theirs is not wanted
    if inner is None:
        return True, is_variable
    fits = any(
        not isinstance(one, list) or all(_types(part, one, inner, None)[0] for part in parts) for one in accepted
    )
    return fits, is_variable


def plain(value: Any) -> Any:  # noqa: ANN401 - any value
    """A text without case and what is ignored in it, its quotation marks alike; anything else as it is."""
    return _IGNORED.sub("", value).lower().replace("'", '"') if type(value) is str else value


def _is_any_mapping(value: Mapping[Any, Any], accepted: Sequence[Any]) -> bool:
    """Whether a mapping is one of the accepted ones, each of which has a list of values by key."""
    for one in accepted:
        if one == "":
            continue
        known = all(key in one and plain(part) in [plain(each) for each in one[key]] for key, part in value.items())
        if known and all(key in value or "" in values for key, values in one.items()):
            return True
    return False


def _are_mappings(values: Sequence[Any], accepted: Sequence[Any]) -> bool:
    """Whether a list of mappings is the accepted one, in its order."""
    return len(values) == len(accepted) and all(
        _is_any_mapping(value, [one]) for value, one in zip(values, accepted, strict=True)
    )
