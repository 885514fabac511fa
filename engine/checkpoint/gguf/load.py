"""GGUF files: de-quantised once by transformers' loader, kept as safetensors for the next time.

Reading a GGUF file takes transformers half a minute even for a small model (it parses the vocabulary several times);
the converted copy loads in a second. The copy lies in the cache under the digest of the file, or of all its parts, and
the version of this converter, so that a changed file or a better conversion is never mistaken for an old one. Its
record (``conversion.json``) is written last and names every file: a copy without it, or without one of its files, is
made again. The record counts as one of the checkpoint's files, because another conversion may answer otherwise. A copy
is not made when the disk has less than three times its size to spare: then it is an error, with the folder and the
size that is needed.
"""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gguf
import torch
from filelock import FileLock
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, modeling_gguf_pytorch_utils

from audit.core.assets.settings import cache_dir
from audit.core.errors import CheckpointError, WriteError
from audit.core.filesystem import make_folder
from audit.engine.checkpoint.files import CheckpointFiles, file_digest
from audit.engine.checkpoint.gguf import config as gguf_config
from audit.engine.checkpoint.gguf.header import parts_by_name, read_header, unreadable
from audit.engine.checkpoint.gguf.tokenizer import build_tokenizer, ending_ids
from audit.engine.checkpoint.json_files import read_object
from audit.engine.checkpoint.safetensors_files import check_safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.engine.checkpoint.gguf.header import Header

CONVERTER = 2
"""Version of the conversion; raise it when a copy of the same file would differ."""
RECORD = "conversion.json"


@dataclass(frozen=True)
class Conversion:
    """What is known about a converted copy.

    Its file is part of the checkpoint's digest, so nothing here may depend on the GGUF file's place or name.
    """

    converter: int
    """Version of the converter that made it."""
    quantization: str
    """How most of the file's weights are stored, e.g. ``Q4_1``."""
    remarks: list[str]
    """Remarks on the file."""
    files: list[str]
    """Every other file of the copy by name."""


def inspect_gguf(file: Path) -> CheckpointFiles:
    """Compute the digest of a GGUF file, or of all parts of a split one, and make sure that a copy is in the cache.

    A header is read only to convert: of files with the digest of a copy all is known, and a header holds the whole
    vocabulary, which takes seconds.

    Args:
        file: The file, or any of its parts.

    Raises:
        CheckpointError: Not a GGUF file, truncated, parts or weights missing, or nothing that transformers can read.
    """
    parts = parts_by_name(file)
    header = None if all(part.is_file() for part in parts) else read_header(file)
    digests = tuple(file_digest(part, "weights") for part in parts)
    folder = cache_dir() / "converted" / f"{CheckpointFiles(file.parent, digests).digest}-{CONVERTER}"
    make_folder(folder.parent)
    with FileLock(f"{folder}.lock"):
        made = _read(folder)
        if made is None:
            made = _convert(header or read_header(file), file, folder)
        record = file_digest(folder / RECORD, "config")
    return CheckpointFiles(
        folder,
        (*digests, record),
        quantization=f"gguf:{made.quantization}",
        remarks=tuple(made.remarks),
        config=read_object(folder / "config.json"),
    )


def _read(folder: Path) -> Conversion | None:
    """The record of an existing, complete copy; None for any other."""
    try:
        made = Conversion(**json.loads((folder / RECORD).read_text("utf-8")))
        for name in made.files:
            if name.endswith(".safetensors"):
                check_safetensors(folder / name)
        whole = made.converter == CONVERTER and all((folder / name).is_file() for name in made.files)
    except (OSError, ValueError, TypeError, AttributeError, CheckpointError):
        return None
    return made if whole else None


