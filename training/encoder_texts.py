"""Labelled text for the encoder's toxicity scorer: what it is fitted to, and what it is tested on.

From ``AUDIT_DATA``: toxicity_prompts, toxicity_continuations, machine_text_toxicity, toxigen, implicit_hate,
offensive_tweets and hatecheck; and sentences of this project. HateCheck, the continuations and the sentences of
``identity_mentions.yaml`` are for tests alone: a text that comes near to one of them is in no training set.
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from encoder_sentences import about_slurs, misspelt, sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 20261128
MENTIONS = Path(__file__).resolve().parents[1] / "safety" / "data" / "identity_mentions.yaml"
NEAR = 0.8
"""Cosine of the sets of runs of five characters from which on two texts count as the same."""
UNKNOWN = float("nan")


@dataclass(frozen=True)
class Labelled:
    """A text with its labels."""

    kind: str
    """Where it comes from."""
    split: str
    """``train``, ``test``, or ``held out`` (ToxiGen, which is left out group by group)."""
    text: str
    toxicity: float
    """Target between 0 and 1; of test texts, from 0.5 on means toxic."""
    hate: float
    """The same for hate against a group; not a number where nobody said."""
    more: Any = field(default=None, compare=False)
    """The prompt of a continuation, the class of a tweet, the test of HateCheck, the groups of ToxiGen, …"""


def steep(score: float) -> float:
    """Perspective's score as a target: how likely it is that it means toxic."""
    return float(1 / (1 + np.exp(-10 * (score - 0.5))))


def plain(text: str) -> str:
    """A post without addresses, names, character references and the marks of a repeated post."""
    text = re.sub(r"https?://\S+", " ", text)
    text = re.sub(r"&#\d+;", " ", text).replace("&amp;", "&").replace("\\n", " ")
    text = re.sub(r"@[\w_]+", "@user", text)
    text = re.sub(r'^[!"\s]*(RT\b)?[!"\s:]*', "", text)
    return re.sub(r"\s+", " ", text).strip()


def texts() -> list[Labelled]:
    """Everything, without training texts that are near to a test text, and each training text once."""
    rng = np.random.default_rng(SEED)
    data = Path(os.environ["AUDIT_DATA"])
    rows = [*_prompts(data), *_machine_text(data), *_toxigen(data)]
    rows += [*_implicit_hate(data, rng), *_tweets(data, rng), *_hatecheck(data), *_mentions()]
    rows += [Labelled("own", "train", *row) for row in sentences(rng, 3600, 3000, 900)]
    rows += [Labelled("slurs", "train", *row) for row in about_slurs()]
    rows += _misspelt(rows, rng)
    return _without_near_duplicates([row for row in rows if row.text])


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, file.read_text("utf-8").splitlines())


def _prompts(data: Path) -> Iterator[Labelled]:
    for name in ("toxic", "nontoxic"):
        for row in _lines(data / "toxicity_prompts" / f"{name}.jsonl"):
            prompt = row["prompt"]
            if prompt["toxicity"] is not None:
                attack = prompt.get("identity_attack")
                hate = UNKNOWN if attack is None else steep(attack)
                yield Labelled("prompts", "train", prompt["text"], steep(prompt["toxicity"]), hate)
        for row in _lines(data / "toxicity_continuations" / f"{name}.jsonl"):
            found = row["continuation"]
            if found["toxicity"] is not None:
                kind = f"continuation_of_{name}"
                yield Labelled(kind, "test", found["text"], found["toxicity"], UNKNOWN, row["prompt"])


def _machine_text(data: Path) -> Iterator[Labelled]:
    file = data / "machine_text_toxicity" / "written_to_be_toxic.jsonl"
    for number, row in enumerate(_lines(file)):
        prompt = row["prompt"]
        score = prompt["score"]["toxicity"]
        test = number % 2
        yield Labelled(
            "machine", "test" if test else "train", prompt["text"], score if test else steep(score), UNKNOWN, score
        )


def _toxigen(data: Path) -> Iterator[Labelled]:
    for row in json.loads((data / "toxigen" / "toxiGen_seven_groups.json").read_text("utf-8")):
        target = float(1 / (1 + np.exp(-1.5 * (row["toxicity_score"] - 3.15))))
        hateful = row["label"] == "hate"
        yield Labelled("toxigen", "held out", plain(row["text"]), target, target, (hateful, row["target_groups"]))


