"""A Hugging Face sequence classifier as a toxicity scorer: a folder or a hub id, safetensors, no foreign code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import transformers

from audit.core.assets.digest import files_sha256
from audit.core.assets.model_name import is_hub_id
from audit.core.assets.settings import data_dirs
from audit.core.errors import AssetError, AssetMissing, CheckpointError, did_you_mean
from audit.core.filesystem import did_you_mean_path
from audit.core.records import AssetRecord
from audit.engine.checkpoint.hub import LOCAL, commit_of, download
from audit.engine.checkpoint.loading_error import shortened
from audit.engine.checkpoint.weight_files import weight_files
from audit.engine.checkpoint.weights import load_weights
from audit.safety.scorers.language import ENGLISH
from audit.safety.scorers.sequence_classifier import Activation, SequenceClassifier
from audit.safety.scorers.validity import validity_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import SafetyConfig

FOLDER = "toxicity-classifier"
"""Where a data folder may hold one."""
TOXIC_NAMES = ("toxicity", "toxic", "label_toxic", "hate", "hateful", "offensive", "abusive")
"""Names, in lower case, by which the label of toxic text is found; the first that is there counts."""


def classifier_folder() -> Path:
    """The folder ``toxicity-classifier/`` of one of the user's data folders.

    Raises:
        AssetMissing: There is none.
    """
    places = [folder / FOLDER for folder in data_dirs()]
    found = next((place for place in places if place.is_dir()), None)
    if found:
        return found
    looked = ", ".join(map(str, places)) or "no data folder is set"
    msg = f"scorer folder: no classifier (looked in: {looked}): name one with safety.toxicity_scorer: folder:PATH"
    raise AssetMissing(msg)


TOKENIZER_FILES = ("tokenizer*", "vocab*", "merges.txt", "special_tokens_map.json", "added_tokens.json", "*.model")
"""Files that decide which tokens a text becomes."""
FROM_HUB = ["config.json", "*.safetensors", "*.safetensors.index.json", *TOKENIZER_FILES]
"""Files that are fetched from the hub: none with code, and no ``validity.json``, by which weights would vouch for
themselves."""
HAND_OVER = "`hf download {} --local-dir FOLDER` where there is a network, save it as safetensors, name sequence:FOLDER"
"""What to do about a classifier that is not on this machine."""
OPTIONS = {"local_files_only": True, "use_safetensors": True, "trust_remote_code": False}


class FolderScorer:
    """The toxic label of a sequence classifier, and all its other labels.

    Args:
        folder: Holds ``config.json``, ``*.safetensors`` and the tokenizer's files.
        label: Name of the label that means toxic; None looks for a known name.
        languages: What it reads; nothing in its files says so.
        hub_id: The name on the hub that the folder was fetched by; empty for a folder of the user's. Its commit is
            the name of the folder, as the hub's client has it.

    Raises:
        AssetMissing: There is no such folder.
        AssetError: It holds no classifier that can be used, or the label is not in it.
    """

    def __init__(
        self,
        folder: Path,
        label: str | None = None,
        languages: frozenset[str] = ENGLISH,
        hub_id: str = "",
    ) -> None:
        if not folder.is_dir() or not any(folder.glob("*.safetensors")):
            raise _no_weights(folder, hub_id)
        shown = hub_id or str(folder)
        try:
            weights = weight_files(folder, allow_pickle=False)
            model, _ = load_weights(transformers.AutoModelForSequenceClassification, folder, OPTIONS)
        except CheckpointError as error:
            msg = f"scorer {'sequence' if hub_id else 'folder'}: {error}"
            raise AssetError(msg) from error
        others = [file for pattern in ("config.json", *TOKENIZER_FILES) for file in folder.glob(pattern)]
        files = {file.name: file for file in [*weights, *others]}
        self.record = AssetRecord(
            name=hub_id.rpartition("/")[2] or folder.name,
            kind="scorer",
            source=f"hub {hub_id}" if hub_id else f"folder {folder.name}",
            version=(commit_of(folder) if hub_id else "") or files_sha256(files)[:12],
            sha256=files_sha256(files),
            licence="unknown",
        )
        self.validity = None if hub_id else validity_in(folder, self.record)
        self.languages = languages
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
            self.labels = _names(model.config)
            self._classifier = SequenceClassifier(model.eval(), tokenizer, _activation(model.config))
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            msg = f"{shown}: cannot be loaded as a sequence classifier ({shortened(error)}): check its files"
            raise AssetError(msg) from error
        self._index = _toxic_index(shown, self.labels, label)

    def score(self, texts: Sequence[str]) -> list[float]:
        """Probability of the toxic label; long texts in overlapping windows, the maximum counts."""
        return [row[self._index] for row in self._classifier.probabilities(texts)]

    def score_labels(self, texts: Sequence[str]) -> list[tuple[float, dict[str, float]]]:
        """The same with the probability of every label."""
        rows = self._classifier.probabilities(texts)
        return [(row[self._index], dict(zip(self.labels, row, strict=True))) for row in rows]


def _no_weights(folder: Path, hub_id: str) -> AssetMissing:
    """The error for a folder that is none, or has no weights that are read."""
    what = "no *.safetensors in it (pickled weights are not read)"
    if hub_id:
        return AssetMissing(f"scorer sequence: {hub_id}: {what}: {HAND_OVER.format(hub_id)}")
    what = what if folder.is_dir() else "no such folder"
    near = did_you_mean_path(folder, folder=True)
    return AssetMissing(f"scorer folder: {folder}: {what}: name a sequence-classification folder.{near}")


def _names(config: transformers.PreTrainedConfig) -> tuple[str, ...]:
    names = config.id2label or {}
    return tuple(str(name) for _, name in sorted(names.items()))


def _activation(config: transformers.PreTrainedConfig) -> Activation:
    """What the configuration says, else softmax over several labels: transformers' own text pipeline does the same."""
    independent = config.problem_type == "multi_label_classification" or config.num_labels == 1
    return "sigmoid" if independent else "softmax"


