"""Weights from their files into a model: every weight that the model needs, none initialised at random.

transformers initialises weights that a file lacks, and only logs it. Here its report is judged: missing weights and
weights of another shape are refused, unless they exist under names that a wrapper prefixed; unused weights become a
remark.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from audit.core.errors import RAISED_BY_OTHERS, CheckpointError
from audit.engine.checkpoint.computed_buffers import restore_buffers
from audit.engine.checkpoint.doubled_weights import check_doubles
from audit.engine.checkpoint.json_files import read_object
from audit.engine.checkpoint.loading_error import shortened
from audit.engine.checkpoint.quantization import check_scales, finish_unpacking
from audit.engine.checkpoint.safetensors_files import tensor_names
from audit.engine.checkpoint.weight_files import weight_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

WRAPPER = r"(?<![^.])(?:_orig_mod|module|_forward_module|_fsdp_wrapped_module|_checkpoint_wrapped_module)\."
"""What ``torch.compile``, DDP, DeepSpeed, Lightning, FSDP and activation checkpointing put into names, at any depth."""
OUTER = r"^(?:base_model\.)?model\."
"""What PEFT and Lightning modules that hold the model as ``self.model`` put before all names."""
COMPUTED = re.compile(r"(^|\.)(inv_freq|original_inv_freq|masked_bias|position_ids|(attn|attention)\.bias)$")
"""Buffers that a model computes from its configuration: older files hold some, newer ones none."""
LAYER = re.compile(r"(?:^|\.)(?:layers|layer|h|blocks|block)\.(\d+)\.")


def load_weights(auto_class: Any, folder: Path, options: Mapping[str, Any]) -> tuple[Any, list[str]]:  # noqa: ANN401
    """A model of transformers with every weight from the folder's files, and remarks on how they were found.

    Args:
        auto_class: ``AutoModelForCausalLM`` or another class with ``from_pretrained``.
        folder: The checkpoint's.
        options: For ``from_pretrained``.

    Raises:
        CheckpointError: It cannot be loaded, or a weight is missing, of another shape or there with two values.
    """
    model, info = _from_pretrained(auto_class, folder, options)
    remarks: list[str] = []
    mapping: dict[str, str] = {}
    for mapping in _mappings(info) if info["missing_keys"] else ():
        del model  # otherwise both would be in memory
        model, unwrapped = _from_pretrained(auto_class, folder, {**options, "key_mapping": mapping})
        if not unwrapped["missing_keys"] and not unwrapped["mismatched_keys"]:
            strange = min(info["unexpected_keys"], key=_order)
            remarks = [f"a prefix was stripped from the names of the weights in the files, e.g. {strange}"]
            info = unwrapped
            break
    remarks += check_loading(info, folder, _layers(model))
    files = weight_files(folder, allow_pickle=not options.get("use_safetensors"))
    if "quantization_config" in read_object(folder / "config.json"):
        finish_unpacking(model, options["dtype"], folder)
    check_doubles(files, model.base_model_prefix, mapping, model.state_dict().keys())
    return model, remarks


def check_loading(info: Mapping[str, Any], place: Path, layers: int | None = None) -> list[str]:
    """Judge transformers' report on the weights of a model.

    Args:
        info: What ``from_pretrained(…, output_loading_info=True)`` returns next to the model.
        place: The folder or file that the weights came from.
        layers: How many the configuration has.

    Returns:
        A remark on weights that are in the files and not in the model, where there are any.

    Raises:
        CheckpointError: A weight is missing, so that transformers drew it at random, has another shape, or is packed
            and was read as if it were not.
    """
    missing = sorted(info["missing_keys"], key=_order)
    unexpected = sorted((name for name in info["unexpected_keys"] if not COMPUTED.search(name)), key=_order)
    if missing:
        but = f"; {len(unexpected)} others do not belong to it, first {unexpected[0]}" if unexpected else ""
        msg = (
            f"{place}: {len(missing)} weight(s) of the model are not in the files, first {missing[0]}{but}: "
            "copy the checkpoint again, or save it whole"
        )
        raise CheckpointError(msg)
    if info["mismatched_keys"]:
        raise CheckpointError(_mismatch(info["mismatched_keys"], place))
    if not unexpected:
        return []
    check_scales(unexpected, place)
    said = f"{len(unexpected)} weight(s) in the files do not belong to the model and are ignored, first {unexpected[0]}"
    found = {int(match[1]) for name in unexpected if (match := LAYER.search(name))}
    beyond = sorted(found - set(range(layers))) if layers else []
    if beyond:
        said += f": the files have layer {', '.join(map(str, beyond))}, the configuration {layers} layers"
    return [said]


def _mismatch(keys: Collection[tuple[str, Iterable[int], Iterable[int]]], place: Path) -> str:
    """Which weight has which shape in which file, and which shape the model asks for."""
    name, found, wanted = min(keys, key=lambda key: _order(key[0]))
    more = f" ({len(keys) - 1} more differ)" if len(keys) > 1 else ""
    return (
        f"{_file_of(name, place)}: {name} has shape {_shape(found)}, the configuration requires {_shape(wanted)}"
        f"{more}: use the config.json that belongs to these weights"
    )


def _from_pretrained(auto_class: Any, folder: Path, options: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
    """The model and the report; differing shapes are in the report instead of an error without names."""
    with _reports() as reports:
        try:
            model, info = auto_class.from_pretrained(
                folder, **options, output_loading_info=True, ignore_mismatched_sizes=True
            )
            restored = restore_buffers(model, {name for name in info["missing_keys"] if COMPUTED.search(name)})
        except RAISED_BY_OTHERS as error:  # transformers raises anything on damaged or unknown checkpoints
            msg = _cannot_be_put_together(folder, reports)
            raise CheckpointError(msg or f"{folder}: the model cannot be loaded ({shortened(error)})") from error
    info["missing_keys"] = set(info["missing_keys"]) - restored
    info["mismatched_keys"] = {*info["mismatched_keys"], *_quantised_mismatches(model)}
    return model, info


def _mappings(info: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """``key_mapping`` arguments that remove known prefixes from names that do not belong to the model."""
    names = info["unexpected_keys"]
    depth = max((len(re.findall(f"(?:{WRAPPER})+", name)) for name in names), default=0)
    # One entry takes one run of wrappers off a name; an empty group makes the next entry another key of the mapping.
    wrappers = {"(?:)" * number + f"(?:{WRAPPER})+": "" for number in range(depth)}
    if wrappers:
        yield wrappers
    if any(re.match(OUTER, re.sub(WRAPPER, "", name)) for name in names):
        yield {**wrappers, OUTER: ""}


def _quantised_mismatches(model: Any) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:  # noqa: ANN401
    """Layers that bitsandbytes packed from a weight of another shape, which transformers does not compare."""
    for name, module in model.named_modules() if getattr(model, "hf_quantizer", None) is not None else ():
        weight = getattr(module, "weight", None)
        packed = getattr(weight, "quant_state", None)
        if weight is None or not (packed is not None or type(module).__name__ == "Linear8bitLt"):
            continue
        found, wanted = tuple((packed or weight).shape), (module.out_features, module.in_features)
        if found != wanted:
            yield f"{name}.weight", found, wanted


@contextmanager
def _reports() -> Iterator[list[str]]:
    """Log messages of transformers about the weights meanwhile: its errors refer to them without names."""
    logger = logging.getLogger("transformers.modeling_utils")
    kept, level, disabled = _Keeping(), logger.level, logging.root.manager.disable
    switched_off, logger.disabled = logger.disabled, False  # by some other library's logging configuration
    logging.disable(logging.NOTSET)  # a quiet command line turns all logging off
    logger.addHandler(kept)
    logger.setLevel(logging.WARNING)
    propagate, logger.propagate = logger.propagate, False
    try:
        yield kept.messages
    finally:
        logging.disable(disabled)
        logger.disabled = switched_off
        logger.removeHandler(kept)
        logger.setLevel(level)
        logger.propagate = propagate


class _Keeping(logging.Handler):
    """Collects messages."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def _cannot_be_put_together(folder: Path, reports: Iterable[str]) -> str | None:
    """The weight that could not be assembled from its parts (e.g. experts of a mixture), if that is the fault."""
    rows = [line.split("|")[0].strip() for report in reports for line in report.splitlines() if "| CONVERSION" in line]
    if not rows:
        return None
    more = f" ({len(rows) - 1} more likewise)" if len(rows) > 1 else ""
    return f"{folder}: {rows[0]} cannot be assembled because parts of it are missing{more}: copy the checkpoint again"


