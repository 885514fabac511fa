"""Values of options that are more than one word: limits, settings, items."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import yaml

from audit.core.errors import ConfigError
from audit.core.text import printable

if TYPE_CHECKING:
    from audit.core.config import Limit


def limit(text: str | None) -> Limit | None:
    """A limit as it is typed.

    Raises:
        ConfigError: It is neither a whole number from 1, nor a share below 1, nor ``all``.
    """
    if text is None:
        return None
    if text == "all":
        return "all"
    with contextlib.suppress(ValueError, OverflowError):
        number = float(text)
        value = int(number) if number == int(number) and "." not in text else number
        if value >= 1 if isinstance(value, int) else 0 < value < 1:
            return value
    msg = f"--limit {printable(text, 40)}: give a whole number of items from 1, a share such as 0.1, or all"
    raise ConfigError(msg)


def settings(text: str | None, option: str) -> dict[str, Any] | None:
    """Settings as a JSON object, or as ``key=value`` separated by commas.

    Args:
        text: As it is typed; None gives None.
        option: For the message.

    Raises:
        ConfigError: It is neither.
    """
    if text is None:
        return None
    if text.lstrip().startswith("{"):
        return _json_object(text, option)
    found: dict[str, Any] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            msg = f"{option} {printable(part, 60)}: give key=value,key=value or a JSON object"
            raise ConfigError(msg)
        found[key.strip()] = _scalar(value)
    return found


def _scalar(text: str) -> Any:  # noqa: ANN401 - whatever YAML makes of it
    """A value as YAML reads it; what JSON has no word for (a date, say) stays the text that it is."""
    try:
        value = yaml.safe_load(text)
        json.dumps(value)
    except (yaml.YAMLError, ValueError, TypeError):
        return text
    return value


def samples(text: str | None) -> dict[str, list[int | str]] | list[int | str] | None:
    """Items as lm-eval's JSON object from task to positions, or a list of positions and sample_ids for a single task.

    Raises:
        ConfigError: It is neither.
    """
    if text is None:
        return None
    start = text.lstrip()[:1]
    if start == "{":
        found = _json_object(text, "--samples")
        return {task: _items(value) for task, value in found.items()}
    if start == "[":
        return _items(_json(text, "--samples"))
    return [int(word) if word.isdecimal() and len(word) < 16 else word for word in map(str.strip, text.split(","))]


def numbers(text: str, option: str) -> list[float]:
    """Numbers separated by commas.

    Args:
        text: As it is typed.
        option: For the message.

    Raises:
        ConfigError: One of them is no number.
    """
    found = []
    for word in text.split(","):
        try:
            found.append(float(word))
        except ValueError:
            msg = f"{option} {printable(word, 40)}: give numbers separated by commas, such as 1000,2000,4000"
            raise ConfigError(msg) from None
    return found


def boolean(text: str | None, option: str) -> bool | None:
    """``true`` or ``false``.

    Raises:
        ConfigError: It is neither.
    """
    if text is None:
        return None
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    msg = f"{option} {printable(text, 40)}: give true or false"
    raise ConfigError(msg)


def _items(value: Any) -> list[int | str]:  # noqa: ANN401 - JSON is any
    """A list of items, checked."""
    if isinstance(value, list) and all(isinstance(item, int | str) and not isinstance(item, bool) for item in value):
        return value
    msg = "--samples: give a list of positions and sample_ids for each task, e.g. '{\"boolq\": [0, 3]}'"
    raise ConfigError(msg)


def _json_object(text: str, option: str) -> dict[str, Any]:
    """A JSON object."""
    value = _json(text, option)
    if not isinstance(value, dict):
        msg = f"{option}: expected a JSON object"
        raise ConfigError(msg)
    return value


def _json(text: str, option: str) -> Any:  # noqa: ANN401 - JSON is any
    """JSON, or one line that says where it is not."""
    from audit.core.records.files.json_file import read_plain  # noqa: PLC0415 - imports pydantic, which takes time

    try:
        return read_plain(text)
    except json.JSONDecodeError as error:
        msg = f"{option}: not valid JSON at character {error.pos + 1} ({error.msg})"
        raise ConfigError(msg) from error
    except ValueError as error:
        msg = f"{option}: not valid JSON ({error})"
        raise ConfigError(msg) from error
