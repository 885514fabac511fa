"""Data in Python files: literals, texts and descriptions of functions, read from the syntax; nothing is run."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from audit.core.assets.readers.files import broken, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef
UNREADABLE = (ValueError, TypeError, KeyError, IndexError, RecursionError)
"""What :func:`value_of` raises on anything that is no literal."""
_ASKED = re.compile(r"^[ \t]*(?::param[ \t]+)?(\w+)[ \t]*:[ \t]*(\S.*)$", re.MULTILINE)
_SPHINX = re.compile(r"^[ \t]*:param[ \t]+(\w+)[ \t]*:(.*?)(?=^[ \t]*:|\Z)", re.MULTILINE | re.DOTALL)
_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "float",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "list[str]": "array of strings",
    "list[dict]": "array of objects",
    "SharingPermission": "string",
}


def parsed(file: Path) -> ast.Module:
    """The syntax of a file.

    Raises:
        AssetError: It is no Python.
    """
    try:
        return ast.parse(read_text(file))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        broken(file, None, "not valid Python")


def value_of(node: ast.expr | None, names: Mapping[str, Any]) -> Any:  # noqa: ANN401, PLR0911 - one return for each kind
    """The value of a literal, of a name or ``self.NAME`` that is known, and of texts put together from these.

    Raises:
        ValueError: It is something else.
    """
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
            return names[name]
        case ast.List(elts=parts):
            return [value_of(part, names) for part in parts]
        case ast.Dict(keys=keys, values=values):
            return {value_of(key, names): value_of(value, names) for key, value in zip(keys, values, strict=True)}
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -value_of(operand, names)
        case ast.JoinedStr(values=parts):
            return "".join(str(value_of(part, names)) for part in parts)
        case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
            return value_of(value, names)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return value_of(left, names) + value_of(right, names)
    msg = "not a literal"
    raise ValueError(msg)


def constants(
    body: list[ast.stmt], names: Mapping[str, Any], read: Callable[[ast.expr | None, Mapping[str, Any]], Any] = value_of
) -> dict[str, Any]:
    """What a block assigns to names, as far as ``read`` knows it, with the names that were known before."""
    known = dict(names)
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                pass
            case _:
                continue
        try:
            known[name] = read(value, known)
        except UNREADABLE:
            known.pop(name, None)
    return known


def classes(module: ast.Module) -> dict[str, ast.ClassDef]:
    """The classes of a module."""
    return {one.name: one for one in module.body if isinstance(one, ast.ClassDef)}


def functions(body: list[ast.stmt]) -> dict[str, Function]:
    """The functions of a block."""
    return {one.name: one for one in body if isinstance(one, Function)}


def described(function: Function, name: str | None = None) -> dict[str, Any]:
    """Name, description and parameters of a function, from its signature and docstring.

    Parameters that the publisher's program fills in (``Annotated[…, Depends(…)]`` and aliases ``Annotated…``) are left
    out.

    Args:
        function: With a docstring in Google's or Sphinx's style.
        name: Where it is called otherwise.
    """
    documented = ast.get_docstring(function) or ""
    notes = dict(_ASKED.findall(documented))
    notes |= {name: " ".join(text.split()) for name, text in _SPHINX.findall(documented)}  # over several lines
    optional = len(function.args.args) - len(function.args.defaults)
    parameters = {
        one.arg: {
            "type": _type(one),
            "description": notes.get(one.arg, "").strip(),
            "required": place < optional,
        }
        for place, one in enumerate(function.args.args)
        if not _is_filled_in(one)
    }
    summary = re.split(r"\n\s*(?::param|Args:|:return)", documented)[0].strip()
    return {"name": name or function.name, "description": summary, "parameters": parameters}


def _is_filled_in(parameter: ast.arg) -> bool:
    """Whether a parameter is none of the checkpoint's."""
    return parameter.annotation is not None and ast.unparse(parameter.annotation).startswith("Annotated")


def _type(parameter: ast.arg) -> str:
    """The type of a parameter in words."""
    if parameter.annotation is None:
        return "any"
    text = ast.unparse(parameter.annotation).replace(" | None", "")
    return _TYPES.get(text, text)
