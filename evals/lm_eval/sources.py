"""Where the rows of a task come from, for the manifest: local files, the hub, or the task's own code."""

from __future__ import annotations

import hashlib
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.records import AssetRecord, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lm_eval.api.task import Task

BUILDERS = frozenset({"csv", "json", "text", "parquet", "arrow", "pandas", "xml"})
"""Values of ``dataset_path`` that name a file format, not a data set."""


def describe(task: Task, row_digests: Sequence[str]) -> AssetRecord:
    """The data set of a task.

    Args:
        task: lm-eval's task.
        row_digests: Digests of the rows that were run, from which the digest of a non-local data set is made.
    """
    info = getattr(task.eval_docs, "info", None)
    licence, homepage = str(getattr(info, "license", None) or "unknown"), getattr(info, "homepage", None) or None
    files = data_files(task)
    if files:
        digest = _digest(files)
        return AssetRecord(
            name=", ".join(dict.fromkeys(file.name for file in files[:5])) + (", …" if len(files) > 5 else ""),
            kind="dataset",
            source=f"file {files[0]}" if len(files) == 1 else f"files {files[0]} and {len(files) - 1} more",
            version=digest[:12],
            sha256=digest,
            licence=licence,
            homepage=homepage,
        )
    name = str(task.DATASET_PATH) + (f"/{task.DATASET_NAME}" if task.DATASET_NAME else "")
    urls = [place for place in _places(task) if "://" in place]
    made = callable(task.get_config("custom_dataset")) or not task.DATASET_PATH
    return AssetRecord(
        name=str(task.task_name) if made else name,
        kind="dataset",
        source="code of the task" if made else f"url {urls[0]}" if urls else f"hub {task.DATASET_PATH}",
        version=str(getattr(info, "version", None) or "unknown"),
        sha256=digest_of(list(row_digests)),
        licence=licence,
        homepage=homepage,
    )


def data_files(task: Task) -> list[Path]:
    """The local files that hold a task's rows, sorted; none if the rows come from elsewhere."""
    path = str(task.DATASET_PATH or "")
    if callable(task.get_config("custom_dataset")) or not path:
        return []
    if path not in BUILDERS:
        place = Path(path)
        return sorted(file for file in place.rglob("*") if file.is_file()) if place.is_dir() else []
    base = str((task.get_config("dataset_kwargs") or {}).get("data_dir") or "")
    found = {file.resolve() for place in _places(task) for file in _matching(str(Path(base, place)))}
    return sorted(file for file in found if file.is_file())


def local_files(fields: Mapping[str, Any], folder: Path) -> tuple[list[str], set[str]]:
    """The names of data files in a task file, and those of them that exist.

    Args:
        fields: Fields of the task file.
        folder: That the task file is in.
    """
    value = (fields.get("dataset_kwargs") or {}).get("data_files")
    wanted = list(_names(value))
    return wanted, {name for name in wanted if _matching(str(_anchored(name, folder)))}


def anchor(fields: dict[str, Any], folder: Path) -> None:
    """Let relative data files of a task file be found next to it if they are not in the working folder.

    Args:
        fields: Fields of the task file; changed in place.
        folder: That the task file is in.
    """
    options = fields.get("dataset_kwargs")
    if fields.get("dataset_path") in BUILDERS and isinstance(options, dict) and not options.get("data_dir"):
        fields["dataset_kwargs"] = {**options, "data_files": _anchored(options.get("data_files"), folder)}


def _anchored(value: Any, folder: Path) -> Any:  # noqa: ANN401 - a name, a list or a mapping of them
    """Names of data files; those next to the task file as absolute paths."""
    if isinstance(value, dict):
        return {key: _anchored(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [_anchored(inner, folder) for inner in value]
    if not isinstance(value, str) or _matching(value):
        return value
    relative = str(folder / value)
    return relative if _matching(relative) else value


def _matching(pattern: str) -> list[Path]:
    """Files that match a name or pattern of ``datasets``."""
    return [Path(name) for name in glob(pattern, recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute pattern


def _places(task: Task) -> Iterator[str]:
    """The names of data files in a task's configuration."""
    return _names((task.get_config("dataset_kwargs") or {}).get("data_files"))


def _names(value: Any) -> Iterator[str]:  # noqa: ANN401 - a name, a list or a mapping of them
    """The names in a ``data_files`` value, whatever its form."""
    entries = value.values() if isinstance(value, dict) else [value]
    for entry in entries:
        for place in entry if isinstance(entry, list) else [entry]:
            if isinstance(place, str):
                yield place


def _digest(files: Sequence[Path]) -> str:
    """SHA-256 of one file's bytes, or over those of several and their names."""
    digests = []
    for file in files:
        with file.open("rb") as opened:
            digests.append(hashlib.file_digest(opened, "sha256").hexdigest())
    return digests[0] if len(files) == 1 else digest_of([[f.name, d] for f, d in zip(files, digests, strict=True)])
