"""JSON files of a checkpoint or an adapter, with one clear line for damaged ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audit.core.errors import CheckpointError
from audit.core.filesystem import no_file_because

if TYPE_CHECKING:
    from pathlib import Path


def refuse_no_file(file: Path) -> None:
    """Refuse a folder, a pipe or a link that leads nowhere where a file of a checkpoint should be.

    Raises:
        CheckpointError: It is one of them.
    """
    found = no_file_because(file)
    if found:
        msg = f"{file}: {found}: put the checkpoint's own file in its place"
        raise CheckpointError(msg)


def read_object(file: Path, remedy: str = "copy the checkpoint again") -> dict[str, Any]:
    """The JSON object in a file.

    Args:
        file: For example ``config.json``.
        remedy: What to do where it is damaged.

    Raises:
        CheckpointError: It cannot be read, or is no JSON object.
    """
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{file}: not valid JSON ({error}): {remedy}"
        raise CheckpointError(msg) from error
    if not isinstance(found, dict):
        msg = f"{file}: expected a JSON object: {remedy}"
        raise CheckpointError(msg)
    return found
