"""Attributions as a file: HTML, SVG, PNG or JSON, by its suffix."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from audit.core.errors import UsageError
from audit.core.filesystem import write_output
from audit.core.run_folder import refuse_evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from audit.core.records import Attribution


def check(path: Path) -> None:
    """Make sure before anything is computed that a file of this name can be made.

    Raises:
        UsageError: Its suffix is unknown, there is a folder of that name, or it is evidence of a run.
    """
    refuse_evidence(path, "--out")
    if path.suffix.lower() not in WRITERS:
        msg = f"--out {path}: choose a file name that ends in {', '.join(WRITERS)}"
        raise UsageError(msg)
    if path.is_dir():
        msg = f"--out {path}: there is a folder of that name: choose another name"
        raise UsageError(msg)


def write(path: Path, attributions: Sequence[Attribution]) -> None:
    """Write attributions of one prompt, whole or not at all.

    Args:
        path: One that :func:`check` accepts.
        attributions: One per method; in JSON one alone is an object, several are a list.

    Raises:
        WriteError: The file cannot be written.
    """
    write_output(path, WRITERS[path.suffix.lower()](attributions))


def _html(attributions: Sequence[Attribution]) -> bytes:
    from audit.reports.attribution.page import render  # noqa: PLC0415 - templates are needed for this alone

    return render(attributions).encode()


def _svg(attributions: Sequence[Attribution]) -> bytes:
    from audit.reports.attribution.picture import svg  # noqa: PLC0415 - charts are needed for this alone

    return svg(attributions).encode()


def _png(attributions: Sequence[Attribution]) -> bytes:
    from audit.reports.attribution.picture import png  # noqa: PLC0415 - charts are needed for this alone

    return png(attributions)


def _json(attributions: Sequence[Attribution]) -> bytes:
    if len(attributions) == 1:
        return (attributions[0].model_dump_json(indent=2) + "\n").encode()
    records = [attribution.model_dump(mode="json") for attribution in attributions]
    return (json.dumps(records, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


WRITERS: dict[str, Callable[[Sequence[Attribution]], bytes]] = {
    ".html": _html,
    ".svg": _svg,
    ".png": _png,
    ".json": _json,
}
"""By suffix."""
