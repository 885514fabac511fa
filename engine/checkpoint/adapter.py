"""PEFT adapters: a folder of small weights that change a base checkpoint, which is stored elsewhere.

The adapter's file names its base. If it can be merged into the base's weights, it is merged, so that scoring and
generation work as for any other checkpoint. It stays separate if a merge would round once more (quantised weights) or
change more than the adapter does, see :func:`_mergeable`.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from audit.core.errors import CheckpointError
from audit.engine.checkpoint.files import CheckpointFiles, deciding_files, file_digest, vocabulary_files
from audit.engine.checkpoint.json_files import read_object, refuse_no_file
from audit.engine.checkpoint.safetensors_files import check_safetensors
from audit.engine.checkpoint.weight_files import refused_pickle
from audit.engine.checkpoint.weights import WRAPPER

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG, WEIGHTS, PICKLED = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
VIRTUAL_TOKENS = {"PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "ADAPTION_PROMPT", "CPT"}
"""Kinds that put trained vectors before the prompt, which the engine's positions and cached prefixes do not support."""
PREFIX = "base_model.model."
"""Prefix of every weight's name in an adapter file."""
REMEDY = "copy the adapter again"
ADDED_AT_ONCE = 64
"""Number of added tokens tried in one pass."""


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter and no complete checkpoint."""
    return (folder / CONFIG).is_file() and not (folder / "config.json").is_file()


def base_of(folder: Path) -> tuple[str | None, str | None]:
    """Name and revision of the base that the adapter was trained on, as far as its file gives them.

    A name of a folder next to or inside the adapter's is returned as that folder.

    Raises:
        CheckpointError: The file is not JSON, or the adapter is of a kind that cannot be audited.
    """
    config = read_object(folder / CONFIG, REMEDY)
    kind = str(config.get("peft_type"))
    if kind in VIRTUAL_TOKENS:
        msg = f"{folder}: {kind} adapters add virtual tokens and cannot be audited: use one that can be merged (LoRA)"
        raise CheckpointError(msg)
    if config.get("alora_invocation_tokens"):
        msg = f"{folder}: an activated LoRA (aLoRA) changes the model in the middle of a text and cannot be audited"
        raise CheckpointError(msg)
    name, revision = config.get("base_model_name_or_path"), config.get("revision")
    if not isinstance(name, str) or not name:
        return None, None
    relative = folder / Path(name).expanduser()
    return str(relative) if relative.is_dir() else name, revision if isinstance(revision, str) else None


def inspect_adapter(folder: Path, base: CheckpointFiles, *, allow_pickle: bool) -> CheckpointFiles:
    """The base with the adapter on it, as one checkpoint: files of both determine its answers.

    The adapter's own tokenizer, where it brings one, replaces the base's.

    Args:
        folder: The adapter's.
        base: What it goes on.
        allow_pickle: Take pickled adapter weights.

    Raises:
        CheckpointError: No adapter weights, pickled ones, a damaged file, or the base is an adapter itself.
    """
    if base.adapter is not None:
        msg = f"{folder}: its base {base.adapter} is an adapter too: merge that one first (merge_and_unload)"
        raise CheckpointError(msg)
    own_tokenizer = _brings_tokenizer(folder)
    kinds = {"tokenizer", "chat_template"}
    files = [file_digest(_weights(folder, allow_pickle=allow_pickle), "weights")]
    files += [file_digest(folder / CONFIG, "config")]
    files += [file for file in deciding_files(folder) if own_tokenizer and file.kind in kinds]
    kept = [file for file in base.files if not (own_tokenizer and file.kind in kinds)]
    return CheckpointFiles(
        folder=base.folder,
        files=(*files, *(file.model_copy(update={"path": f"base/{file.path}"}) for file in kept)),
        quantization=base.quantization,
        adapter=folder,
        base=f"{base.source}@{base.digest[:12]}",
        tokenizer=folder if own_tokenizer else None,
        remarks=(*(f"base: {remark}" for remark in base.remarks), *_unread(folder)),
        config=base.config,
    )


def require_peft() -> None:
    """Make sure that the package is installed before a large base is loaded.

    Raises:
        CheckpointError: It is not.
    """
    try:
        import peft  # noqa: F401, PLC0415 - optional
    except ImportError:
        msg = "a PEFT adapter needs the package peft: pip install 'checkpoint-audit[peft]'"
        raise CheckpointError(msg) from None


def apply(model: Any, folder: Path, device: torch.device) -> tuple[Any, list[str]]:  # noqa: ANN401 - no typed base
    """The model with the adapter applied, and remarks.

    Args:
        model: The base, on its device; changed in place.
        folder: The adapter's.
        device: Device for the adapter's weights.

    Raises:
        CheckpointError: The adapter was made for another architecture or size, lacks weights, or cannot be merged.
    """
    from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict  # noqa: PLC0415 - optional
    from peft.utils import load_peft_weights  # noqa: PLC0415 - optional

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # missing weights are looked for below
            stored = load_peft_weights(str(folder), device="cpu")
            weights = {re.sub(WRAPPER, "", name): tensor for name, tensor in stored.items()}
            added, remarks = _resize(model, _rows(weights, read_object(folder / CONFIG, REMEDY), model))
            adapted = PeftModel.from_pretrained(model, str(folder), torch_device=str(device))
            wanted = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
            homeless = set_peft_model_state_dict(adapted, weights).unexpected_keys  # type: ignore[attr-defined]
    except KeyError as error:
        msg = f"{folder}: the adapter lacks the weight {error}: save it again, or copy it again"
        raise CheckpointError(msg) from error
    except Exception as error:  # peft raises anything on files that do not fit
        msg = f"{folder}: the adapter does not fit its base ({_telling_line(error)}): name the right one with --base"
        raise CheckpointError(msg) from error
    if weights.keys() != stored.keys():
        first = min(stored.keys() - weights.keys())
        remarks.append(f"a prefix was stripped from the names of the adapter's weights, e.g. {first}")
    strange = _strange(weights, {name.replace(".default", "") for name in homeless})
    missing = wanted - set(weights)
    if strange or missing:
        which = f"{len(strange)} of its weights do not exist there, {len(missing)} are missing"
        first = min(strange or missing)
        msg = f"{folder}: the adapter does not fit its base: {which}, first {first}: name the right one with --base"
        raise CheckpointError(msg)
    _check_added(adapted, added, folder)
    return (_merged(adapted, folder) if _mergeable(adapted) else adapted.get_base_model()).eval(), remarks


def _rows(weights: Mapping[str, torch.Tensor], config: Mapping[str, Any], model: Any) -> int:  # noqa: ANN401
    """Tokens that the adapter was trained with: rows of its own embeddings or head, if it has any."""
    now = int(model.get_input_embeddings().weight.shape[0])
    ends = {id(model.get_input_embeddings()), id(model.get_output_embeddings())}
    places = tuple(f"{PREFIX}{name}." for name, module in model.named_modules() if id(module) in ends)
    rows = []
    for name, tensor in weights.items():
        if not name.startswith(places) or tensor.ndim != 2:
            continue
        if name.endswith("lora_embedding_A"):
            rows.append(tensor.shape[1])
        elif name.endswith("lora_B.weight") or (name.endswith(".weight") and "lora_" not in name):
            rows.append(tensor.shape[0])
    trained = config.get("trainable_token_indices") or config.get("token_indices") or []
    lists = trained.values() if isinstance(trained, dict) else [trained]
    return max(rows or [now, *(max(numbers, default=-1) + 1 for numbers in lists)])


def _resize(model: Any, rows: int) -> tuple[range, list[str]]:  # noqa: ANN401 - see above
    """Resize the base's embeddings to the adapter's; new ones are NaN until the adapter fills them.

    Returns:
        The ids that were added, and a remark where the number changed. lm-eval resizes too (``HFLM``, 0.4.13).
    """
    now = int(model.get_input_embeddings().weight.shape[0])
    if rows == now:
        return range(0), []
    model.resize_token_embeddings(rows, mean_resizing=False)
    for module in (model.get_input_embeddings(), model.get_output_embeddings()):
        module.weight.data[now:] = float("nan")
        if getattr(module, "bias", None) is not None:
            module.bias.data[now:] = float("nan")
    return range(now, rows), [f"the base's {now} embeddings were resized to the adapter's {rows}"]


def _strange(weights: Mapping[str, torch.Tensor], homeless: set[str]) -> set[str]:
    """Weights without a place in the model, except second copies of those that have one: peft saves some twice."""
    placed = [tensor for name, tensor in weights.items() if name not in homeless]

    def is_copy(tensor: torch.Tensor) -> bool:
        return any(tensor.shape == other.shape and bool((tensor == other).all()) for other in placed)

    return {name for name in homeless if name not in weights or not is_copy(weights[name])}


def _check_added(adapted: Any, added: range, folder: Path) -> None:  # noqa: ANN401 - see above
    """Require an embedding and a row of the head from the adapter for every added token.

    Raises:
        CheckpointError: One has not: peft would leave it as it was drawn at random.
    """
    for first in range(added.start, added.stop, ADDED_AT_ONCE):
        ids = torch.arange(first, min(first + ADDED_AT_ONCE, added.stop), device=adapted.device)
        with torch.no_grad():
            if not torch.isnan(adapted(input_ids=ids[:, None]).logits).any():
                continue
        msg = (
            f"{folder}: the adapter adds {len(added)} tokens but lacks some of their weights: save it with "
            "save_embedding_layers=True, or with embeddings and head in modules_to_save"
        )
        raise CheckpointError(msg)


def _mergeable(adapted: Any) -> bool:  # noqa: ANN401 - see above
    """Whether merged weights compute the same as base and adapter together.

    They do not where weights are quantised (rounded once more), where LoRA has a bias and its layer none, and where
    embeddings and head are one matrix and one of them is adapted: a merge would change both.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer  # noqa: PLC0415 - optional

    base = adapted.get_base_model()
    ends = [base.get_input_embeddings(), base.get_output_embeddings()]
    tied = ends[1] is not None and ends[0].weight is ends[1].weight
    quantised = getattr(base, "hf_quantizer", None) is not None
    biased = any(getattr(config, "lora_bias", False) for config in adapted.peft_config.values())
    return not (quantised or biased or (tied and any(isinstance(end, BaseTunerLayer) for end in ends)))


