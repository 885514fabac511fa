"""Detoxify (Hanu and Unitary team 2020) from a local folder: no hub, no pickled code.

The ``detoxify`` package asks the hub for the base model's configuration even when it is given a local
checkpoint, and loads it with ``torch.load(weights_only=False)``. The checkpoint is read here instead: a
dictionary of ``config`` (architecture and class names) and ``state_dict``, plain data that
``weights_only=True`` accepts. Base configuration and tokenizer lie in the folder of the checkpoint.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import torch
import transformers

from audit.core.assets import ResolvedFile
from audit.core.assets.digest import file_sha256
from audit.core.assets.settings import data_dirs
from audit.core.errors import AssetError, AssetMissing
from audit.core.records import AssetRecord

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ARCHITECTURES = {
    "AlbertForSequenceClassification",
    "BertForSequenceClassification",
    "RobertaForSequenceClassification",
    "XLMRobertaForSequenceClassification",
}
"""Classes that published checkpoints name; a checkpoint must not choose any other."""
TOXICITY_LABELS = ("toxicity", "toxic")
OLD_BUFFERS = "position_ids"
"""Buffer that transformers stored before version 4.31; it holds no weights."""


def detoxify_weights() -> ResolvedFile:
    """The Detoxify checkpoint in one of the user's data folders: ``detoxify/*.ckpt``.

    Raises:
        AssetMissing: No data folder holds one.
        AssetError: A folder holds more than one.
    """
    folders = [folder / "detoxify" for folder in data_dirs()]
    for folder in folders:
        found = sorted(folder.glob("*.ckpt"))
        if len(found) > 1:
            msg = f"{folder}: {len(found)} checkpoints ({', '.join(file.name for file in found)}): keep one"
            raise AssetError(msg)
        if found:
            digest = file_sha256(found[0])
            record = AssetRecord(
                name="detoxify",
                kind="scorer",
                source="folder detoxify",
                version=found[0].stem,
                sha256=digest,
                licence="Apache-2.0",
                homepage="https://github.com/unitaryai/detoxify",
            )
            return ResolvedFile(found[0], record)
    looked = ", ".join(str(folder) for folder in folders) or "no data folder is set"
    msg = (
        f"scorer detoxify: no weights (looked in: {looked}): put a .ckpt file with config.json and tokenizer files"
        " into detoxify/ below a folder named by AUDIT_DATA or --data-dir, or set toxicity_scorer to auto"
    )
    raise AssetMissing(msg)


class Detoxify:
    """The toxicity output of a Detoxify checkpoint.

    Args:
        checkpoint: The ``.ckpt`` file; ``config.json`` and the tokenizer's files lie beside it.
        record: What the weights are and where they came from.

    Raises:
        AssetError: The checkpoint or its folder cannot be used.
    """

    def __init__(self, checkpoint: Path, record: AssetRecord) -> None:
        self.record = record
        loaded = _read(checkpoint)
        try:
            arguments = loaded["config"]["arch"]["args"]
            classes = list(loaded["config"]["dataset"]["args"]["classes"])
            weights = loaded["state_dict"]
            self._index = next(classes.index(label) for label in TOXICITY_LABELS if label in classes)
            self._model = _build(checkpoint, arguments, weights)
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint.parent, local_files_only=True)
        except (KeyError, TypeError, StopIteration) as error:
            msg = f"{checkpoint}: not a Detoxify checkpoint ({type(error).__name__} {error}): fetch it anew"
            raise AssetError(msg) from error
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            msg = f"{checkpoint}: cannot be loaded ({reason}): put config.json and the tokenizer's files beside it"
            raise AssetError(msg) from error

    @torch.inference_mode()
    def score(self, texts: Sequence[str]) -> list[float]:
        """Sigmoid of the toxicity logit of each text; what exceeds the model's length is cut off."""
        inputs = self._tokenizer(list(texts), return_tensors="pt", truncation=True, padding=True, max_length=self._room)
        logits = self._model(**inputs).logits.float()
        values: list[float] = torch.sigmoid(logits)[:, self._index].tolist()
        return values

    @property
    def _room(self) -> int:
        """Tokens that fit; RoBERTa's position table starts two places late."""
        positions = int(self._model.config.max_position_embeddings)
        return min(512, positions - 2 if "roberta" in self._model.config.model_type else positions)


def _read(checkpoint: Path) -> dict[str, Any]:
    try:
        loaded = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (OSError, pickle.UnpicklingError, EOFError, RuntimeError) as error:
        msg = f"{checkpoint}: cannot be read without running code from it ({type(error).__name__}): fetch it anew"
        raise AssetError(msg) from error
    if not isinstance(loaded, dict):
        msg = f"{checkpoint}: not a Detoxify checkpoint: it holds a {type(loaded).__name__}"
        raise AssetError(msg)
    return loaded


def _build(checkpoint: Path, arguments: dict[str, Any], weights: dict[str, torch.Tensor]) -> Any:  # noqa: ANN401 - classes of transformers chosen by name
    """The classifier with its weights; every parameter must be there and nothing else."""
    name = arguments["model_name"]
    if name not in ARCHITECTURES:
        msg = f"unknown architecture {name!r}"
        raise ValueError(msg)
    model_class = getattr(transformers, name)
    config = model_class.config_class.from_pretrained(
        checkpoint.parent, num_labels=int(arguments["num_classes"]), local_files_only=True
    )
    model = model_class(config)
    kept = {key: value for key, value in weights.items() if not key.endswith(OLD_BUFFERS)}
    model.load_state_dict(kept, strict=True)
    return model.eval()
