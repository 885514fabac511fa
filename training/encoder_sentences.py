"""Training sentences of this project for the encoder's toxicity scorer, and copies of texts with slips."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    import numpy as np

SENTENCES = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
"""Templates and what fills them, by kind."""
HIDDEN = ("slurs", "senses", "reclaimed", "reclaiming", "own_words")
"""Kinds that are kept in ROT13."""
FORMS = (str, str, str.lower)
"""How a sentence may be written: two of three as they are."""


def _filled(template: str, group: str) -> str:
    one, many = SENTENCES["groups"][group]
    bare = one.partition(" ")[2]
    return template.format(one=one, many=many, Many=many[0].upper() + many[1:], one0=bare)


def _read(kind: str) -> list[str]:
    return [codecs.decode(text, "rot13") if kind in HIDDEN else text for text in SENTENCES[kind]]


def about_slurs() -> list[tuple[str, float, float]]:
    """Slurs as insults, reclaimed, talked about, and the same words in another sense."""

    def filled(templates: str, words: str) -> list[str]:
        pairs = [word.split() for word in _read(words)]
        return [template.format(slur=one, slurs=many) for template in _read(templates) for one, many in pairs]

    return [
        *((text, 1.0, 1.0) for text in filled("slurred", "slurs")),
        *((text, 0.5, 0.0) for text in filled("reclaiming", "own_words")),
        *((text, 0.3, 0.0) for text in filled("about_slurs", "own_words")),
        *((text, 0.6, 0.0) for text in _read("reclaimed")),
        *((text, 0.05, 0.0) for text in _read("senses")),
    ]


def sentences(rng: np.random.Generator, hate: int, harmless: int, counter: int) -> list[tuple[str, float, float]]:
    """Sentence, toxicity, hate: targets between 0 and 1."""
    own, names = SENTENCES, list(SENTENCES["groups"])

    def drawn(kind: str) -> str:
        template = str(rng.choice(own[kind]))
        return _filled(template, str(rng.choice(names)))

    rows = [(drawn("hate"), 1.0, 1.0) for _ in range(hate)]
    rows += [(drawn("harmless"), 0.0, 0.0) for _ in range(harmless)]
    for _ in range(counter):
        said = drawn("hate")
        rows.append((str(rng.choice(own["counter"])).format(hate=said, hate0=said[0].lower() + said[1:]), 0.3, 0.0))
    for templates, fillers, toxic in (("insults", "unprotected", 0.9), ("disliked", "things", 0.1)):
        rows += [(t.format(x=x, X=x[0].upper() + x[1:]), toxic, 0.0) for t in own[templates] for x in own[fillers]]
    rows += [(text, 1.0, 0.0) for text in own["personal"]]
    rows += [(text, 0.8, 0.0) for text in own["swearing"]]
    return list(dict.fromkeys((FORMS[int(rng.integers(len(FORMS)))](text), toxic, hate) for text, toxic, hate in rows))


def misspelt(text: str, rng: np.random.Generator) -> str:
    """One to three slips: a letter lost, swapped or replaced by a digit, a space too few or between letters."""
    letters = list(text)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(0, max(1, len(letters) - 1)))
        kind = rng.integers(0, 5)
        if kind == 0:
            del letters[at]
        elif kind == 1 and at + 1 < len(letters):
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
        elif kind == 2:
            letters = [{"a": "4", "e": "3", "i": "1", "o": "0", "s": "5"}.get(letter, letter) for letter in letters]
        elif kind == 3 and " " in letters:
            spaces = [i for i, letter in enumerate(letters) if letter == " "]
            del letters[int(rng.choice(spaces))]
        elif kind == 4:
            words = "".join(letters).split(" ")
            which = int(rng.integers(0, len(words)))
            words[which] = " ".join(words[which])
            letters = list(" ".join(words))
    return "".join(letters)
