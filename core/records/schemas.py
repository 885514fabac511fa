"""JSON Schemas of everything an audit reads or leaves on disk.

``python -m audit.core.records.schemas`` writes them to ``docs/schemas`` of the current folder; a test fails
when a file there is not what the models say.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from audit.core.config import RunConfig
from audit.core.filesystem import write_text
from audit.core.records import (
    SCHEMA_VERSION,
    Attribution,
    Decision,
    Drivers,
    Metric,
    RawOutput,
    RunManifest,
    Sample,
    Sweep,
)
from audit.core.records.logged import LoggedTask

DIALECT = "https://json-schema.org/draft/2020-12/schema"

FILES: dict[str, tuple[Any, str]] = {
    "manifest": (RunManifest, "manifest.json of a run folder"),
    "metrics": (list[Metric], "metrics.json of a run folder"),
    "sample": (
        Sample,
        "A row of samples/<suite>/<task>.parquet; the columns scores, slices and completions.labels are maps",
    ),
    "raw": (RawOutput, "A line of raw.jsonl of a run folder, written only with --keep-raw"),
    "logged": (LoggedTask, "logged/<task>.json.gz of a run folder, gzip-compressed"),
    "attribution": (Attribution, "attributions/<id>.json of a run folder"),
    "drivers": (Drivers, "drivers.json of a run folder"),
    "decision": (Decision, "decision.json of a run folder"),
    "sweep": (Sweep, "sweep.json next to the run folders of a sweep"),
    "config": (RunConfig, "A configuration file of audit run"),
}
"""Name of the schema to its model and what it describes."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of file; fields with a default may be absent."""
    model, title = FILES[name]
    plain = TypeAdapter(model).json_schema()
    plain.pop("title", None)
    return {"$schema": DIALECT, "title": title, "$comment": f"schema version {SCHEMA_VERSION}", **plain}


def render(name: str) -> str:
    """The text of ``docs/schemas/<name>.json``."""
    return json.dumps(schema(name), indent=2, ensure_ascii=False) + "\n"


def write_all(folder: Path) -> list[Path]:
    """Write every schema into ``folder``.

    Raises:
        WriteError: A file cannot be written.
    """
    paths = [folder / f"{name}.json" for name in FILES]
    for path in paths:
        write_text(path, render(path.stem))
    return paths


if __name__ == "__main__":
    for written in write_all(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/schemas")):
        sys.stdout.write(f"{written}\n")
