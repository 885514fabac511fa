"""The formats that can be imported: those here, and those of other packages (entry points ``audit.importers``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import UsageError, did_you_mean
from audit.core.provenance import entry_points
from audit.core.text import first_line
from audit.gate.importers import inspect_log, lm_eval_log, table
from audit.gate.importers.contract import bad
from audit.gate.importers.evalscope import work as evalscope_work
from audit.gate.importers.helm import folder as helm_folder
from audit.gate.importers.nemo import bundle as nemo_bundle
from audit.gate.importers.opencompass import work as opencompass_work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.gate.importers.contract import Reader

GROUP = "audit.importers"
READERS: tuple[Reader, ...] = (
    lm_eval_log.READER, inspect_log.READER, nemo_bundle.READER, evalscope_work.READER, helm_folder.READER,
    opencompass_work.READER, table.READER,
)  # fmt: skip
"""In the order in which they are asked whether they recognise a file."""


def readers() -> dict[str, Reader]:
    """Every reader by name; one of another package cannot replace one of these.

    Raises:
        UsageError: One of another package cannot be imported.
    """
    found: dict[str, Reader] = {reader.NAME: reader for reader in READERS}
    for point in entry_points(group=GROUP):
        try:
            reader: Reader = point.load()
            found.setdefault(reader.NAME, reader)
        except Exception as error:
            msg = f"importer {point.name} ({point.value}) cannot be used: {first_line(error)}: install it again"
            raise UsageError(msg) from error
    return found


def reader_for(files: Sequence[Path], name: str | None) -> Reader:
    """The reader that was named, or the first that recognises the files.

    Raises:
        UsageError: None is called so, none recognises them, or a path is a pipe or a device.
    """
    for file in files:
        if file.exists() and not (file.is_file() or file.is_dir()):  # reading a pipe would wait for ever
            raise bad(file, "neither a file nor a folder")
    known = readers()
    if name is not None:
        if name not in known:
            msg = f"--from {name}: no such format: {', '.join(known)}.{did_you_mean(name, known)}"
            raise UsageError(msg)
        return known[name]
    found = next((reader for reader in known.values() if reader.recognises(files)), None)
    if found is None:
        formats = "; ".join(f"{reader.NAME} ({reader.ABOUT})" for reader in known.values())
        msg = f"{files[0]}: format not recognised: name it with --from: {formats}"
        raise UsageError(msg)
    return found
