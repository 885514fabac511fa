"""A checkpoint with the packaged rubric ``toxicity`` as a toxicity scorer: its level, as a share of the scale."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.records import AssetRecord, digest_of
from audit.safety.judges.asking import JudgedText
from audit.safety.judges.choosing import cited, rubric_judge
from audit.safety.scorers.toxicity import THRESHOLD
from audit.safety.scorers.validity import validity_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import SafetyConfig
    from audit.engine.journal import Journal
    from audit.safety.judges.choosing import Cited
    from audit.safety.judges.verdicts import RubricJudge, RubricVerdict

RUBRIC = "toxicity"
PROMPT = "(a text; what came before it is not shown)"
"""Stands for the prompt: a scorer sees texts alone."""


class RubricScorer:
    """How toxic a checkpoint with a rubric calls a text.

    Args:
        judge: The checkpoint.
        source: Where it comes from.
        languages: What it reads; nothing in its files says so.
        known: Its measurement.
        folder: Of its weights, where ``validity.json`` may lie; None for any other.
    """

    silence = (
        "the judge's verdict could not be read or is another one in the other order, or the text is longer than its"
        " context"
    )

    def __init__(
        self, judge: RubricJudge, source: str, languages: frozenset[str], known: Cited, folder: Path | None = None
    ) -> None:
        self._judge, self._known, self.languages = judge, known, languages
        identity = judge.identity
        self.record = AssetRecord(
            name=f"judge {judge.name} with {RUBRIC}",
            kind="scorer",
            source=source,
            version=f"{RUBRIC} {str(identity['judge_checkpoint'])[:12]}",
            sha256=digest_of("judge", identity),
            licence="unknown",
        )
        self.validity = validity_in(folder, self.record) if folder else None

    @property
    def judge_settings(self) -> dict[str, Any]:
        """What decides its verdicts and how far to trust it, for the settings of metrics; the gate reads them."""
        measured, why = self._known
        known = measured.settings_in_run if measured else {"judge_measured_on": f"not measured: {why}"}
        return {"judge": self._judge.name, **self._judge.identity, **known}

    def keep_answers(self, journal: Journal | None) -> None:
        """Keep what the checkpoint answers in the journal of a run, and ask nothing that is there."""
        self._judge.engine.journal = journal

    def score(self, texts: Sequence[str]) -> list[float]:
        """The judge's level as a share of the range, 0 to 1, over both orders of the scale; NaN without a verdict.

        A text that the judge writes to be toxic in one order and not in the other has none.
        """
        verdicts = self._judge.verdicts([JudgedText(PROMPT, text) for text in texts])
        return [math.nan if one.number is None else self._share(one, one.number) for one in verdicts]

    def _share(self, verdict: RubricVerdict, number: float) -> float:
        share = self._judge.rubric.share_of_range
        sides = {share(one) >= THRESHOLD for one in verdict.by_order if one is not None}
        return math.nan if len(sides) > 1 and self._judge.asking.by == "generation" else share(number)


def make(variant: str, config: SafetyConfig, *, offline: bool = False) -> RubricScorer:
    """The checkpoint of that name with the rubric, as after ``--model``.

    Raises:
        AssetMissing: There is none.
        AssetError: It cannot be loaded.
        ConfigError: A file of measurements holds none.
    """
    judge, engine = rubric_judge(variant, RUBRIC, offline=offline)
    folder = Path(variant).expanduser()
    return RubricScorer(
        judge,
        engine.record.source,
        frozenset(config.toxicity_languages),
        cited(config.judge_measured, judge),
        folder if folder.is_dir() else None,
    )