def _file_of(name: str, place: Path) -> Path:
    """The safetensors file that holds a weight, if the name is the same there; else the place."""
    for file in weight_files(place, allow_pickle=True) if place.is_dir() else ():
        if file.suffix != ".safetensors":
            continue
        if any(f".{name}".endswith(f".{own}") or f".{own}".endswith(f".{name}") for own in tensor_names(file)):
            return file
    return place


def without_padding(config: dict[str, Any]) -> dict[str, Any]:
    """Override of a padding token without an embedding: torch refuses it, and no answer depends on it."""
    padding, rows = config.get("pad_token_id"), config.get("vocab_size")
    beyond = isinstance(padding, int) and isinstance(rows, int) and padding >= rows
    return {"pad_token_id": None} if beyond else {}


def _layers(model: Any) -> int | None:  # noqa: ANN401 - see above
    """Number of layers, if the configuration gives it."""
    number = getattr(model.config.get_text_config(), "num_hidden_layers", None)
    return number if isinstance(number, int) else None


def _shape(sizes: Iterable[int]) -> str:
    """A shape as text, e.g. ``384 x 32``."""
    return " x ".join(map(str, sizes))


def _order(name: str) -> list[tuple[int, str]]:
    """Sorts layer 2 before layer 10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in name.split(".")]