def _convert(header: Header, file: Path, folder: Path) -> Conversion:
    """De-quantise to float32 and save next to ``folder``, then rename, so that no partial copy appears."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".converting-") as scratch:
        whole = _in_one(header, Path(scratch), file)
        try:
            tokenizer, remarks = build_tokenizer(header, whole)
            model, more = _load(header, file, whole)
        except CheckpointError:
            raise
        except Exception as error:  # gguf and transformers raise anything on damaged files
            raise unreadable(file, error) from error
        needed = sum(p.numel() * p.element_size() for p in model.parameters())
        _check_space(folder.parent, 3 * needed, file)
        target = Path(scratch) / "copy"
        _without_quantizer(model, header).save_pretrained(target)
        tokenizer.save_pretrained(target)
        files = sorted(part.name for part in target.iterdir())
        made = Conversion(CONVERTER, header.quantization, [*remarks, *more], files)
        (target / RECORD).write_text(json.dumps(asdict(made), indent=1), "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copystat(folder.parent, target)
        target.rename(folder)
    return made


def _in_one(header: Header, scratch: Path, file: Path) -> Path:
    """The file, or its parts joined, because transformers' loader reads one file."""
    if len(header.files) == 1:
        return header.files[0]
    _check_space(scratch, sum(part.stat().st_size for part in header.files), file)
    joined = scratch / "joined.gguf"
    writer = gguf.GGUFWriter(joined, header.architecture)
    for field in header.readers[0].fields.values():
        if not field.name.startswith(("GGUF.", "split.")) and field.name != "general.architecture":
            element = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=element)
    for tensor in header.tensors.values():
        data = tensor.data
        writer.add_tensor_info(tensor.name, data.shape, data.dtype, data.nbytes, tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in header.tensors.values():
        writer.write_tensor_data(tensor.data)
    writer.close()
    return joined


def _load(header: Header, file: Path, whole: Path) -> tuple[Any, list[str]]:
    """The model with every weight from the file, and a remark on weights that do not belong to it.

    Raises:
        CheckpointError: Weights are missing or of another shape, or rotations are not those of the file.
    """
    config = AutoConfig.from_pretrained(whole.parent, gguf_file=whole.name)
    gguf_config.complete(config, header, file)
    with _without_bar():
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            whole.parent,
            gguf_file=whole.name,
            config=config,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # reported, and refused below by name
        )
    model, report = loaded
    other = sorted(report["mismatched_keys"])
    if other:
        name, stored, wanted = other[0]
        msg = f"{file}: {name} has shape {list(stored)}, its metadata require {list(wanted)}: convert it again"
        raise CheckpointError(msg)
    missing = sorted(report["missing_keys"])
    if missing:
        msg = f"{file}: {len(missing)} weight(s) missing, first {missing[0]}: download or convert it again"
        raise CheckpointError(msg)
    dimensions, wanted = gguf_config.rotated(model), header.of_model("rope.dimension_count")
    if dimensions is not None and wanted is not None and dimensions != wanted:
        msg = (
            f"{file}: it rotates {wanted} dimensions of each head, but {type(model).__name__} rotates {dimensions}: "
            "audit the original folder"
        )
        raise CheckpointError(msg)
    return model, _unexpected(header, file, model, config)


@contextmanager
def _without_bar() -> Iterator[None]:
    """Without the progress bar of transformers' loader, which none of its settings turns off."""
    loader: Any = modeling_gguf_pytorch_utils
    bar, loader.tqdm = loader.tqdm, partial(loader.tqdm, disable=True)
    try:
        yield
    finally:
        loader.tqdm = bar


def _unexpected(header: Header, file: Path, model: Any, config: Any) -> list[str]:  # noqa: ANN401 - no typed base
    """A remark on weights in the file that the model does not have. The loader drops them silently.

    Raises:
        CheckpointError: The file has fewer numbers than the model.
    """
    left_out = gguf_config.ROPE_TENSORS | ({"output.weight"} if config.tie_word_embeddings else set())
    stored = {name: int(tensor.n_elements) for name, tensor in header.tensors.items() if name not in left_out}
    wanted = sum(p.numel() for p in model.parameters())
    extra = sum(stored.values()) - wanted
    if extra < 0:
        msg = f"{file}: {-extra:,} of {wanted:,} parameters of the model are missing: download or convert it again"
        raise CheckpointError(msg)
    if extra == 0:
        return []
    layers = int(header.of_model("block_count", 0))
    names = [name for name in stored if name.startswith("blk.") and int(name.split(".")[1]) >= layers]
    named = f", e.g. {names[0]}" if names else ""
    return [f"the file has {extra:,} more parameters than {type(model).__name__} uses{named}: they are ignored"]


def _without_quantizer(model: Any, header: Header) -> Any:  # noqa: ANN401 - see above
    """The same float32 weights in a model that can be saved: transformers refuses to save what a quantizer loaded."""
    config = copy.deepcopy(model.config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    plain.load_state_dict(model.state_dict())
    plain.generation_config = GenerationConfig.from_model_config(config)
    endings = ending_ids(header)
    if endings:
        plain.generation_config.eos_token_id = endings
    return plain


def _check_space(folder: Path, needed: int, file: Path) -> None:
    """Make sure that the disk has room.

    Raises:
        WriteError: It has not.
    """
    if shutil.disk_usage(folder).free < needed:
        size = f"{needed / 2**30:.1f} GiB"
        msg = f"{folder}: {size} must be free to convert {file.name}: free some, or set AUDIT_CACHE"
        raise WriteError(msg)
