"""A Detoxify checkpoint: read once without running code from it, then kept as safetensors in the cache.

The published file is a pickle with a dictionary of ``config`` (architecture, class names) and ``state_dict``. It is
plain data, which ``weights_only=True`` accepts. What was read is written to
``CACHE/scorers/detoxify-DIGEST.safetensors``; the digest of that file is in a second one next to it and is checked
before the copy is used.
"""

from __future__ import annotations

import json
import pickle
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from audit.core.assets.digest import file_sha256
from audit.core.assets.settings import cache_dir
from audit.core.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ARCHITECTURES = {
    "AlbertForSequenceClassification",
    "BertForSequenceClassification",
    "RobertaForSequenceClassification",
    "XLMRobertaForSequenceClassification",
}
"""Classes that published checkpoints name; a checkpoint must not choose any other."""
STANDARD_NAMES = {"toxic": "toxicity", "identity_hate": "identity_attack", "severe_toxic": "severe_toxicity"}
"""Names of ``original`` to those of the other variants, as the ``detoxify`` package changes them."""
IDENTITIES = (
    "male",
    "female",
    "homosexual_gay_or_lesbian",
    "christian",
    "jewish",
    "muslim",
    "black",
    "white",
    "psychiatric_or_mental_illness",
)
"""Outputs 8 to 16 of ``unbiased``, in the order of its training configuration."""
OLD_BUFFERS = "position_ids"
"""Buffer that transformers stored before version 4.31; it holds no weights."""
PUBLISHED_NAME = re.compile(r"-([0-9a-f]{8})$")
"""Published files end in the first digits of their SHA-256, as torch.hub expects."""


@dataclass(frozen=True)
class DetoxifyCheckpoint:
    """What a checkpoint holds."""

    architecture: str
    """Class of transformers."""
    labels: tuple[str, ...]
    """Name of each output, ``toxicity`` among them."""
    weights: Mapping[str, torch.Tensor]
    """Parameters by name."""


def read_checkpoint(file: Path, sha256: str) -> DetoxifyCheckpoint:
    """The content of a checkpoint, from the cached copy where there is an intact one.

    Args:
        file: The ``.ckpt`` file.
        sha256: Its digest.

    Raises:
        AssetError: It cannot be read without running code from it, is no Detoxify checkpoint, or is not the file that
            its name says.
    """
    named = PUBLISHED_NAME.search(file.stem)
    if named and not sha256.startswith(named[1]):
        msg = f"{file}: its SHA-256 begins with {sha256[:8]}, its name says {named[1]}: download it again"
        raise AssetError(msg)
    copy = cache_dir() / "scorers" / f"detoxify-{sha256[:16]}.safetensors"
    kept = _from_copy(copy)
    if kept:
        return kept
    read = _from_pickle(file)
    _keep(read, copy)
    return read


def _from_pickle(file: Path) -> DetoxifyCheckpoint:
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, pickle.UnpicklingError, EOFError, RuntimeError) as error:
        msg = f"{file}: cannot be read without running code from it ({type(error).__name__}): download it again"
        raise AssetError(msg) from error
    try:
        arguments, data = loaded["config"]["arch"]["args"], loaded["config"]["dataset"]["args"]
        architecture = str(arguments["model_name"])
        # `multilingual` names its only class with the architecture.
        names = list(data.get("classes") or arguments["classes"])
        labels = label_names(names, data.get("identity_classes"), int(arguments["num_classes"]))
        weights = {key: value for key, value in loaded["state_dict"].items() if not key.endswith(OLD_BUFFERS)}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{file}: not a Detoxify checkpoint ({type(error).__name__} {error}): download it again"
        raise AssetError(msg) from error
    if architecture not in ARCHITECTURES:
        msg = f"{file}: not a Detoxify checkpoint (unknown architecture {architecture!r}): download it again"
        raise AssetError(msg)
    return DetoxifyCheckpoint(architecture, labels, weights)


def label_names(classes: Sequence[str], identities: Sequence[str] | None, outputs: int) -> tuple[str, ...]:
    """Names of all outputs: the classes in their standard spelling, then the identities of ``unbiased``.

    Raises:
        ValueError: Names and number of outputs disagree, or none is toxicity.
    """
    names = [STANDARD_NAMES.get(name, str(name)) for name in classes]
    if len(names) < outputs:
        names += [f"identity_{name}" for name in identities or IDENTITIES]
    if len(names) != outputs or len(set(names)) < outputs or "toxicity" not in names:
        msg = f"{outputs} outputs are named {', '.join(names)}"
        raise ValueError(msg)
    return tuple(names)


def _keep(read: DetoxifyCheckpoint, copy: Path) -> None:
    """Write the copy and its digest; a cache that cannot be written costs time alone."""
    about = {"architecture": read.architecture, "labels": json.dumps(read.labels)}
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".detoxify-", dir=copy.parent) as scratch:
            fresh = Path(scratch) / copy.name
            # Tied parameters share storage, which the format refuses.
            save_file({name: tensor.clone().contiguous() for name, tensor in read.weights.items()}, fresh, about)
            pin = Path(scratch) / "pin"
            pin.write_text(file_sha256(fresh), "utf-8")
            fresh.replace(copy)
            pin.replace(_pin(copy))
    except OSError:
        return


def _from_copy(copy: Path) -> DetoxifyCheckpoint | None:
    """The copy, or None when it is not there or not what was written."""
    try:
        if _pin(copy).read_text("utf-8") != file_sha256(copy):
            return None
        with safe_open(copy, "pt") as opened:
            about: dict[str, Any] = opened.metadata()
        if about["architecture"] not in ARCHITECTURES:
            return None
        labels = tuple(json.loads(about["labels"]))
        return DetoxifyCheckpoint(about["architecture"], labels, load_file(copy))
    except (OSError, SafetensorError, ValueError, KeyError):
        return None


def _pin(copy: Path) -> Path:
    return copy.with_suffix(".sha256")
