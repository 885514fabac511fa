"""Trains and evaluates the refusal classifier that ``audit.safety.scorers.refusal.classifier`` uses.

    python training/refusal.py             # what it agrees with, model by model; writes nothing
    python training/refusal.py --write     # and safety/models/refusal.safetensors and refusal.json

Data: XSTest's completions of three models with the labels of people (``xstest_completions``), from a data folder
(AUDIT_DATA), and answers written for this project (``refusal_examples.py``). Each model in turn is held out: a
classifier of the other two judges its completions. Nothing is chosen by such figures: penalty, scales and the weight of
our answers take each of a few common values, and the classifier is the mean of all.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, fields
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from refusal_examples import examples
from safetensors.numpy import save_file
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score

from audit.core.assets import dataset
from audit.safety.scorers.refusal.classifier import ANSWERS, Weights, string_match, weighted
from audit.safety.scorers.refusal.features import NAMES, cues, ngrams
from audit.stats.prevalence import Agreement, corrected_interval, rogan_gladen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FOLDER = Path(__file__).parents[1] / "safety" / "models"
LICENCE = "Apache-2.0 AND LicenseRef-OpenAI-Meta-Mistral"
HOMEPAGE = "https://github.com/paul-rottger/exaggerated-safety"


@dataclass(frozen=True)
class Setting:
    """What is not learned."""

    inverse_penalty: float
    """C of the logistic regression."""
    cue_scale: float
    """Factor on the cues."""
    gram_scale: float
    """Factor on the n-grams."""
    example_weight: float
    """What an answer written for this project counts compared with one of a model."""


SETTINGS = [Setting(*each) for each in product((0.3, 1.0, 3.0), (0.5, 1.0), (1.0, 2.0, 4.0), (0.1, 0.3, 1.0))]
EXAMPLES = 250
"""Answers written for this project, of each kind."""
LEAST = 4
"""Answers of the training data that an n-gram must stand in, at least."""
OURS = "ours"
MEASURED_ON = "{n:,} completions of {models} models to the prompts of XSTest, each model held out"


@dataclass(frozen=True)
class Data:
    """Completions as features."""

    grams: csr_matrix
    """n-grams, shape (n, 2 · BUCKETS)."""
    seen: NDArray[np.float64]
    """Cues, shape (n, cues)."""
    labels: NDArray[np.int64]
    """Index of the final label in ``ANSWERS``, shape (n,)."""
    models: NDArray[np.str_]
    """Whose completion it is, shape (n,)."""

    def where(self, rows: NDArray[np.bool_]) -> Data:
        """Some of the completions."""
        return Data(self.grams[rows], self.seen[rows], self.labels[rows], self.models[rows])


def features(rows: Sequence[dict[str, Any]]) -> Data:
    """The completions as the classifier sees them."""
    prompts, answers = ([str(row[column]) for row in rows] for column in ("prompt", "completion"))
    return Data(
        grams=ngrams(prompts, answers),
        seen=np.array([cues(*both) for both in zip(prompts, answers, strict=True)]),
        labels=np.array([ANSWERS.index(row["final_label"]) for row in rows]),
        models=np.array([str(row["model"]) for row in rows]),
    )


def joined(one: Data, other: Data) -> Data:
    """Both, one below the other."""
    return Data(
        grams=vstack([one.grams, other.grams], format="csr"),
        seen=np.vstack([one.seen, other.seen]),
        labels=np.concatenate([one.labels, other.labels]),
        models=np.concatenate([one.models, other.models]),
    )


def train(data: Data, ours: Data) -> Weights:
    """A classifier of these completions and of our examples: the mean over all settings."""
    every = joined(data, ours)
    held = np.asarray(every.grams.sum(axis=0)).ravel()
    buckets = np.flatnonzero(held >= LEAST)
    idf = (np.log((1 + len(every.labels)) / (1 + held[buckets])) + 1).astype(np.float32)
    grams = weighted(every.grams[:, buckets], idf)
    fits = [fit(every, grams, setting) for setting in SETTINGS]
    return Weights(
        buckets=buckets.astype(np.int32),
        idf=idf,
        coefficients=np.mean([coefficients for coefficients, _ in fits], axis=0).astype(np.float32),
        intercept=np.mean([intercept for _, intercept in fits], axis=0).astype(np.float32),
    )


def fit(every: Data, grams: csr_matrix, setting: Setting) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients of n-grams and cues, shape (3, features), and intercepts, shape (3,), of one setting."""
    scales = np.concatenate(
        [np.full(grams.shape[1], setting.gram_scale), np.full(every.seen.shape[1], setting.cue_scale)]
    )
    seen = hstack([grams, csr_matrix(every.seen)], format="csr").multiply(scales).tocsr()
    model = LogisticRegression(C=setting.inverse_penalty, max_iter=3000)
    model.fit(seen, every.labels, sample_weight=np.where(every.models == OURS, setting.example_weight, 1.0))
    return model.coef_ * scales, model.intercept_


def predict(weights: Weights, data: Data) -> NDArray[np.int64]:
    """The likeliest class of each completion."""
    return weights.from_features(data.grams, data.seen).argmax(axis=1)


def agreement(labels: NDArray[np.int64], found: NDArray[np.int64]) -> dict[str, Any]:
    """Kappa of the three classes; of refusal (full or partial) and of each class, against the rest, with counts."""
    figures: dict[str, Any] = {"n": len(labels), "kappa": float(cohen_kappa_score(labels, found))}
    for name, those in (("refusal", (1, 2)), *((answer, (place,)) for place, answer in enumerate(ANSWERS))):
        true, said = np.isin(labels, those), np.isin(found, those)
        figures[name] = {
            "kappa": float(cohen_kappa_score(true, said)),
            "sensitivity": float(said[true].mean()),
            "specificity": float((~said)[~true].mean()),
            "true_positives": int((true & said).sum()),
            "positives": int(true.sum()),
            "true_negatives": int((~true & ~said).sum()),
            "negatives": int((~true).sum()),
        }
    return figures


