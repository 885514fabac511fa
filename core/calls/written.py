"""Function calls anywhere in an answer, in the forms in which checkpoints write them.

Read are calls in Python syntax of functions whose names are known (``[f(a=1)]``, ``f(1)`` in a sentence or code block),
and JSON objects with a name and arguments, as in the chat templates of Hermes, Qwen, Llama 3 and Mistral and in the
interface of OpenAI, and as agents of LangChain. What begins like a call and cannot be read makes the answer unreadable,
also calls in other forms (tags named after a function, arguments as JSON behind its name, ``Action:``): a call that was
missed must not pass for one that was not made.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.calls.parsing import MAX_BITS, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_CHARACTERS = 50_000
"""Longer answers are not read."""
MAX_OBJECTS = 500
"""Answers with more opening braces outside JSON objects are not read."""
MAX_SIZE = 100_000
"""Characters and values of a call's arguments; arithmetic on lists can make more of a few characters than fits into
memory."""
MAX_DEPTH = 50
"""Levels of lists and objects in arguments; calls with more are not read."""
MAX_FAULTS = 20
"""After so many calls that cannot be read, no more are looked for."""
NAMES = ("name", "function", "tool", "tool_name", "action")
ARGUMENTS = ("arguments", "parameters", "args", "input", "action_input")
_FAULTS = (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError)


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """One call."""

    function: str
    """Name of the function, as it was described to the checkpoint."""
    arguments: dict[str, Any]
    """Values by parameter."""


@dataclass(frozen=True, slots=True)
class WrittenCalls:
    """What an answer calls."""

    calls: tuple[WrittenCall, ...]
    """Those that could be read, in the answer's order; JSON first."""
    unread: bool
    """Whether something begins like a call and could not be read."""


def calls_in(answer: str, functions: Mapping[str, Sequence[str]]) -> WrittenCalls:
    """The calls of known functions in an answer.

    Args:
        answer: Any text.
        functions: Names of their parameters, in order, by name of the function.
    """
    if len(answer) > MAX_CHARACTERS:
        return WrittenCalls((), unread=True)
    calls: list[WrittenCall] = []
    rest, unread = _without_objects(answer.replace("\\_", "_"), functions, calls)  # as Markdown writes an underscore
    end = failed = 0
    for match in _opened(rest, functions):
        if match.start() < end or failed > MAX_FAULTS:  # inside the arguments of another call, or hopeless
            continue
        closed = _closing(rest, match.end())
        call = None if closed is None else _python_call(rest[match.end() - 1 : closed], match[1], functions[match[1]])
        if call is None or closed is None:
            failed += 1
            continue
        calls.append(call)
        end = closed
    return WrittenCalls(tuple(calls), unread or failed > 0)


def _opened(text: str, functions: Mapping[str, Sequence[str]]) -> Iterator[re.Match[str]]:
    """Where a known name is followed by an opening bracket; a dotted prefix (``tools.f(``) is ignored."""
    names = "|".join(sorted(map(re.escape, functions), key=len, reverse=True))
    return re.finditer(rf"(?<!\w)({names})\s*\(", text) if names else iter(())


def _without_objects(answer: str, functions: Mapping[str, Sequence[str]], calls: list[WrittenCall]) -> tuple[str, bool]:
    """The text outside JSON objects that hold calls, which are added to ``calls``; and whether one was unreadable."""
    decoder = json.JSONDecoder(strict=False)
    kept: list[str] = []
    place, tried, unread = 0, 0, False
    while (start := answer.find("{", place)) >= 0:
        tried += 1
        if tried > MAX_OBJECTS:
            return "".join(kept) + answer[place:], True
        kept.append(answer[place:start])
        try:
            value, end = decoder.raw_decode(answer, start)
            found = list(_objects(value, functions))
        except _FAULTS:
            found, end = [], start + 1
        calls += [call for call in found if call is not None]
        unread = unread or None in found
        kept.append(" " if found else answer[start:end])
        place = end
    rest = "".join(kept) + answer[place:]
    return rest, unread or any(_begins_otherwise(rest, name) for name in functions)


