"""Code that a recorded run names: whoever makes or finishes the run decides whether it runs here, not its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig, validate
from audit.core.errors import ConfigError
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

OF_CHECKPOINT = ("trust_remote_code", "allow_pickle")
"""Fields of the configuration that let a checkpoint run code."""
FILES = ("plugins", "include_path")
"""Fields of the configuration and of its section ``evals`` with files that may hold code."""


def require_consent(
    config: RunConfig, given: Mapping[str, Any], where: str, words: Callable[[str, str | None], str]
) -> None:
    """Refuse a recorded configuration that may run code which the user has not allowed.

    Args:
        config: As recorded.
        given: Fields that the user set, nested as in the configuration.
        where: What the user asked for, for the error.
        words: How the user allows a field, or one file of it.

    Raises:
        ConfigError: There is such code; the error has everything that has to be given. Or what is given is of a wrong
            type.
    """
    allowed = validate(RunConfig, _fields(given), where)
    missing = list(_not_allowed(config, allowed))
    if not missing:
        return
    what = "load code from a file" if missing[0][1] else "run code of its checkpoint"
    how = " ".join(printable(words(field, path), 300) for field, path in missing)
    msg = f"{where}: this run could {what}: allow it with {how}"
    raise ConfigError(msg)


def _fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the given fields that allow code."""
    found = {name: given[name] for name in (*OF_CHECKPOINT, "plugins") if given.get(name) is not None}
    paths = (given.get("evals") or {}).get("include_path")
    return found if paths is None else {**found, "evals": {"include_path": paths}}


def _not_allowed(config: RunConfig, allowed: RunConfig) -> Iterator[tuple[str, str | None]]:
    """Fields, and files of them, that may run code and that the user has not allowed."""
    for field in OF_CHECKPOINT:
        if getattr(config, field) and not getattr(allowed, field):
            yield field, None
    recorded, typed = ((one.plugins, one.evals.include_path) for one in (config, allowed))
    for field, paths, named in zip(FILES, recorded, typed, strict=True):
        known = {path.resolve() for path in named}
        yield from ((field, str(path)) for path in paths if path.resolve() not in known)
