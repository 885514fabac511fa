"""From the name that a user gives to the files of a checkpoint on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from audit.core import assets
from audit.core.assets.model_name import can_be_found, is_hub_id, nowhere
from audit.core.errors import AssetError, CheckpointError
from audit.core.filesystem import did_you_mean_path
from audit.core.names import split_engine
from audit.engine.checkpoint import adapter
from audit.engine.checkpoint.files import CheckpointFiles, inspect_folder
from audit.engine.checkpoint.gguf.load import inspect_gguf
from audit.engine.checkpoint.hub import PICKLE_PATTERNS, TOKENIZER_PATTERNS, download
from audit.engine.server_name import is_server, parse


def find(
    model: str, *, base: str | None = None, revision: str | None, allow_pickle: bool, offline: bool
) -> CheckpointFiles:
    """The local files for that name, checked, with their digests and the parsed configuration.

    Args:
        model: Folder, ``.gguf`` file, asset name or hub id.
        base: Base checkpoint of an adapter; None uses the one that the adapter names.
        revision: Branch, tag or commit, for a hub id.
        allow_pickle: Take pickled weights.
        offline: Never ask the hub.

    Raises:
        CheckpointError: There is nothing of that name, or it is damaged or refused.
    """
    _, model = split_engine(model)
    folder, source = _find_folder(model, revision, allow_pickle=allow_pickle, offline=offline)
    if folder is not None and adapter.is_adapter(folder):
        on = _find_base(folder, base, allow_pickle=allow_pickle, offline=offline)
        return replace(adapter.inspect_adapter(folder, on, allow_pickle=allow_pickle), source=source)
    if base is not None:
        msg = f"--base {base}: {model} is not an adapter folder (adapter_config.json, no config.json): leave out --base"
        raise CheckpointError(msg)
    if folder is not None:
        return replace(inspect_folder(folder, allow_pickle=allow_pickle), source=source)
    path = Path(model).expanduser()
    if path.is_file():
        return replace(_inspect_file(path.resolve(), allow_pickle=allow_pickle), source=f"file {path.name}")
    if model in {entry.name for entry in assets.names()}:
        resolved = assets.checkpoint(model)
        return replace(_inspect_file(resolved.path, allow_pickle=False), source=resolved.record.source)
    raise nowhere(model)


def _find_folder(model: str, revision: str | None, *, allow_pickle: bool, offline: bool) -> tuple[Path | None, str]:
    """The folder with that name, or from the hub, and where it came from; None for files, assets and unknown names."""
    path = Path(model).expanduser()
    if path.is_dir():
        return path.resolve(), f"folder {path.name}"
    known = path.is_file() or model in {entry.name for entry in assets.names()}
    if known or not is_hub_id(model):
        return None, ""
    patterns = PICKLE_PATTERNS if allow_pickle else None
    return _fetch(model, revision, offline=offline, patterns=patterns), f"hub {model}"


def _find_base(folder: Path, base: str | None, *, allow_pickle: bool, offline: bool) -> CheckpointFiles:
    """The base checkpoint of an adapter: the user's choice, else the one that the adapter names.

    Raises:
        CheckpointError: It is not there, or the adapter names none.
    """
    adapter.require_peft()
    named, revision = adapter.base_of(folder)
    wanted = base or named
    if wanted is None:
        msg = f"{folder}: adapter_config.json names no base checkpoint: name it with --base"
        raise CheckpointError(msg)
    missing = f"{folder}: its base checkpoint {wanted} cannot be found: name a local folder with --base"
    if not can_be_found(wanted):
        raise CheckpointError(missing)
    try:
        return find(wanted, revision=None if base else revision, allow_pickle=allow_pickle, offline=offline)
    except AssetError as error:  # a damaged base raises an error of its kind
        raise CheckpointError(missing) from error


def tokenizer_folder(name: str, revision: str | None, *, offline: bool) -> Path | None:
    """The folder with the tokenizer of a checkpoint, whose weights may be missing; None if there is nothing."""
    _, name = split_engine(name)
    path = Path(name).expanduser()
    if path.is_dir():
        return path.resolve()
    if path.is_file() or name in {entry.name for entry in assets.names()}:
        return find(name, revision=None, allow_pickle=False, offline=offline).folder
    return _fetch(name, revision, offline=offline, patterns=TOKENIZER_PATTERNS) if is_hub_id(name) else None


def refuse_revision(model: str, revision: str | None) -> None:
    """Refuse a revision of a model that has none: it would be ignored, and the wrong checkpoint audited.

    Raises:
        CheckpointError: One is given, and the model is a folder, a file or an asset.
    """
    if revision is None:
        return
    _, model = split_engine(model)
    known = {entry.name for entry in assets.names()}
    kind = "a folder or file on this machine" if Path(model).expanduser().exists() else "an asset with one version"
    if model in known or Path(model).expanduser().exists():
        msg = (
            f"--revision {revision}: {model} is {kind}, which has no revisions: leave out --revision, or name a hub id"
        )
        raise CheckpointError(msg)


def check_source(model: str) -> None:
    """Refuse a model that cannot be a folder, a file, an asset, a hub id or a server's; touches no network or weights.

    Raises:
        CheckpointError: There is nothing of that name.
    """
    if is_server(model):
        parse(model)
    elif not can_be_found(split_engine(model)[1]):
        raise nowhere(split_engine(model)[1])


def _fetch(model: str, revision: str | None, *, offline: bool, patterns: list[str] | None = None) -> Path:
    """A hub checkpoint's folder; if there is none, suggest a local folder with a similar name."""
    try:
        return download(model, revision, offline=offline, patterns=patterns)
    except AssetError as error:
        raise AssetError(f"{error}.{near}" if (near := did_you_mean_path(Path(model))) else str(error)) from error


def is_gguf(model: str) -> bool:
    """Whether a name is that of a GGUF file; every asset is one."""
    _, model = split_engine(model)
    if is_server(model) or Path(model).expanduser().is_dir():
        return False
    return model.endswith(".gguf") or model in {entry.name for entry in assets.names()}


def short_name(model: str) -> str:
    """Short display name of a checkpoint: of the folder, of the file without its suffix, or the last part of a hub id.

    For ``openai:URL#NAME`` the last part of NAME.
    """
    if is_server(model):
        return parse(model).model.rstrip("/").rsplit("/", 1)[-1] or "model"
    path = Path(split_engine(model)[1]).expanduser()
    if path.is_dir():
        return path.resolve().name or "model"
    return path.stem if path.is_file() else model.rsplit("/", 1)[-1]


def _inspect_file(file: Path, *, allow_pickle: bool) -> CheckpointFiles:
    """A single file is a GGUF file; a weight file means its folder."""
    if file.suffix == ".gguf":
        return inspect_gguf(file)
    if file.suffix == ".safetensors":
        found = inspect_folder(file.parent, allow_pickle=allow_pickle)
        read = [one.path for one in found.files if one.kind == "weights"]
        if file.name in read:
            return found
        msg = f"{file}: its folder would load {', '.join(read)}: give the folder, or move the file to its own"
        raise CheckpointError(msg)
    msg = f"{file}: not a checkpoint: name a folder made by save_pretrained, or a .gguf file"
    raise CheckpointError(msg)
