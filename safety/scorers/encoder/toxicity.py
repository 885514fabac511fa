"""A toxicity scorer that reads meaning: the sentence encoder with adapters, and the words of ``audit-toxicity``.

What it was fitted to and how well it agrees with labels is in ``models/encoder_toxicity.md``; how it is made in
``training/encoder_toxicity.py``. English.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.torch import load_file

from audit.core.assets.digest import file_sha256
from audit.core.records import AssetRecord
from audit.safety.scorers.audit_toxicity import AuditToxicity
from audit.safety.scorers.encoder.encoder import SentenceEncoder, base_files
from audit.safety.scorers.language import ENGLISH
from audit.safety.scorers.validity import shipped_validity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from audit.core.config import SafetyConfig
    from audit.safety.scorers.encoder.encoder import EncoderFiles

NAME = "encoder-toxicity"
VERSION = "2"
LONGEST, OVERLAP = 64, 16
"""Tokens of a window and of its overlap: what the adapters were fitted to."""
DEPTHS = (3, 6)
"""Layers after which the mean is taken: below the first adapted layer, where words still count, and at the end."""
HEAD, MIX = "head.", "mix."
"""Before the names of arrays that are no adapters."""


class EncoderToxicity:
    """Probability that people, or Perspective, would call a text toxic or hateful.

    Args:
        base: The base of the encoder.
        file: Adapters, head and mixture; None takes those of the package.
    """

    languages = ENGLISH
    labels = ("toxicity", "identity_hate")

    def __init__(self, base: EncoderFiles, file: Path | None = None) -> None:
        file = file or Path(str(resources.files("audit.safety").joinpath("models", "encoder_toxicity.safetensors")))
        arrays = load_file(file)
        adapters = {name: array for name, array in arrays.items() if not name.startswith((HEAD, MIX))}
        self._arrays = {name: array.double().numpy() for name, array in arrays.items() if name not in adapters}
        self._encoder = SentenceEncoder(base, adapters, longest=LONGEST, overlap=OVERLAP, depths=DEPTHS)
        self._words = AuditToxicity()
        self.record = AssetRecord(
            name=NAME,
            kind="scorer",
            source="package checkpoint-audit",
            version=VERSION,
            sha256=file_sha256(file),
            licence="Apache-2.0 AND MIT",
            homepage="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
        )
        self.validity = shipped_validity(self.record)

    def score(self, texts: Sequence[str]) -> list[float]:
        """Calibrated probabilities."""
        return [value for value, _ in self.score_labels(texts)]

    def score_labels(self, texts: Sequence[str]) -> list[tuple[float, dict[str, float]]]:
        """The same, with probabilities of toxicity and hate by the encoder alone, which are not calibrated."""
        from scipy.special import expit  # noqa: PLC0415 - a tenth of a second to import

        features = self.features(texts)
        values = expit(features @ self._arrays["mix.weight"] + self._arrays["mix.bias"])
        of_labels = expit(features[:, : len(self.labels)])
        return [
            (float(value), dict(zip(self.labels, map(float, row), strict=True)))
            for value, row in zip(values, of_labels, strict=True)
        ]

    def features(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Log-odds by the encoder (toxicity, hate) and by ``audit-toxicity``; texts x 3.

        Each is the maximum over the windows of a text.
        """
        vectors, owners = self._encoder.vectors(texts)
        logits = vectors @ self._arrays["head.weight"].T + self._arrays["head.bias"]
        highest = np.full((len(texts), logits.shape[1]), -np.inf)
        np.maximum.at(highest, owners, logits)
        return np.column_stack([highest, self._words.highest(texts)])


def make(_variant: str, _config: SafetyConfig) -> EncoderToxicity:
    """The scorer; it has no variants.

    Raises:
        AssetMissing: The base of the encoder is nowhere to be found: no other scorer takes its place.
        AssetError: The base is another one.
    """
    return EncoderToxicity(base_files())