def _begins_otherwise(text: str, name: str) -> bool:
    """Whether a text begins a call of a function in a form that is not read, or that is cut.

    That is an object or element that names it (``Action: f``), a tag before or around its name (``<tool_call>f``,
    ``<f>``), a JSON object behind its name, or a method of it (``f.call(``).
    """
    keys, known = "|".join(NAMES), rf"{re.escape(name)}\b"
    forms = (
        rf"""\b(?:{keys})["']?\s*[:=]\s*["'`*]*{known}""",
        rf"""[<>]\s*(?:functions\.)?{known}(?!\s*\()|\bto=functions\.{known}""",
        rf"""(?<!\w){known}[^(){{}}]{{0,60}}\{{\s*["']\w+["']\s*:""",
        rf"""(?<!\w){known}\.\w+\s*\(""",
    )
    return any(re.search(form, text, re.IGNORECASE) for form in forms)


def _objects(value: Any, functions: Mapping[str, Sequence[str]]) -> Iterator[WrittenCall | None]:  # noqa: ANN401 - JSON is any
    """The calls in a JSON value, at any depth outside arguments; None for one whose arguments are no object."""
    if isinstance(value, list):
        for part in value:
            yield from _objects(part, functions)
    if not isinstance(value, dict):
        return
    key = next((key for key in NAMES if isinstance(value.get(key), str) and value[key] in functions), None)
    if key is None:
        for name, part in value.items():
            if name in functions and isinstance(part, dict):
                yield WrittenCall(name, part) if _is_small(part) else None
            else:
                yield from _objects(part, functions)
        return
    others = {name: part for name, part in value.items() if name != key}
    given = next((value[name] for name in ARGUMENTS if name in value), others)
    if isinstance(given, str):
        try:
            given = json.loads(given, strict=False)
        except _FAULTS:
            given = None
    yield WrittenCall(value[key], given) if isinstance(given, dict) and _is_small(given) else None


def _closing(text: str, opened: int) -> int | None:
    """The place after the bracket that closes one, whose inside begins at ``opened``; None where none does."""
    depth, quote, place = 1, "", opened
    while place < len(text):
        sign = text[place]
        if quote:
            if sign == "\\":
                place += 1
            elif sign == quote:
                quote = ""
        elif sign in "\"'":
            quote = sign
        else:
            depth += (sign in "([{") - (sign in ")]}")
            if depth == 0:
                return place + 1
        place += 1
    return None


def _python_call(arguments: str, name: str, parameters: Sequence[str]) -> WrittenCall | None:
    """A call in Python syntax, with arguments by place named after the parameters; None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, on invalid escapes in the answer
            node = ast.parse(f"f{arguments.strip()}", mode="eval").body
        if not isinstance(node, ast.Call) or len(node.args) > len(parameters):
            return None
        given = {parameter: value_of(value) for parameter, value in zip(parameters, node.args, strict=False)}
        for one in node.keywords:
            if one.arg is None:
                return None
            given[one.arg] = value_of(one.value)
    except _FAULTS:
        return None
    return WrittenCall(name, given) if _is_small(given) else None


def _is_small(arguments: dict[str, Any]) -> bool:
    """Whether arguments can be written and compared: no number too long for a text, no lists in lists without end."""
    size = 0
    waiting: list[tuple[int, Any]] = [(0, arguments)]
    while waiting:
        depth, value = waiting.pop()
        size += len(value) if hasattr(value, "__len__") else 1
        if size > MAX_SIZE or depth > MAX_DEPTH or (isinstance(value, int) and value.bit_length() > MAX_BITS):
            return False
        if isinstance(value, dict):
            waiting += [(depth + 1, part) for pair in value.items() for part in pair]
        elif isinstance(value, list | tuple):
            waiting += [(depth + 1, part) for part in value]
    return True
