"""Checkpoints of the Hugging Face hub, or of its cache on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from audit.core.assets.model_name import is_hub_id
from audit.core.errors import AssetError
from audit.core.names import split_engine

TOKENIZER_PATTERNS = ["*.json", "*.model", "*.tiktoken", "*.spm", "*.codes", "*.txt", "*.jinja", "*.py"]
PATTERNS = [*TOKENIZER_PATTERNS, "*.safetensors"]
PICKLE_PATTERNS = [*PATTERNS, "pytorch_model*.bin", "adapter_model.bin"]
"""With the pickled weights, which are fetched only where they may be loaded."""
LOCAL = "give a local folder, or see `audit assets list`"


def download(model: str, revision: str | None, *, offline: bool, patterns: list[str] | None = None) -> Path:
    """Download a checkpoint from the hub, or find it in the hub cache.

    Args:
        model: ``owner/name``.
        revision: Branch, tag or commit; None is the main branch.
        offline: Look into the cache only.
        patterns: Files to fetch; None takes all that a checkpoint needs.

    Raises:
        AssetError: It is not there, or the hub cannot be reached.
    """
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "5")
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - reads its time-outs on import

    wanted = patterns or PATTERNS
    try:
        return Path(snapshot_download(model, revision=revision, allow_patterns=wanted, local_files_only=offline))
    except Exception as error:  # the hub client raises errors of four libraries
        msg = f"{model}: no such folder, and {_why(model, revision, error, offline=offline)}"
        raise AssetError(msg) from error


def split_revision(model: str) -> tuple[str, str | None]:
    """A hub id and what stands after ``@``, a commit, tag or branch; a folder's name may hold that mark itself."""
    name, _, revision = model.partition("@")
    if not is_hub_id(name) or is_there(model):
        return model, None
    return name, revision or None


def is_there(model: str) -> bool:
    """Whether a name is that of a folder or file on this machine."""
    return os.path.exists(os.path.expanduser(model))  # noqa: PTH110, PTH111 - pathlib raises: no such user, too long


def commit_of(folder: Path) -> str:
    """The commit that a folder of the hub's cache holds, ``…/snapshots/COMMIT``; empty for another folder."""
    return folder.name if folder.parent.name == "snapshots" else ""


def cached_commit(model: str, revision: str | None) -> str:
    """The commit of a checkpoint that was found on the hub or in its cache; empty for a folder, a file or an asset."""
    _, model = split_engine(model)
    if not is_hub_id(model) or is_there(model):
        return ""
    try:
        return commit_of(download(model, revision, offline=True, patterns=["config.json"]))
    except AssetError:  # the cache was emptied meanwhile
        return ""


def _why(model: str, revision: str | None, error: Exception, *, offline: bool) -> str:
    """Why the hub did not provide a checkpoint, and what to do about it."""
    from huggingface_hub import errors  # noqa: PLC0415 - reads its time-outs on import

    meanings = {  # the first that fits: some are kinds of others
        errors.GatedRepoError: f"the hub requires you to accept the terms of {model}: do so there, and set HF_TOKEN",
        errors.RepositoryNotFoundError: f"the hub has no {model}, or HF_TOKEN must be set to see it: {LOCAL}",
        errors.RevisionNotFoundError: f"the hub's {model} has no revision {revision}: correct --revision",
        errors.HFValidationError: f"it is not a valid hub id: {LOCAL}",
        errors.IncompleteSnapshotError: f"its copy in the hub cache is incomplete: download it again, or {LOCAL}",
    }
    for kind, meaning in meanings.items():
        if isinstance(error, kind):
            return meaning
    if offline:
        return f"not in the hub cache: {LOCAL}"
    answer = next((e for e in (error, error.__cause__) if isinstance(e, errors.HfHubHTTPError)), None)
    if answer is not None:
        return f"the hub answered with HTTP status {answer.response.status_code}: try again later, or {LOCAL}"
    if isinstance(error, errors.LocalEntryNotFoundError | ConnectionError) or "Connect" in type(error).__name__:
        return f"the hub cannot be reached (no network?), and it is not in the hub cache: {LOCAL}"
    return f"the hub failed with {type(error).__name__}: {LOCAL}"
