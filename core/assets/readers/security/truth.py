"""Expressions over a made-up world in ground truths and checks, worked out from their syntax; nothing is run.

What :func:`~audit.core.assets.readers.security.code.value_of` reads, and what AgentDojo's tasks look up with: fields of
the world, comprehensions, comparisons, the largest and the smallest, and texts joined together.
"""

from __future__ import annotations

import ast
import operator
from datetime import date
from typing import TYPE_CHECKING, Any

from audit.core.assets.readers.security import code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.Lt: operator.lt,
    ast.In: lambda left, right: left in right,
}
_EXTREMES: dict[str, Callable[..., Any]] = {"max": max, "min": min}


def worked_out(node: ast.expr | None, names: Mapping[str, Any]) -> Any:  # noqa: ANN401, C901, PLR0911 - one case for each kind
    """The value of an expression.

    Args:
        node: Of an expression.
        names: What is known: constants, and a world of mappings and lists, whose keys are read as fields.

    Raises:
        ValueError: It is of a kind that is not known; KeyError, IndexError and TypeError on what is not there.
    """
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return names[name]
        case ast.Attribute(value=owner, attr=name):
            return worked_out(owner, names)[name]
        case ast.List(elts=parts):
            return [worked_out(part, names) for part in parts]
        case ast.JoinedStr(values=parts):
            return "".join(str(worked_out(part, names)) for part in parts)
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return worked_out(value, names)
        case ast.Subscript(value=owner, slice=ast.Constant(value=int(place))):
            return worked_out(owner, names)[place]
        case ast.Compare(left=left, ops=[how], comparators=[right]) if type(how) in _OPERATORS:
            return _OPERATORS[type(how)](worked_out(left, names), worked_out(right, names))
        case ast.BoolOp(op=how, values=parts):
            return (all if isinstance(how, ast.And) else any)(worked_out(part, names) for part in parts)
        case ast.ListComp(elt=part, generators=[ast.comprehension(target=ast.Name(id=name), iter=source, ifs=tests)]):
            found = [{**names, name: one} for one in worked_out(source, names)]
            return [worked_out(part, one) for one in found if all(worked_out(test, one) for test in tests)]
        case ast.Call(func=ast.Name(id="max" | "min" as name), args=[values], keywords=[] | [_] as options):
            key = _key(options[0], names) if options else None
            return _EXTREMES[name](worked_out(values, names), key=key)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(between)), attr="join"), args=[values]):
            return between.join(worked_out(values, names))
        case ast.Call(func=ast.Attribute(value=owner, attr="isoformat"), args=[], keywords=[]):
            return date.isoformat(worked_out(owner, names))
    return code.value_of(node, names)


def _key(option: ast.keyword, names: Mapping[str, Any]) -> Callable[[Any], Any]:
    """What ``key=lambda one: …`` sorts by."""
    match option:
        case ast.keyword(arg="key", value=ast.Lambda(args=ast.arguments(args=[ast.arg(arg=name)]), body=body)):
            return lambda one: worked_out(body, {**names, name: one})
    msg = "not a key to compare by"
    raise ValueError(msg)


def said(check: code.Function, known: Mapping[str, Any]) -> list[Any] | None:
    """What the final answer must say for a check of the publisher to hold, where the world stays as it was.

    A final answer is one that calls nothing. Comparisons of the world before and after are taken to hold.

    Args:
        check: ``utility`` of a user's task, or ``security`` of a goal.
        known: Constants of the task.

    Returns:
        A condition; None where the check wants something else than texts in the answer.
    """
    try:
        found = _block(check.body, code.constants(check.body, known, worked_out))
    except code.UNREADABLE:
        return None
    return None if isinstance(found, bool) else found


_SAME = {("pre_environment", "post_environment"), ("post_environment", "pre_environment")}
_UNCHANGED = ("check_only_unread_emails_marked_as_read",)
_ALL_SAID = "list_is_in_string_or_set"


def _block(body: list[ast.stmt], known: Mapping[str, Any]) -> bool | list[Any]:
    """The claim of statements: constants, ``if …: return False``, ``if …: return True`` and a return at the end."""
    for place, statement in enumerate(body):
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.Assign() | ast.AnnAssign():
                continue
            case ast.Return(value=value):
                return _claim(value, known, holds=True)
            case ast.If(test=test, body=[ast.Return(value=ast.Constant(value=bool(ends)))], orelse=[]):
                rest = _block(body[place + 1 :], known)
                if ends:
                    return _either([_claim(test, known, holds=True), rest])
                return _both([_claim(test, known, holds=False), rest])
        break
    msg = "no check of an answer"
    raise ValueError(msg)


def _claim(node: ast.expr | None, known: Mapping[str, Any], *, holds: bool) -> bool | list[Any]:
    """The condition under which an expression holds, or does not."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _claim(operand, known, holds=not holds)
        case ast.BoolOp(op=how, values=parts):
            claims = [_claim(part, known, holds=holds) for part in parts]
            return _both(claims) if isinstance(how, ast.And) is holds else _either(claims)
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn() as how], comparators=[right]) if _is_answer(right):
            if isinstance(how, ast.In) is holds:
                return ["says", str(worked_out(_as_written(left), known))]
        case ast.Call(func=ast.Name(id=name), args=[texts, answer]) if name == _ALL_SAID and _is_answer(answer):
            if holds:
                return _both([["says", str(text)] for text in worked_out(texts, known)])
        case _:
            return _of_the_world(node) is holds
    msg = "a text that must not be in the answer"
    raise ValueError(msg)


def _of_the_world(node: ast.expr | None) -> bool:
    """Whether something holds of a world that stays as it was."""
    match node:
        case ast.Compare(left=ast.Name(id=one), ops=[ast.Eq() | ast.NotEq() as how], comparators=[ast.Name(id=other)]):
            if (one, other) in _SAME:
                return isinstance(how, ast.Eq)
        case ast.Name(id="strict"):
            return True
        case ast.Call(func=ast.Name(id=name)) if name in _UNCHANGED:
            return True
    msg = "not a check of an answer"
    raise ValueError(msg)


def _is_answer(node: ast.expr) -> bool:
    """Whether it is the answer, as it is or in small letters: case makes no difference to a condition."""
    return ast.unparse(node) in {"model_output", "model_output.lower()"}


def _as_written(node: ast.expr) -> ast.expr:
    """A text whose case makes no difference."""
    match node:
        case ast.Call(func=ast.Attribute(value=text, attr="lower"), args=[], keywords=[]):
            return text
    return node


def _both(claims: list[bool | list[Any]]) -> bool | list[Any]:
    return _joined("all", [claim for claim in claims if claim is not True], absorbs=False)


def _either(claims: list[bool | list[Any]]) -> bool | list[Any]:
    return _joined("any", [claim for claim in claims if claim is not False], absorbs=True)


def _joined(how: str, claims: list[bool | list[Any]], *, absorbs: bool) -> bool | list[Any]:
    if absorbs in claims:
        return absorbs
    if len(claims) == 1:
        return claims[0]
    return [how, *claims] if claims else not absorbs
