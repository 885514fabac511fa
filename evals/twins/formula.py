"""The formula of a word problem: a chain of calculations on its numbers, which can be made again with others."""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPERATIONS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
MOST_CHARACTERS = 200


class FormulaFault(ValueError):  # noqa: N818 - a property of a problem, not a malfunction
    """A calculation that is none of plain arithmetic."""


@dataclass(frozen=True, slots=True)
class Calculation:
    """One step: an expression whose numbers are named, and the value that it gives."""

    expression: ast.expr
    """Its tree; numbers are constants."""
    value: Fraction
    """Its value as published."""
    numbers: tuple[Fraction, ...]
    """The numbers in it, in order."""


def calculation(text: str, value: Fraction) -> Calculation:
    """A step such as ``48/2`` and its published value.

    Raises:
        FormulaFault: It is no arithmetic, or gives another value.
    """
    text = text.strip()[:MOST_CHARACTERS]
    try:
        tree = ast.parse(text.replace("$", "").replace(",", ""), mode="eval").body
        numbers = tuple(_numbers(tree, text))
        found = evaluate(tree, dict(enumerate(numbers)))
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError) as error:
        msg = f"{text!r} is no arithmetic"
        raise FormulaFault(msg) from error
    if found != value:
        msg = f"{text!r} is not {value}"
        raise FormulaFault(msg)
    return Calculation(tree, value, numbers)


def _numbers(tree: ast.expr, text: str) -> list[Fraction]:
    """The numbers of an expression in order, exactly as they are written.

    Raises:
        FormulaFault: It holds anything but numbers and the four operations.
    """
    if isinstance(tree, ast.BinOp) and type(tree.op) in _OPERATIONS:
        return [*_numbers(tree.left, text), *_numbers(tree.right, text)]
    if isinstance(tree, ast.Constant) and type(tree.value) in {int, float}:
        return [Fraction(str(tree.value))]
    msg = f"{text!r} holds more than numbers and + - * /"
    raise FormulaFault(msg)


def evaluate(tree: ast.expr, numbers: Mapping[int, Fraction]) -> Fraction:
    """The value of an expression with other numbers.

    Args:
        tree: Of a calculation.
        numbers: By position in the expression.

    Raises:
        ZeroDivisionError: It divides by 0.
    """
    left = iter(sorted(numbers))

    def value(node: ast.expr) -> Fraction:
        if isinstance(node, ast.BinOp):
            one = value(node.left)
            return _OPERATIONS[type(node.op)](one, value(node.right))
        return numbers[next(left)]

    return value(tree)
