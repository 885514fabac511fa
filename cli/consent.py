"""The options by which a user allows code that a recorded run names: ``--replay``, ``--resume`` and ``--extend``."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.cli.options import Given
    from audit.core.config import RunConfig

OPTIONS = ("--trust-remote-code", "--allow-pickle", "--plugin", "--include-path")
"""Those that a command takes which makes or finishes a recorded run, although the run keeps its configuration."""
NAMES = dict(zip(("trust_remote_code", "allow_pickle", "plugins", "include_path"), OPTIONS, strict=True))
"""By their fields."""


def require(config: RunConfig, given: Given, where: str) -> None:
    """Refuse a recorded run that may run code which no option allows.

    Args:
        config: As recorded.
        given: Options that were typed.
        where: The option that names the run, and the run.

    Raises:
        ConfigError: It may.
    """
    from audit.pipeline.consent import require_consent  # noqa: PLC0415 - torch takes seconds to import

    require_consent(config, given.values, where, words)


def words(field: str, path: str | None) -> str:
    """How a field, or one file of it, is allowed."""
    return NAMES[field] if path is None else f"{NAMES[field]} {quote(path)}"


def typed(config: RunConfig) -> str:
    """All options that a run of this configuration needs to go on, with a space before each."""
    found = [words(name, None) for name in ("trust_remote_code", "allow_pickle") if getattr(config, name)]
    files = (("plugins", config.plugins), ("include_path", config.evals.include_path))
    found += [words(name, str(path)) for name, paths in files for path in paths]
    return "".join(f" {one}" for one in found)
