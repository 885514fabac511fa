"""Contents of a checkpoint folder, identified by digest and checked before loading."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from audit.core.assets.digest import file_sha256
from audit.core.errors import CheckpointError
from audit.core.records import FileDigest, digest_of
from audit.engine.checkpoint.json_files import read_object, refuse_no_file
from audit.engine.checkpoint.safetensors_files import check_safetensors
from audit.engine.checkpoint.weight_files import unread_weights, weight_files

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["weights", "tokenizer", "chat_template", "config"]

TOKENIZER_FILES = {
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "tekken.json",
    "bpe.codes",
    "normalizer.json",
    "emoji.json",
}
VOCABULARIES = {"tokenizer.json", "vocab.json", "vocab.txt", "tekken.json", "bpe.codes"}
VOCABULARY_ENDINGS = (".model", ".tiktoken", ".spm")
"""Vocabularies of SentencePiece and tiktoken, under any name."""
CONFIG_FILES = {"config.json", "generation_config.json"}
TEMPLATES = "additional_chat_templates"
"""Folder of the named chat templates, ``NAME.jinja`` each."""


@dataclass(frozen=True)
class CheckpointFiles:
    """A local checkpoint, ready to be loaded."""

    folder: Path
    """Where transformers loads it from."""
    files: tuple[FileDigest, ...]
    """Every file that determines its answers, by content."""
    quantization: str | None = None
    """How the stored weights are quantised, e.g. ``gguf:Q4_1``, or the method that ``config.json`` names."""
    adapter: Path | None = None
    """Folder of a PEFT adapter to apply to the weights of ``folder``."""
    base: str | None = None
    """For an adapter: where ``folder`` came from, and the start of that checkpoint's digest."""
    tokenizer: Path | None = None
    """Where the tokenizer is loaded from, if not from ``folder``."""
    remarks: tuple[str, ...] = ()
    """Remarks on the files, e.g. which of two sets of weights is read."""
    config: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """``config.json`` of ``folder``, parsed."""
    source: str = ""
    """Where it came from, e.g. ``folder NAME`` or ``hub OWNER/NAME``; enters the manifest, not the digest."""

    @property
    def digest(self) -> str:
        """SHA-256 over kind and digest of every file. Paths do not matter; names only do for named templates."""
        return digest_of(sorted(identity(file) for file in self.files))


def inspect_folder(folder: Path, *, allow_pickle: bool = False) -> CheckpointFiles:
    """Check a transformers folder and compute the digests of its files.

    Raises:
        CheckpointError: No config or weights, only pickled weights, two sets of weights, or a damaged safetensors file.
    """
    refuse_no_file(folder / "config.json")
    if not (folder / "config.json").is_file():
        msg = f"{folder}: no config.json: name a folder made by save_pretrained, or a .gguf file"
        raise CheckpointError(msg)
    if (folder / "adapter_config.json").is_file():
        msg = f"{folder}: holds both a checkpoint and a PEFT adapter: keep them in separate folders"
        raise CheckpointError(msg)
    config = read_object(folder / "config.json")
    packed = config.get("quantization_config")
    method = str(packed.get("quant_method", "unnamed")) if isinstance(packed, dict) else None
    weights = weight_files(folder, allow_pickle=allow_pickle)
    for file in weights:
        if file.suffix == ".safetensors":
            check_safetensors(file)
    digests = [*deciding_files(folder), *(file_digest(file, "weights") for file in weights)]
    files = tuple(sorted(digests, key=lambda file: file.path))
    return CheckpointFiles(folder, files, method, remarks=unread_weights(folder, weights), config=config)


def deciding_files(folder: Path) -> list[FileDigest]:
    """Tokenizer, chat-template and configuration files of a folder, by name.

    Raises:
        CheckpointError: One is no file, or cannot be read.
    """
    there = sorted(folder.iterdir())
    for file in there:
        if file.name in TOKENIZER_FILES | CONFIG_FILES or (_kind(file) and not file.is_dir()):
            refuse_no_file(file)
    files = [(file, _kind(file)) for file in there if file.is_file()]
    named = [
        file_digest(file, "chat_template").model_copy(update={"path": f"{TEMPLATES}/{file.name}"})
        for file in sorted((folder / TEMPLATES).glob("*.jinja"))
    ]
    return [*(file_digest(file, kind) for file, kind in files if kind), *named]


def tokenizer_files(folder: Path) -> list[FileDigest]:
    """Tokenizer and chat-template files of a folder, whatever else it contains."""
    return [file for file in deciding_files(folder) if file.kind in {"tokenizer", "chat_template"}]


def vocabulary_files(folder: Path) -> list[str]:
    """Names of a folder's files that hold a tokenizer's vocabulary; without one there is no tokenizer."""
    names = sorted(file.name for file in folder.iterdir())
    return [name for name in names if name in VOCABULARIES or name.endswith(VOCABULARY_ENDINGS)]


def file_digest(file: Path, kind: Kind) -> FileDigest:
    """SHA-256 and size of one file."""
    try:
        sha256 = file_sha256(file)
    except OSError as error:
        msg = f"{file}: cannot be read ({error.strerror})"
        raise CheckpointError(msg) from error
    return FileDigest(path=file.name, kind=kind, sha256=sha256, size=file.stat().st_size)


def identity(file: FileDigest) -> tuple[str, ...]:
    """The part of a file that enters the digest: content and use; for a named template also its name."""
    named = f"{TEMPLATES}/" in file.path
    return (file.kind, file.sha256, file.path.rpartition("/")[2]) if named else (file.kind, file.sha256)


def _kind(file: Path) -> Kind | None:
    """What a file is for; None for files without influence (README, licence)."""
    if file.name in TOKENIZER_FILES or file.name.endswith(VOCABULARY_ENDINGS):
        return "tokenizer"
    if file.name.startswith("chat_template"):
        return "chat_template"
    if file.name in CONFIG_FILES or file.suffix == ".py":
        return "config"
    return None
