"""Function calls out of an answer in Python syntax, by the rules of the Berkeley Function Calling Leaderboard.

The rules are those of ``default_decode_ast_prompting`` in bfcl-eval 2026.3.23 (Apache-2.0). That package computes
arithmetic in arguments by ``eval``, so that an answer can run code; here only operators on numbers, texts and lists are
computed, within limits, and anything else makes the answer unreadable.
"""

from __future__ import annotations

import ast
import operator
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Call = dict[str, dict[Any, Any]]
"""Name of one function to its arguments by name."""

MAX_CHARACTERS = 100_000
"""Longer answers are not read."""
MAX_EXPONENT = 1_000
"""Largest exponent and shift that is computed, and largest number of copies of a text or list."""
MAX_BITS = 10_000
"""Size up to which a whole number is an operand, and a power of whole numbers is computed."""

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
}
_FAULTS = (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError)
"""What parsing and computing raise on text that is no list of calls."""


def read_calls(answer: str) -> list[Call] | None:
    """The calls of an answer such as ``[f(a=1), g(b="x")]``.

    Backquotes, line breaks and spaces around it are ignored, and missing brackets are added. Arguments without a name
    are dropped; those that are names or calls of their own are read as text or as calls.

    Returns:
        An empty list of an empty answer; None of an answer that is not readable as calls.
    """
    if len(answer) > MAX_CHARACTERS:
        return None
    text = answer.strip("`\n ")
    text = text if text.startswith("[") else f"[{text}"
    text = text if text.endswith("]") else f"{text}]"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, on invalid escapes in the answer
            body = ast.parse(text.strip().strip("'"), mode="eval").body
        if isinstance(body, ast.Call):
            return [_call(body)]
        if not isinstance(body, ast.List | ast.Tuple):
            return None
        return [_call(one) for one in body.elts]
    except _FAULTS:
        return None


def _call(node: ast.expr) -> Call:
    """Name and named arguments of a call; a name inside something else than names is left out."""
    if not isinstance(node, ast.Call):
        msg = "not a call"
        raise TypeError(msg)
    names = []
    function = node.func
    while isinstance(function, ast.Attribute):
        names.append(function.attr)
        function = function.value
    if isinstance(function, ast.Name):
        names.append(function.id)
    return {".".join(reversed(names)): {one.arg: value_of(one.value) for one in node.keywords}}


def value_of(node: ast.expr | None) -> Any:  # noqa: ANN401, PLR0911 - any argument; one return for each kind of it
    """The value of an argument."""
    match node:
        case ast.Constant(value=value):
            return "..." if value is Ellipsis else value
        case ast.UnaryOp(operand=ast.Constant(value=int() | float() | complex() as value)):
            return -value  # whatever the operator is, as in the package
        case ast.List(elts=parts):
            return [value_of(part) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(value_of(part) for part in parts)
        case ast.Dict(keys=keys, values=values):
            return {value_of(key): value_of(value) for key, value in zip(keys, values, strict=True)}
        case ast.BinOp():
            return _computed(node)
        case ast.Name(id=name):
            return name
        case ast.Call(keywords=keywords):
            return _call(node) if keywords else ast.unparse(node)
        case ast.Subscript(value=value, slice=index):
            return f"{ast.unparse(value)}[{ast.unparse(index)}]"
    msg = f"no argument: {type(node).__name__}"
    raise TypeError(msg)


def _computed(node: ast.expr) -> Any:  # noqa: ANN401 - as of Python's operators
    """The value of arithmetic on constants."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_computed(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return +_computed(operand)
        case ast.List(elts=parts):
            return [_computed(part) for part in parts]
        case ast.Tuple(elts=parts):
            return tuple(_computed(part) for part in parts)
        case ast.BinOp(left=left, op=kind, right=right) if type(kind) in _OPERATORS:
            return _bounded(type(kind), _computed(left), _computed(right))
    msg = f"not computed: {type(node).__name__}"
    raise TypeError(msg)


def _bounded(kind: type[ast.operator], left: Any, right: Any) -> Any:  # noqa: ANN401 - as of Python's operators
    """The value of an operator, if it cannot take long or need much memory."""
    copied = any(hasattr(one, "__len__") for one in (left, right))
    numbers = [one for one in (left, right) if isinstance(one, int)]
    large = any(one.bit_length() > MAX_BITS for one in numbers)
    long = sum(len(one) for one in (left, right) if hasattr(one, "__len__")) > MAX_CHARACTERS
    many = copied and any(one > MAX_EXPONENT for one in numbers)
    steep = kind in {ast.Pow, ast.LShift} and isinstance(right, int) and abs(right) > MAX_EXPONENT
    if kind is ast.Pow and len(numbers) > 1:
        steep = steep or left.bit_length() * abs(right) > MAX_BITS
    formatted = kind is ast.Mod and isinstance(left, str | bytes)  # a width in the text makes it as long as it says
    if large or long or many or steep or formatted:
        msg = "an operand is too large"
        raise ValueError(msg)
    return _OPERATORS[kind](left, right)
