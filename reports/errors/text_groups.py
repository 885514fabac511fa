"""Groups of samples by what their text is: its language, and clusters of similar texts.

Clusters are k-means clusters of TF-IDF vectors (Lloyd 1982; Salton and Buckley 1988, "Term-weighting Approaches in
Automatic Text Retrieval"), by scikit-learn with a fixed seed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audit.stats.answers.language import language_identifier
from audit.stats.subgroups.search import FEWEST_ITEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

PER_CLUSTER, MOST_CLUSTERS = 40, 12
"""One text cluster per so many samples, up to so many clusters."""
TERMS = 3
"""Terms that name a cluster."""
LETTERS, LIKELY = 40, 0.9
"""A text counts as in a language if it has so many letters and py3langid gives the language that probability."""
LOOKED_AT, MOST_READ = 200, 6_000
"""Of many texts so many are looked at first; only if they are in two languages, all are read, up to so many."""
READ_CHARACTERS = 400
"""Characters of a text that decide its language: its end, as questions have it."""


@dataclass(frozen=True)
class LanguageGroups:
    """The language of each text."""

    labels: list[str | None]
    """An ISO 639 code for each text; null where it is too short or not clearly one."""
    left_out: str | None = None
    """Why languages were not searched; null if they were."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> LanguageGroups:
        """The languages of texts, if they are in several.

        Args:
            texts: One per sample.
        """
        none: list[str | None] = [None] * len(texts)
        step = max(1, len(texts) // LOOKED_AT)
        first = Counter(filter(None, map(_language, texts[::step])))
        # A few texts may be read wrongly: one language is all that there is to see.
        if len(first) < 2 or first.most_common(2)[1][1] * step < FEWEST_ITEMS:
            return cls(none)
        if len(texts) > MOST_READ:
            return cls(none, f"languages: more than {MOST_READ:,} samples in several languages")
        return cls([_language(text) for text in texts])


def _language(text: str) -> str | None:
    """The language of a text, an ISO 639 code; None if it is too short or not clearly one."""
    end = text[-READ_CHARACTERS:].encode("utf-8", "replace").decode("utf-8")  # a lone surrogate would be refused
    if sum(map(str.isalpha, end)) < LETTERS:
        return None
    code, probability = language_identifier().classify(end)
    return code if probability >= LIKELY else None


@dataclass(frozen=True)
class TermWeights:
    """How typical each term is of each text."""

    weights: csr_matrix
    """TF-IDF, shape (texts, terms)."""
    terms: Sequence[str]
    """The terms."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> TermWeights | None:
        """The TF-IDF of texts without frequent and rare terms; None where no term is left."""
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - two seconds to import

        # A term of nearly all texts is of the template.
        vectoriser = TfidfVectorizer(
            min_df=3, max_df=0.5, max_features=3_000, sublinear_tf=True, stop_words="english", dtype=np.float32
        )
        try:
            weights = vectoriser.fit_transform(texts)
        except ValueError:  # no term is left
            return None
        return cls(weights, vectoriser.get_feature_names_out())

    def name(self, inside: NDArray[np.bool_], shown: Sequence[bool], *, against_rest: bool = False) -> str:
        """The terms with most weight in some texts, ``water, boils, ice``; empty where shown texts have none of them.

        Args:
            inside: Which texts.
            shown: Whether a text's words may be in the name.
            against_rest: Weight is that in these texts minus that in the others.
        """
        weights = self._mean(inside)
        if against_rest:
            weights = np.asarray(weights - self._mean(~inside), dtype=np.float64)
        weights = np.asarray(weights * (self._mean(np.asarray(shown, dtype=np.bool_)) > 0), dtype=np.float64)
        order = np.argsort(-weights, kind="stable")[:TERMS]
        return ", ".join(str(self.terms[place]) for place in order if weights[place] > 0)

    def _mean(self, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Mean weight of each term in some texts; 0 where there are none."""
        total = np.asarray(self.weights[inside].sum(axis=0), dtype=np.float64).ravel()
        return np.asarray(total / max(1, int(inside.sum())), dtype=np.float64)


def cluster_count(texts: Sequence[str]) -> int | None:
    """One cluster per 40 texts, at most 12; None where there are too few texts, or too few different ones."""
    clusters = min(MOST_CLUSTERS, len(texts) // PER_CLUSTER)
    return None if clusters < 2 or len(set(texts)) < 2 * clusters else clusters


def text_clusters(texts: Sequence[str], shown: Sequence[bool], *, seed: int) -> list[str | None]:
    """The cluster of each text, named by its most typical terms; None for all where texts do not differ enough.

    Args:
        texts: One per sample.
        shown: Whether its words may be in a name; clusters of hidden texts have numbers.
        seed: Of the clustering.
    """
    clusters = cluster_count(texts)
    weighted = TermWeights.of(texts) if clusters else None
    if clusters is None or weighted is None or weighted.weights.shape[1] < clusters:
        return [None] * len(texts)
    from sklearn.cluster import MiniBatchKMeans  # noqa: PLC0415 - two seconds to import

    found = MiniBatchKMeans(clusters, random_state=seed, n_init=3, batch_size=1_024).fit_predict(weighted.weights)
    names = {
        int(code): weighted.name(found == code, shown) or f"cluster {code + 1} of {clusters}, of hidden texts"
        for code in np.unique(found)
    }
    return [names[int(code)] for code in found]
