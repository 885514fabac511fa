"""Mixture of the encoder's toxicity scorer, a logistic regression, and its figures on unseen text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit
from scipy.stats import bootstrap
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from audit.stats.calibration.bins import calibration_error

if TYPE_CHECKING:
    from encoder_texts import Labelled
    from numpy.typing import NDArray

FAMILY = {"chinese": "asian", "mexican": "middle-eastern"}
"""Groups that are left out together with another: nearly all texts about the one are labelled with both, or are few."""
MIXED = ("continuation_of_toxic", "continuation_of_nontoxic", "implicit", "tweets", "machine", "toxigen")
"""Kinds that the mixture is fitted to; each weighs alike, machine-written insults (all toxic) a fifth."""
FOLDS, PENALTY = 5, 1.0
"""Of the cross-validation; the inverse strength of the penalty on the mixture's weights."""


def groups_of(row: Labelled) -> list[str]:
    """Groups that a text of ToxiGen is about, the one that it was written for first."""
    return [FAMILY.get(name, name) for name in row.more[1]]


def is_toxic(row: Labelled) -> bool:
    """By the label of the data set."""
    return bool(row.more[0]) if row.kind == "toxigen" else row.toxicity >= 0.5


def mixed(
    features: NDArray[np.float64], rows: list[Labelled]
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """Weights and bias of the mixture, and the probability of every text: out of fold where it was fitted to."""
    toxic = np.array([is_toxic(row) for row in rows])
    of_kind = [np.flatnonzero([row.kind == kind and row.split != "train" for row in rows]) for kind in MIXED]
    numbers = np.concatenate(of_kind)
    weights = np.concatenate(
        [
            np.full(len(found), (200 if kind == "machine" else 1000) / len(found))
            for kind, found in zip(MIXED, of_kind, strict=True)
        ]
    )
    fold = np.random.default_rng(3).integers(0, FOLDS, len(numbers))

    def fitted(chosen: NDArray[np.int64], weighed: NDArray[np.float64]) -> LogisticRegression:
        return LogisticRegression(C=PENALTY, max_iter=5000).fit(features[chosen], toxic[chosen], sample_weight=weighed)

    model = fitted(numbers, weights)
    values = model.predict_proba(features)[:, 1]
    for one in range(FOLDS):
        unseen = numbers[fold == one]
        part = fitted(numbers[fold != one], weights[fold != one])
        values[unseen] = part.predict_proba(features[unseen])[:, 1]
    return model.coef_[0], float(model.intercept_[0]), values


def figures(values: NDArray[np.float64], words: NDArray[np.float64], rows: list[Labelled]) -> dict[str, Any]:
    """By kind of test text: AUROC with a 95 % interval, counts at 0.5 and calibration error; of both scorers."""
    toxic = np.array([is_toxic(row) for row in rows])
    kinds = sorted({row.kind for row in rows if row.split != "train"} - {"machine"})
    found: dict[str, Any] = {}
    for kind in kinds:
        numbers = np.flatnonzero([row.kind == kind and row.split != "train" for row in rows])
        for name, probabilities in (("encoder-toxicity", values), ("audit-toxicity", expit(words))):
            table = np.column_stack([probabilities[numbers], toxic[numbers]]).astype(float)
            found[f"{kind} {name}"] = _figures(table)
    return found


def hatecheck(hate: NDArray[np.float64], rows: list[Labelled]) -> dict[str, float]:
    """Accuracy of the head for hate at even odds on HateCheck, with a 95 % interval, and of each kind of case."""
    of_kind = [row.more if row.kind == "hatecheck" else None for row in rows]
    right = (hate >= 0) == np.array([row.toxicity >= 0.5 for row in rows])
    found = np.array([kind is not None for kind in of_kind])
    interval = bootstrap(
        (right[found].astype(float),), np.mean, n_resamples=2000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    shares = {"all": float(right[found].mean()), "low": float(interval.low), "high": float(interval.high)}
    for kind in sorted({str(kind) for kind in of_kind if kind}):
        shares[kind] = float(right[[one == kind for one in of_kind]].mean())
    return {name: round(share, 3) for name, share in shares.items()}


def _figures(table: NDArray[np.float64]) -> dict[str, Any]:
    called, toxic = table[:, 0] >= 0.5, table[:, 1] == 1

    def area(numbers: NDArray[np.int64]) -> float:
        return float(roc_auc_score(table[numbers, 1], table[numbers, 0]))

    interval = bootstrap(
        (np.arange(len(table)),), area, vectorized=False, n_resamples=500, method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    return {
        "auroc": round(area(np.arange(len(table))), 3),
        "interval": [round(float(interval.low), 3), round(float(interval.high), 3)],
        "positives": int(toxic.sum()),
        "true_positives": int((called & toxic).sum()),
        "negatives": int((~toxic).sum()),
        "true_negatives": int((~called & ~toxic).sum()),
        "calibration_error": round(calibration_error(table[:, 0], table[:, 1], "width"), 3),
    }
