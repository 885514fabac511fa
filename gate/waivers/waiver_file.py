"""The file of waivers that a decision is made with."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import yaml
from pydantic import model_validator

from audit.core.config import read_plain_yaml
from audit.core.errors import ConfigError
from audit.core.formatting import slice_text
from audit.core.records import Waiver
from audit.core.records.base import Record
from audit.gate.policy import validate_listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import Decision


class _Content(Record):
    """What the file holds."""

    waivers: list[Waiver]
    """All of them must be in force and used."""

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        counted = Counter(waiver.id.casefold() for waiver in self.waivers)
        twice = next((waiver.id for waiver in self.waivers if counted[waiver.id.casefold()] > 1), None)
        if twice is not None:
            msg = f"two waivers have the id {twice}: ids are unique"
            raise ValueError(msg)
        return self


@dataclass(frozen=True)
class WaiverFile:
    """Waivers and the bytes they were read from."""

    name: str
    """File name."""
    sha256: str
    """Digest of the file's bytes."""
    waivers: tuple[Waiver, ...]
    """Its content."""


def load_waivers(file: Path) -> WaiverFile:
    """Read a file of waivers.

    Raises:
        ConfigError: The file is missing, too large, not plain YAML, or holds an unknown key, a wrong value or an id
            twice.
    """
    values, data = read_plain_yaml(file)
    if "waivers" not in values:
        unknown = f" Unknown key {next(iter(values))!r}." if values else ""
        msg = f"{file}: no waivers: list them under the key 'waivers'.{unknown}"
        raise ConfigError(msg)
    content = validate_listed(_Content, values, file, "waivers", "waiver")
    return WaiverFile(file.name, hashlib.sha256(data).hexdigest(), tuple(content.waivers))


def recorded(decision: Decision) -> WaiverFile | None:
    """The waivers that a decision was made with, as it records them; None where it had none."""
    if decision.waiver_file is None or decision.waivers_sha256 is None:
        return None
    waivers = tuple(Waiver(**one.model_dump(exclude={"fault"})) for one in decision.waivers)
    return WaiverFile(decision.waiver_file, decision.waivers_sha256, waivers)


def written(waivers: Sequence[Waiver]) -> str:
    """Waivers as the text of a file that :func:`load_waivers` reads.

    Args:
        waivers: With ids of their own.
    """
    values = [one.model_dump(mode="json", exclude_none=True, include={*Waiver.model_fields}) for one in waivers]
    return yaml.safe_dump({"waivers": values}, sort_keys=False, allow_unicode=True, width=120)


def target(waiver: Waiver) -> str:
    """The metric with its slice in brackets, as checks name it."""
    return f"{waiver.rule} [{slice_text(waiver.slice)}]" if waiver.slice else waiver.rule