def _toxic_index(shown: str, labels: Sequence[str], label: str | None) -> int:
    """Place of the label that means toxic.

    Raises:
        AssetError: It is not there, or none has a known name.
    """
    if label is not None:
        if label in labels:
            return labels.index(label)
        hint = did_you_mean(label, labels)
        msg = f"{shown}: no label {label!r} (it has {', '.join(labels)}): correct safety.toxicity_label.{hint}"
        raise AssetError(msg)
    lowered = [name.lower() for name in labels]
    found = next((name for name in TOXIC_NAMES if name in lowered), None)
    if found is None:
        msg = f"{shown}: which of its labels means toxic? It has {', '.join(labels)}: set safety.toxicity_label to one"
        raise AssetError(msg)
    return lowered.index(found)


def make(variant: str, config: SafetyConfig) -> FolderScorer:
    """The classifier in a folder; ``variant`` is its path, empty for the one in a data folder.

    Raises:
        AssetMissing: There is no such folder.
        AssetError: It holds no classifier that can be used.
    """
    folder = Path(variant).expanduser() if variant else classifier_folder()
    return FolderScorer(folder, config.toxicity_label, frozenset(config.toxicity_languages))


def make_sequence(variant: str, config: SafetyConfig, *, offline: bool = False) -> FolderScorer:
    """The classifier of that name: a folder or a hub id, and after ``@`` a commit, tag or branch of the hub's.

    Raises:
        AssetMissing: There is none, or it cannot be fetched.
        AssetError: It holds no classifier that can be used.
    """
    folder, languages = Path(variant).expanduser(), frozenset(config.toxicity_languages)
    hub_id, _, revision = variant.partition("@")
    if folder.is_dir() or not is_hub_id(hub_id):
        return FolderScorer(folder, config.toxicity_label, languages)
    try:
        folder = download(hub_id, revision or None, offline=offline, patterns=FROM_HUB)
    except AssetError as error:
        reason = str(error).removesuffix(f": {LOCAL}").removesuffix(": correct --revision")
        msg = f"scorer sequence: {reason}: {HAND_OVER.format(hub_id)}"
        raise AssetMissing(msg) from error
    return FolderScorer(folder, config.toxicity_label, languages, hub_id)
