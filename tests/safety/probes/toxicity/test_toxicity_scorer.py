"""Agreement with labels, against scikit-learn's definitions and Borkan's pairs counted one by one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_score, recall_score, roc_auc_score

from audit.core.config import RunConfig
from audit.core.errors import UsageError
from audit.core.records import AssetRecord
from audit.safety import predictions, suite
from audit.safety.probes.toxicity import toxicity_scorer
from audit.safety.scorers.language import ENGLISH
from tests.safety.resampling import resampled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GROUPS = ("muslim", "female")


class Reader:
    """Reads the score from the text."""

    record = AssetRecord(name="reader", kind="scorer", source="test", version="7", sha256="0" * 64, licence="MIT")
    validity = None
    languages = ENGLISH

    def score(self, texts: Sequence[str]) -> list[float]:
        return [float(text) for text in texts]


METRICS_OF = toxicity_scorer.metrics_of


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: Any) -> Any:
    monkeypatch.setattr(toxicity_scorer, "choose_scorer", lambda _config, **_: Reader())
    monkeypatch.setattr(toxicity_scorer, "metrics_of", lambda groups: resampled(METRICS_OF(groups)))

    def go(rows: Any, field: str | None = None) -> Any:
        file = tmp_path / "labelled.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return suite.score_predictions("toxicity-scorer", predictions.read(file, field), RunConfig())

    return go


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    """Two hundred texts with ties, both kinds, two groups of which one is sometimes unknown."""
    rng = np.random.default_rng(11)
    scores = rng.integers(0, 21, 200) / 20
    made = []
    for number, score in enumerate(scores):
        row: dict[str, Any] = {"prediction": str(score), "toxicity": float(rng.uniform() * 0.6 + score * 0.4)}
        row |= {f"identity_{group}": float(rng.uniform() < 0.4) for group in GROUPS}
        if number % 9 == 0:
            row["identity_female"] = None
        made.append(row)
    return made


def table(rows: Sequence[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
    scores = np.array([float(row["prediction"]) for row in rows])
    return scores, np.array([row["toxicity"] >= 0.5 for row in rows])


@pytest.mark.slow
def test_ranking_and_decisions_are_those_of_scikit_learn(judged: Any, rows: Any, value: Any) -> None:
    scores, toxic = table(rows)
    result = judged(rows)
    assert value(result, "auroc").value == pytest.approx(roc_auc_score(toxic, scores))
    assert value(result, "average_precision").value == pytest.approx(average_precision_score(toxic, scores))
    assert value(result, "precision").value == pytest.approx(precision_score(toxic, scores >= 0.5))
    assert value(result, "recall").value == pytest.approx(recall_score(toxic, scores >= 0.5))
    assert value(result, "specificity").value == pytest.approx(recall_score(~toxic, scores < 0.5))
    found = value(result, "auroc")
    assert found.ci_low < found.value < found.ci_high


@pytest.mark.slow
def test_calibration_error_by_hand(judged: Any, rows: Any, value: Any) -> None:
    scores, toxic = table(rows)
    expected = 0.0
    for place in range(10):
        inside = [i for i, s in enumerate(scores) if place / 10 <= s < (place + 1) / 10 or (place == 9 and s == 1.0)]
        if inside:
            expected += len(inside) / len(scores) * abs(scores[inside].mean() - toxic[inside].mean())
    assert value(judged(rows), "calibration_error").value == pytest.approx(expected, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_borkans_aucs_pair_by_pair(judged: Any, rows: Any, value: Any, group: str) -> None:
    scores, toxic = table(rows)
    mentions = np.array([(row[f"identity_{group}"] or 0) >= 0.5 for row in rows])

    def auc(positive: Any, negative: Any) -> float:
        pairs = [(a > b) + 0.5 * (a == b) for a in scores[positive] for b in scores[negative]]
        return float(np.mean(pairs))

    result = judged(rows)
    expected = {
        "subgroup_auc": auc(mentions & toxic, mentions & ~toxic),
        "bpsn_auc": auc(~mentions & toxic, mentions & ~toxic),
        "bnsp_auc": auc(mentions & toxic, ~mentions & ~toxic),
    }
    for name, wanted in expected.items():
        assert value(result, name, identity=group).value == pytest.approx(wanted)


def test_one_kind_of_text_ranks_nothing(judged: Any, value: Any) -> None:
    result = judged([{"prediction": "0.7", "label": True}, {"prediction": "0.2", "label": "yes"}])
    assert value(result, "auroc").value is None
    assert "found 2 positive and 0 others" in value(result, "auroc").error
    assert value(result, "specificity").value is None
    assert value(result, "recall").value == 0.5


def test_what_the_scorer_fails_on_is_counted(judged: Any, value: Any) -> None:
    rows = [{"prediction": text, "label": label} for text, label in (("0.9", 1), ("x", 1), ("0.1", 0), ("0.2", 0))]
    result = judged(rows)
    assert value(result, "unscored").value == 1.0
    assert value(result, "recall").n == 1


def test_rows_without_a_label_are_left_out_and_told(judged: Any, value: Any) -> None:
    rows = [{"prediction": "0.9", "label": 1}, {"prediction": "0.9", "label": None}, {"prediction": "0.1", "label": 0}]
    result = judged(rows)
    assert len(result.samples) == 2
    assert value(result, "auroc").settings["rows_without_label"] == 1


@pytest.mark.parametrize("label", ["high", 1.5, -0.1, "nan", [1]])
def test_a_label_that_is_none_is_refused_with_its_line(judged: Any, label: Any) -> None:
    with pytest.raises(UsageError, match=r"labelled\.jsonl, line 2: label is .*: write a number from 0 to 1"):
        judged([{"prediction": "0.9", "label": 1}, {"prediction": "0.9", "label": label}])


def test_no_label_at_all_is_refused(judged: Any) -> None:
    with pytest.raises(UsageError, match="no column 'label'"):
        judged([{"prediction": "0.9"}])
    with pytest.raises(UsageError, match="no row has a value in the column 'label'"):
        judged([{"prediction": "0.9", "label": ""}])


def test_prompts_of_realtoxicityprompts_are_read_as_published(judged: Any, value: Any) -> None:
    rows = [
        {
            "prompt": {"text": "0.9", "toxicity": 0.8, "identity_attack": 0.7},
            "continuation": {"text": "0.1", "toxicity": 0.9},
        },
        {"prompt": {"text": "0.1", "toxicity": 0.2}, "continuation": {"text": "0.9", "toxicity": 0.1}},
    ]
    assert value(judged(rows, "prompt"), "auroc").value == 1.0
    assert [metric.slice for metric in judged(rows, "prompt").metrics if metric.slice] == []  # an attack is no group
    assert value(judged(rows, "continuation"), "auroc").value == 0.0
