"""Heads and mixture of the encoder's toxicity scorer: logistic regressions, and their figures on unseen text."""

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

PENALTY, OF_OTHERS = 10.0, 0.1
"""Of the distance to the head for toxicity, and the weight of a text that is not of ToxiGen; chosen among six pairs by
the groups that were left out."""
FAMILY = {"chinese": "asian", "mexican": "middle-eastern"}
"""Groups that are left out together with another: nearly all texts about the one are labelled with both, or are few."""
MIXED = ("continuation_of_toxic", "continuation_of_nontoxic", "implicit", "tweets", "machine", "toxigen")
"""Kinds that the mixture is fitted to; each weighs alike, machine-written insults (all toxic) a fifth."""
FOLDS = 5


def groups_of(row: Labelled) -> list[str]:
    """Groups that a text of ToxiGen is about, the one that it was written for first."""
    return [FAMILY.get(name, name) for name in row.more[1]]


def near_head(
    vectors: NDArray[np.float32], targets: NDArray[np.float64], weights: NDArray[np.float64], prior: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Logistic regression on soft targets, by Newton's method, with a penalty on the squared distance to ``prior``.

    Args:
        vectors: Texts x numbers, the last of which is 1.
        targets: Between 0 and 1.
        weights: Of the texts.
        prior: Weights to stay near to; the last is the intercept, which is not penalised.
    """
    found = prior.copy()
    penalty = np.full(len(prior), PENALTY)
    penalty[-1] = 1e-6
    for _ in range(12):
        shares = expit(vectors @ found.astype(np.float32)).astype(float)
        gradient = vectors.T @ ((shares - targets) * weights).astype(np.float32) + penalty * (found - prior)
        curves = (np.maximum(shares * (1 - shares), 1e-4) * weights).astype(np.float32)
        curvature = ((vectors * curves[:, None]).T @ vectors).astype(float) + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        found = found - step
        if np.abs(step).max() < 1e-3:
            break
    return found


def polite_head(
    vectors: NDArray[np.float32], rows: list[Labelled], fitted: NDArray[np.int64], prior: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The head for hate in polite words, and its log-odds of every text.

    Args:
        vectors: Texts x numbers.
        rows: The texts.
        fitted: Texts that the adapters were fitted to; those of ToxiGen are added.
        prior: The head for toxicity and its bias.

    Returns:
        Weights with the bias last, fitted with all of ToxiGen; and log-odds, those of a text of ToxiGen by a head that
        was fitted without any text about its group.
    """
    with_one = np.column_stack([vectors, np.ones(len(vectors), dtype=np.float32)])
    toxicity = np.array([row.toxicity for row in rows])
    held = np.flatnonzero([row.kind == "toxigen" for row in rows])

    def fit(numbers: list[int]) -> NDArray[np.float64]:
        chosen = np.concatenate([fitted, np.array(numbers)])
        weights = np.concatenate([np.full(len(fitted), OF_OTHERS), np.ones(len(numbers))])
        return near_head(with_one[chosen], toxicity[chosen], weights, prior)

    weight = fit(held.tolist())
    logits = with_one @ weight
    for group in sorted({groups_of(rows[number])[0] for number in held}):
        about = [number for number in held if groups_of(rows[number])[0] == group]
        logits[about] = with_one[about] @ fit([number for number in held if group not in groups_of(rows[number])])
    return weight, logits


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
    model = LogisticRegression(C=10.0).fit(features[numbers], toxic[numbers], sample_weight=weights)
    values = model.predict_proba(features)[:, 1]
    for one in range(FOLDS):
        seen, unseen = numbers[fold != one], numbers[fold == one]
        part = LogisticRegression(C=10.0).fit(features[seen], toxic[seen], sample_weight=weights[fold != one])
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