def _implicit_hate(data: Path, rng: np.random.Generator) -> Iterator[Labelled]:
    rows = json.loads((data / "implicit_hate" / "implicitHate.json").read_text("utf-8"))
    for place, number in enumerate(rng.permutation(len(rows))):
        hateful = rows[number]["label"] == "hate"
        text = plain(rows[number]["text"])
        if place < 1500:
            yield Labelled("implicit", "test", text, float(hateful), float(hateful))
        else:
            target = 0.85 if hateful else 0.1
            yield Labelled("implicit", "train", text, target, target, hateful)


def _tweets(data: Path, rng: np.random.Generator) -> Iterator[Labelled]:
    with (data / "offensive_tweets" / "labeled_data.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    by_class = defaultdict(list)
    for number in rng.permutation(len(rows)):
        by_class[rows[number]["class"]].append(plain(rows[number]["tweet"]))
    for name, tests, trains in (("0", 200, 1230), ("1", 600, 2500), ("2", 700, 3463)):
        for place, text in enumerate(by_class[name][: tests + trains]):
            if place < tests:
                yield Labelled("tweets", "test", text, float(name != "2"), float(name == "0"), name)
            else:
                toxic, hate = {"0": (0.95, 0.9), "1": (0.9, 0.15), "2": (0.05, 0.02)}[name]
                yield Labelled("tweets", "train", text, toxic, hate, name)


def _hatecheck(data: Path) -> Iterator[Labelled]:
    with (data / "hatecheck" / "test_suite_cases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            hateful = float(row["label_gold"] == "hateful")
            yield Labelled("hatecheck", "test", row["test_case"].strip(), hateful, hateful, row["functionality"])


def _mentions() -> Iterator[Labelled]:
    own = yaml.safe_load(MENTIONS.read_text("utf-8"))
    for pool in ("groups", "others"):
        for name, (one, many, after_is) in own[pool].items():
            forms = {"one": one, "many": many, "Many": many[0].upper() + many[1:], "is": after_is}
            for label in ("harmless", "toxic"):
                for template in own[label]:
                    yield Labelled(
                        "identity", "test", template.format(**forms), float(label == "toxic"), UNKNOWN, (pool, name)
                    )


def _misspelt(rows: list[Labelled], rng: np.random.Generator) -> list[Labelled]:
    """Copies with slips, toxic and harmless ones."""
    known = [row for row in rows if row.split == "train" and row.kind in ("own", "slurs", "prompts")]
    copies = []
    for chosen, count in (
        ([row for row in known if row.toxicity > 0.8], 1400),
        ([row for row in known if row.toxicity < 0.2], 900),
    ):
        for number in rng.permutation(len(chosen))[:count]:
            row = chosen[number]
            copies.append(Labelled("misspelt", "train", misspelt(row.text, rng), row.toxicity, row.hate))
    return copies


def _without_near_duplicates(rows: list[Labelled]) -> list[Labelled]:
    """Tests first; then whatever is neither equal to another text nor near to one of the tests."""
    from sklearn.feature_extraction.text import HashingVectorizer

    seen: set[str] = set()
    kept = []
    for row in sorted(rows, key=lambda row: row.split != "test"):
        key = re.sub(r"\W+", "", row.text.lower())
        if row.split == "test" or key not in seen:
            kept.append(row)
        seen.add(key)
    runs = HashingVectorizer(
        analyzer="char_wb", ngram_range=(5, 5), n_features=2**20, binary=True, alternate_sign=False
    )
    fitted = [number for number, row in enumerate(kept) if row.split != "test"]
    tests = runs.transform([row.text for row in kept if row.split == "test"]).T.tocsc()
    near = set()
    for start in range(0, len(fitted), 2000):
        part = fitted[start : start + 2000]
        closest = (runs.transform([kept[number].text for number in part]) @ tests).max(axis=1).toarray().ravel()
        near |= {part[place] for place in np.flatnonzero(closest > NEAR)}
    return [row for number, row in enumerate(kept) if number not in near]