def evaluate(data: Data, ours: Data) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Agreement with people for each held-out model and over all; and the classes that were found."""
    found = np.full(len(data.labels), -1)
    figures: dict[str, Any] = {}
    for model in np.unique(data.models):
        test = data.models == model
        found[test] = predict(train(data.where(~test), ours), data.where(test))
        figures[str(model)] = agreement(data.labels[test], found[test])
        show(str(model), figures[str(model)])
    return {"pooled": agreement(data.labels, found), **figures}, found


def show(name: str, figures: dict[str, Any]) -> None:
    """One line of figures."""
    parts = [f"kappa {figures['kappa']:.3f}"]
    for what in ("refusal", *ANSWERS):
        one = figures[what]
        parts.append(f"{what} {one['kappa']:.3f} ({one['sensitivity']:.3f} / {one['specificity']:.3f})")
    print(f"{name}: n {figures['n']}, " + ", ".join(parts), flush=True)


def compare(rows: Sequence[dict[str, Any]], data: Data) -> None:
    """What people agree on among themselves, and string matching."""
    first, second = ([row[f"annotation_{number}"] for row in rows] for number in (1, 2))
    print(f"two people: kappa {cohen_kappa_score(first, second):.3f}")
    matched = np.array([ANSWERS.index(string_match(str(row["completion"]))) for row in rows])
    show("string matching, all", agreement(data.labels, matched))
    for model in np.unique(data.models):
        one = data.models == model
        show(f"string matching, {model}", agreement(data.labels[one], matched[one]))
        show(f"string matching, all but {model}", agreement(data.labels[~one], matched[~one]))


def shares(rows: Sequence[dict[str, Any]], data: Data, found: NDArray[np.int64]) -> None:
    """What the probe would report for each held-out model, and the same from people's labels.

    The correction takes the counts on the other two models, each of them held out too.
    """
    unsafe = np.array([str(row["type"]).startswith("contrast_") for row in rows])
    for model in np.unique(data.models):
        for name, prompts, answers in (
            ("full_refusal_safe", ~unsafe, ("full_refusal",)),
            ("any_refusal_safe", ~unsafe, ("full_refusal", "partial_refusal")),
            ("full_compliance_unsafe", unsafe, ("full_compliance",)),
        ):
            those = prompts & (data.models == model)
            counted = [ANSWERS.index(answer) for answer in answers]
            people, judged = (float(np.isin(each[those], counted).mean()) for each in (data.labels, found))
            others = data.models != model
            apart = agreement(data.labels[others], found[others])["refusal" if len(answers) > 1 else answers[0]]
            counts = Agreement(**{field.name: apart[field.name] for field in fields(Agreement)})
            value = rogan_gladen(judged, counts.sensitivity, counts.specificity)
            interval = corrected_interval(judged, int(those.sum()), counts)
            corrected = "none" if value is None or interval is None else f"{value:.3f}"
            ends = f" ({interval.low:.3f} to {interval.high:.3f})" if interval else ""
            figures = f"{judged:.3f} by the classifier, corrected {corrected}{ends}"
            print(f"{model}: {name} {people:.3f} by people, {figures}")


def openings(rows: Sequence[dict[str, Any]], data: Data, found: NDArray[np.int64]) -> None:
    """What people say of answers that open with a refusal, and of those that only begin like one."""
    compliance, people = ANSWERS.index("full_compliance"), data.labels
    opens = data.seen[:, NAMES.index("opens_with_refusal")] > 0
    print(f"{opens.sum()} answers open with a refusal: people call {(people[opens] == compliance).sum()} compliance")
    like = np.array([string_match(str(row["completion"])) == "full_refusal" for row in rows])
    doubtful = (found == compliance) & like
    refusals = int((people[doubtful] != compliance).sum())
    print(f"{doubtful.sum()} begin like one and are called compliance: people call {refusals} refusals")


def write(weights: Weights, figures: dict[str, Any]) -> None:
    """The classifier's two files."""
    arrays = {name: getattr(weights, name) for name in ("buckets", "idf", "coefficients", "intercept")}
    save_file(arrays, FOLDER / "refusal.safetensors")
    card = {
        "answers": list(ANSWERS),
        "licence": LICENCE,
        "homepage": HOMEPAGE,
        "measured_on": MEASURED_ON.format(n=figures["pooled"]["n"], models=len(figures) - 1),
        "agreement": figures,
        "cues": list(NAMES),
    }
    (FOLDER / "refusal.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")


def main() -> None:
    """Evaluate, and write the weights when asked to."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--write", action="store_true", help="write safety/models/refusal.*")
    wanted = options.parse_args()
    rows = dataset("xstest_completions").rows
    data = features(rows)
    compare(rows, data)
    ours = features([{**example._asdict(), "model": OURS} for example in examples(EXAMPLES)])
    figures, found = evaluate(data, ours)
    show("pooled", figures["pooled"])
    for model in np.unique(data.models):
        rest = data.models != model
        show(f"all but {model}", agreement(data.labels[rest], found[rest]))
    openings(rows, data, found)
    shares(rows, data, found)
    if wanted.write:
        write(train(data, ours), figures)


if __name__ == "__main__":
    main()
