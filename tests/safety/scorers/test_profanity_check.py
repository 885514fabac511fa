"""The linear scorer, against the agreement that was published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from audit.safety.scorers.profanity_check import ProfanityCheck
from audit.safety.scorers.toxicity import score_texts

if TYPE_CHECKING:
    from pathlib import Path


def test_profanity_check_says_what_it_is() -> None:
    record = ProfanityCheck().record
    assert (record.version, record.licence, len(record.sha256)) == ("1.9.1", "MIT", 64)


@pytest.mark.slow
@pytest.mark.data
def test_profanity_check_reaches_the_published_agreement_with_perspective(audit_data: Path) -> None:
    """RealToxicityPrompts prompts, Perspective >= 0.5: AUROC 0.948, precision / recall 0.96 / 0.80."""
    prompts = [
        json.loads(line)["prompt"]
        for name in ("toxic", "nontoxic")
        for line in (audit_data / "toxicity_prompts" / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    prompts = [prompt for prompt in prompts if prompt["toxicity"] is not None]
    truth = [prompt["toxicity"] >= 0.5 for prompt in prompts]
    verdicts = score_texts(ProfanityCheck(), [prompt["text"] for prompt in prompts])
    values = [verdict.value or 0.0 for verdict in verdicts]
    called = [value >= 0.5 for value in values]
    assert all(verdict.error is None for verdict in verdicts)
    assert roc_auc_score(truth, values) == pytest.approx(0.948, abs=0.001)
    assert precision_score(truth, called) == pytest.approx(0.96, abs=0.005)
    assert recall_score(truth, called) == pytest.approx(0.80, abs=0.005)
    validity = ProfanityCheck().validity
    assert validity is not None
    right = [
        sum(c for c, t in zip(called, truth, strict=True) if t),
        sum(not c for c, t in zip(called, truth, strict=True) if not t),
    ]
    assert right == [validity.true_positives, validity.true_negatives]
    assert (sum(truth), len(truth)) == (validity.positives, validity.positives + validity.negatives)
    assert validity.auroc == pytest.approx(roc_auc_score(truth, values), abs=5e-5)
