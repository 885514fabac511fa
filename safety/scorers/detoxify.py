"""Detoxify (Hanu and Unitary team 2020) from a local folder: no hub, no pickled code.

The ``detoxify`` package asks the hub for the base model's configuration even when it is given a local
checkpoint, and loads it with ``torch.load(weights_only=False)``. The checkpoint is read here instead, see
:mod:`audit.safety.scorers.detoxify_checkpoint`. Base configuration and tokenizer lie in the folder of the checkpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import transformers

from audit.core.assets import ResolvedFile
from audit.core.assets.digest import file_sha256
from audit.core.assets.settings import data_dirs
from audit.core.errors import AssetError, AssetMissing
from audit.core.records import AssetRecord
from audit.engine.checkpoint.loading_error import shortened
from audit.safety.scorers.detoxify_checkpoint import DetoxifyCheckpoint, read_checkpoint
from audit.safety.scorers.language import ENGLISH
from audit.safety.scorers.sequence_classifier import SequenceClassifier
from audit.safety.scorers.validity import validity_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.config import SafetyConfig
    from audit.safety.scorers.toxicity import ToxicityScorer

VARIANTS = {"multilingual": ("multilingual",), "unbiased": ("debiased", "unbiased"), "original": ("original",)}
"""Variant to the words of a file name that mean it; the first counts: ``multilingual_debiased-…`` is multilingual."""

MULTILINGUAL = frozenset({"en", "es", "fr", "it", "pt", "ru", "tr"})
"""Languages of the comments that ``multilingual`` was trained on, by its publisher's readme."""


def languages_of(architecture: str) -> frozenset[str]:
    """What a checkpoint reads: ``multilingual`` alone is built on XLM-RoBERTa, whatever its file is called."""
    return MULTILINGUAL if architecture.startswith("XLMRoberta") else ENGLISH


def variant_of(file: Path) -> str | None:
    """``original``, ``unbiased`` or ``multilingual`` by the publisher's file names; None for another name."""
    return next((name for name, words in VARIANTS.items() if any(word in file.stem for word in words)), None)


def detoxify_weights(variant: str | None = None) -> ResolvedFile:
    """The Detoxify checkpoint in one of the user's data folders: ``detoxify/*.ckpt``.

    Args:
        variant: ``original``, ``unbiased`` or ``multilingual``; None takes the only one.

    Raises:
        AssetMissing: No data folder holds one.
        AssetError: A folder holds more than one, or its name and its content disagree.
    """
    folders = [folder / "detoxify" for folder in data_dirs()]
    for folder in folders:
        found = [file for file in sorted(folder.glob("*.ckpt")) if variant in (None, variant_of(file))]
        if len(found) > 1:
            names = ", ".join(file.name for file in found)
            msg = f"{folder}: {len(found)} checkpoints ({names}): keep one, or say detoxify:VARIANT"
            raise AssetError(msg)
        if found:
            return ResolvedFile(found[0], _record(found[0]))
    looked = ", ".join(str(folder) for folder in folders) or "no data folder is set"
    named = f"detoxify:{variant}" if variant else "detoxify"
    msg = (
        f"scorer {named}: no weights (looked in: {looked}): put a .ckpt file with config.json and tokenizer files"
        " into detoxify/ below a folder named by AUDIT_DATA or --data-dir, or set toxicity_scorer to auto"
    )
    raise AssetMissing(msg)


def _record(file: Path) -> AssetRecord:
    return AssetRecord(
        name="detoxify",
        kind="scorer",
        source="folder detoxify",
        version=file.stem,
        sha256=file_sha256(file),
        licence="Apache-2.0",
        homepage="https://github.com/unitaryai/detoxify",
    )


class Detoxify:
    """All outputs of a Detoxify checkpoint; its score is the one for toxicity.

    Args:
        checkpoint: The ``.ckpt`` file; ``config.json`` and the tokenizer's files are next to it.
        record: What the weights are and where they came from.

    Raises:
        AssetError: The checkpoint or its folder cannot be used.
    """

    def __init__(self, checkpoint: Path, record: AssetRecord) -> None:
        self.record = record
        self.validity = validity_in(checkpoint.parent, record)
        read = read_checkpoint(checkpoint, record.sha256)
        self.labels = read.labels
        self.languages = languages_of(read.architecture)
        try:
            model = _build(checkpoint, read)
            tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint.parent, local_files_only=True)
            self._classifier = SequenceClassifier(model, tokenizer, "sigmoid")
        except (OSError, ValueError, RuntimeError) as error:
            folder = "put config.json and the tokenizer's files next to it"
            msg = f"{checkpoint}: cannot be loaded ({shortened(error)}): {folder}"
            raise AssetError(msg) from error

    def score(self, texts: Sequence[str]) -> list[float]:
        """Probability of toxicity; long texts in overlapping windows, the maximum counts."""
        return [value for value, _ in self.score_labels(texts)]

    def score_labels(self, texts: Sequence[str]) -> list[tuple[float, dict[str, float]]]:
        """The same with every output, the identities of ``unbiased`` included."""
        rows = [dict(zip(self.labels, row, strict=True)) for row in self._classifier.probabilities(texts)]
        return [(row["toxicity"], row) for row in rows]


def _build(checkpoint: Path, read: DetoxifyCheckpoint) -> Any:  # noqa: ANN401 - classes of transformers chosen by name
    """The classifier with its weights; every parameter must be there and nothing else."""
    model_class = getattr(transformers, read.architecture)
    config = model_class.config_class.from_pretrained(
        checkpoint.parent, num_labels=len(read.labels), local_files_only=True
    )
    model = model_class(config)
    model.load_state_dict(read.weights, strict=True)
    return model.eval()


def make(variant: str, _config: SafetyConfig) -> Detoxify:
    """The checkpoint in the user's data folders.

    Raises:
        AssetMissing: There is none.
        AssetError: It cannot be used.
    """
    weights = detoxify_weights(variant or None)
    return Detoxify(weights.path, weights.record)


def make_if_at_hand(variant: str, config: SafetyConfig) -> ToxicityScorer:
    """Detoxify where its weights are at hand, else the scorer of the package.

    Raises:
        AssetError: The weights are there and cannot be used.
    """
    try:
        return make(variant, config)
    except AssetMissing:
        from audit.safety.scorers import audit_toxicity  # noqa: PLC0415 - loads torch and scikit-learn

        return audit_toxicity.make("", config)
