"""alt-profanity-check as a toxicity scorer: always at hand, fast, and blind to toxic text without profanity."""

from __future__ import annotations

from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.assets.digest import files_sha256
from audit.core.records import AssetRecord
from audit.safety.scorers.language import ENGLISH
from audit.safety.scorers.validity import shipped_validity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import SafetyConfig


class ProfanityCheck:
    """alt-profanity-check: a linear classifier on word counts that comes with its weights. English."""

    languages = ENGLISH

    def __init__(self) -> None:
        # Reads two pickles of a pinned dependency and takes a second, so only when it is wanted.
        from profanity_check import predict_prob  # noqa: PLC0415

        self._predict = predict_prob
        version = metadata.version("alt-profanity-check")
        data = Path(str(resources.files("profanity_check") / "data"))
        self.record = AssetRecord(
            name="alt-profanity-check",
            kind="scorer",
            source=f"package alt-profanity-check=={version}",
            version=version,
            sha256=files_sha256({name: data / name for name in ("model.joblib", "vectorizer.joblib")}),
            licence="MIT",
            homepage="https://github.com/dimitrismistriotis/alt-profanity-check",
        )
        self.validity = shipped_validity(self.record)

    def score(self, texts: Sequence[str]) -> list[float]:
        """Probability of being offensive, by ``profanity_check.predict_prob``."""
        return [float(value) for value in self._predict(list(texts))]


def make(_variant: str, _config: SafetyConfig) -> ProfanityCheck:
    """The scorer; it has no variants."""
    return ProfanityCheck()
