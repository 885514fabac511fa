"""Pydantic's faults in the words of someone who writes YAML, JSON or a command line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError, core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema, ErrorDetails

_WHOLE, _NUMBER, _SWITCH = "must be a whole number", "must be a number", "must be true or false"
_MAPPING, _KEY = "must be a mapping", "keys must be text"
_OF_KEY = "[key]"
"""The end of the place of a fault of a key: pydantic's own, in no file."""
_WORDS = {
    "missing": "this key is required",
    "extra_forbidden": "unknown key",
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "invalid_key": _KEY,
    "list_type": "must be a list",
    "string_type": "must be text",
    "path_type": "must be a path",
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "must be a whole number of fewer digits",
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": "must be a finite number",
    "literal_error": "must be {expected}",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
"""By the type of a fault; braces take pydantic's values."""


def fault_text(fault: ErrorDetails) -> str:
    """What a value must be, without pydantic's own phrases and Python's types.

    Args:
        fault: One of ``ValidationError.errors()``.
    """
    if fault["type"] == "string_type" and fault["loc"][-1:] == (_OF_KEY,):
        return _KEY
    context = fault.get("ctx", {})
    words = _WORDS.get(fault["type"])
    several = fault["type"].endswith("too_short") and context.get("min_length") != 1
    if words is None or several:
        return fault["msg"].removeprefix("Value error, ")
    return words.format_map({name: _exact(value) for name, value in context.items()})


def _exact(value: object) -> object:
    """A bound as it is written: ``1`` for 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def place_of(fault: ErrorDetails) -> str:
    """Where the value is: ``rules.0.slice``; empty for the whole.

    Args:
        fault: One of ``ValidationError.errors()``.
    """
    return ".".join(str(part) for part in fault["loc"] if part != _OF_KEY)


def is_about_value(fault: ErrorDetails) -> bool:
    """Whether the value that was found helps to see the fault: not where a check of the program's own names it."""
    return fault["type"] not in {"missing", "value_error"}


@dataclass(frozen=True)
class TextForm:
    """Marks text that has to match a regular expression, which no message shows: it says in words what is asked for."""

    pattern: str
    """Of the whole text; also in the JSON schema."""
    words: str
    """What the text must be: ``must be …``."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check what the type lets through."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The type's own schema with the expression."""
        return {**handler(schema), "pattern": f"^{self.pattern}$"}

    def _checked(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text):
            kind = "text_form"
            raise PydanticCustomError(kind, "{words}", {"words": self.words})
        return text
