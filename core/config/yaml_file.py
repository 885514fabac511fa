"""YAML files that people write: read, merged, and checked against a model with one clear line per fault."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from audit.core.errors import ConfigError, did_you_mean
from audit.core.records.faults import fault_text, is_about_value, place_of
from audit.core.text import printable
from audit.core.text_file import decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

S = TypeVar("S", bound=BaseModel)
AS_NUMBER = ": write it without quotes, and an exponent as in 1.0e+8"
"""Ends the fault of a number that YAML reads as text."""
MOST_BYTES = 256 * 1024
"""Of a file on which a decision rests: thousands of rules."""
OF_CONVERTERS = (RecursionError, ValueError, LookupError, AttributeError, TypeError, ArithmeticError)
"""What PyYAML raises where a value is not what its tag says: ``!!int ""``, ``!!timestamp x``."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, except that a duplicate key is an error: the first value would vanish silently."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401 - the stubs mistake its type
        """Refuse a key that occurs twice, before merge keys (``<<``) bring in keys that may be overridden."""
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    problem = f"duplicate key {key.value!r}"
                    raise yaml.composer.ComposerError(None, None, problem, key.start_mark)
                seen.add(key.value)
        return node

    def refuse_base(self, node: yaml.ScalarNode) -> float:
        """A number that is not what it looks like: YAML 1.1 reads 060 as 48, and 1:30 as 90.

        Raises:
            yaml.constructor.ConstructorError: It is one of them.
        """
        text = str(node.value)
        if ":" in text:
            problem = f"{text} is read as a base-60 number: write it in plain digits, or in quotes"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        if re.fullmatch(r"[-+]?0[0-7_]+", text):
            problem = f"{text} is read as an octal number: remove the leading zero, or write it in quotes"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        is_float = node.tag == "tag:yaml.org,2002:float"
        return self.construct_yaml_float(node) if is_float else self.construct_yaml_int(node)


class _PlainLoader(_Loader):
    """Neither anchors nor aliases: a few lines of them describe more values than any memory holds."""

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:  # noqa: ANN401 - as the stubs have it
        """Refuse a node that has an anchor, or is an alias."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            problem = "anchors and aliases (&, *) are not allowed in this file: write the values out"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)


for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _Loader.refuse_base)


def read_profile(profile: str) -> dict[str, Any]:
    """The values of a shipped profile, by its name."""
    text = resources.files("audit.core").joinpath("profiles", f"{profile}.yaml").read_text("utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    return values


def read_yaml(file: Path, advice: str = "write settings into it, or leave it out") -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Args:
        file: The file.
        advice: What to do if it says nothing.

    Raises:
        ConfigError: It is missing, unreadable, empty, not YAML, not a mapping, gives a key twice, or holds comments
            alone.
    """
    data = read_bytes(file, ConfigError)
    found = _parsed(file, data, plain=False)
    if found is None:  # written by a command that failed, say: nobody means all defaults by it
        what = "the file holds no values" if data.strip() else "the file is empty"
        msg = f"{file}: {what}: {advice}"
        raise ConfigError(msg)
    return found


def read_plain_yaml(file: Path) -> tuple[dict[str, Any], bytes]:
    """Read a YAML file on which a decision rests: small, and without anchors and aliases.

    Returns:
        Its mapping, and the very bytes that it was read from.

    Raises:
        ConfigError: As :func:`read_yaml`; or it is too large, no regular file, or has an anchor.
    """
    data = read_bytes(file, ConfigError, most=MOST_BYTES)
    return _parsed(file, data, plain=True) or {}, data


def _parsed(file: Path, data: bytes, *, plain: bool) -> dict[str, Any] | None:
    """The mapping that some bytes hold; None where they hold no value, or null.

    Raises:
        ConfigError: They hold something else.
    """
    text = decode(file, data, ConfigError)
    try:
        node = _composed(text, plain=plain)
        values = None if node is None else _Loader("").construct_document(node)
    except (yaml.YAMLError, *OF_CONVERTERS) as error:
        _composed.cache_clear()  # a merge that failed has already taken its key out of the node
        raise _not_yaml(file, error) from error
    if values is not None and not isinstance(values, dict):
        msg = f"{file}: expected keys and values, found {_kind(values)}"
        raise ConfigError(msg)
    return values


@lru_cache(maxsize=32)
def _composed(text: str, *, plain: bool) -> yaml.Node | None:
    """What a text says, before values are made of it: most of the work, and one process reads a policy many times."""
    reading = _PlainLoader(text) if plain else _Loader(text)
    try:
        return reading.get_single_node()
    finally:
        reading.dispose()


def _not_yaml(file: Path, error: Exception) -> ConfigError:
    """One line for text that is not YAML, with the position if PyYAML knows it."""
    mark = getattr(error, "problem_mark", None)
    place = f" line {mark.line + 1}, column {mark.column + 1}:" if mark else ""
    said = [part for part in (getattr(error, "context", None), getattr(error, "problem", None)) if part]
    reason = "too deeply nested" if isinstance(error, RecursionError) else str(error).split("\n", 1)[0]
    return ConfigError(f"{file}:{place} not valid YAML: {printable(', '.join(said) or reason, 300)}")


def merge(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` on top of ``under``: mappings merge key by key, everything else is replaced."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def validate(
    model: type[S], values: dict[str, Any], where: str, *, place: Callable[[ErrorDetails], str] = place_of
) -> S:
    """Validate ``values`` by the model's own strictness; the first fault becomes one line.

    Args:
        model: What the values must be.
        values: As read from YAML.
        where: File or other place that a message begins with.
        place: The name of a faulty value.

    Raises:
        ConfigError: A key is unknown (with the nearest known one, or all) or a value is wrong.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = error.errors()
        # A misspelt required key is two faults; the misspelling is the one that helps.
        fault = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
        path = printable(place(fault), 200)
        if fault["type"] == "extra_forbidden":
            known = _fields_at(model, fault["loc"][:-1])
            hint = did_you_mean(str(fault["loc"][-1]), known) or f" Known keys: {', '.join(known)}."
            msg = f"{where}: unknown key '{path}'.{hint}"
        else:
            found = f" (found {_kind(fault['input'])})" if is_about_value(fault) else ""
            as_number = AS_NUMBER if fault["type"] in ("float_type", "int_type") and _is_number(fault["input"]) else ""
            msg = f"{where}: {f'{path}: ' if path else ''}{fault_text(fault)}{found}{as_number}"
        raise ConfigError(msg) from error


def _is_number(value: object) -> bool:
    """Whether it is a text that would be a number without quotes, or in YAML's way of writing exponents."""
    try:
        return isinstance(value, str) and math.isfinite(float(value))
    except ValueError:
        return False


def _kind(value: object) -> str:
    """A value in the words of someone who writes YAML."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return printable(repr(value), 80)


def _fields_at(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """Names of the fields that are allowed at ``path`` inside ``model``."""
    inside: list[type[BaseModel]] = [model]
    for part in path:
        stepped = [
            found
            for one in inside
            if part in one.model_fields
            for found in _models(one.model_fields[str(part)].annotation)
        ]
        # List positions, keys of free mappings and pydantic's labels of union members lead no deeper.
        inside = stepped or inside
    return [field for one in inside for field in one.model_fields]


def _models(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - any annotation
    """The models that occur in an annotation: ``dict[str, list[Rule] | None]`` gives ``Rule``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in get_args(annotation) for found in _models(argument)]