def _merged(adapted: Any, folder: Path) -> Any:  # noqa: ANN401 - see above
    """The base with the adapter merged into its weights.

    Raises:
        CheckpointError: Its kind cannot be merged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about untied embeddings and head: they were trained that way
            return adapted.merge_and_unload()
    except Exception as error:  # peft raises anything where a kind or a setting cannot be merged
        msg = (
            f"{folder}: the adapter cannot be merged into its base ({_telling_line(error)}): merge it where it was made"
        )
        raise CheckpointError(msg) from error


def _weights(folder: Path, *, allow_pickle: bool) -> Path:
    """The adapter's weight file."""
    refuse_no_file(folder / WEIGHTS)
    if (folder / WEIGHTS).is_file():
        check_safetensors(folder / WEIGHTS)
        return folder / WEIGHTS
    pickled = folder / PICKLED
    if not pickled.is_file():
        msg = f"{folder}: no {WEIGHTS}: copy the adapter's weights into the folder"
        raise CheckpointError(msg)
    if not allow_pickle:
        raise refused_pickle(pickled)
    return pickled


def _unread(folder: Path) -> tuple[str, ...]:
    """A remark on pickled weights next to those that are read; none if there are none."""
    both = (folder / WEIGHTS).is_file() and (folder / PICKLED).is_file()
    return (f"adapter weights were read from {WEIGHTS}; ignored in the same folder: {PICKLED}",) if both else ()


def _brings_tokenizer(folder: Path) -> bool:
    """Whether the folder holds a complete tokenizer: its settings and its vocabulary."""
    return bool(vocabulary_files(folder)) and (folder / "tokenizer_config.json").is_file()


def _telling_line(error: Exception) -> str:
    """Type and most informative short part of an exception's message."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    telling = next((line for line in lines if "size mismatch" in line), lines[0] if lines else "")
    return f"{type(error).__name__}: {telling[:200]}"
