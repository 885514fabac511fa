"""How often clusters of the checkpoint's embeddings find what is planted in real texts, and what is not there.

    OMP_NUM_THREADS=1 python benchmarks/error_analysis/found_embeddings.py --draws 20 --patterns 10

Texts are sentences of CrowS-Pairs, embedded by the embedded checkpoint as `audit run --embed` does. Each draw is some
of them without their slices, so that clusters of the text alone can find anything. **Cluster**: errors are more
frequent in one of five k-means clusters of the embeddings of all sentences, made with another seed, of other sentences
and mostly in another number than the search makes. **Topic**: in one kind of bias, which CrowS-Pairs names and the
search does not see. Errors are drawn several times for each draw of texts.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.cluster import KMeans
from sklearn.preprocessing import normalize

from audit.core.assets import dataset
from audit.core.records import Sample, digest_of
from audit.engine import load
from audit.reports.errors.candidates import candidates
from audit.reports.errors.embedding_groups import Embedded
from audit.stats.subgroups.components import principal_components
from audit.stats.subgroups.search import search

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALPHA = 0.05


@dataclass(frozen=True)
class Cell:
    """What is simulated."""

    planted: str
    """``none``, ``cluster`` or ``topic``."""
    n: int
    rate: float
    """Error rate outside."""
    effect: float = 0.0
    """By how much it is higher inside."""


CELLS = [
    *(Cell("none", n, rate) for n in (200, 500, 1000) for rate in (0.05, 0.3)),
    *(Cell("cluster", n, 0.3, effect) for n, effect in ((200, 0.5), (200, 0.65), (500, 0.3), (500, 0.4))),
    *(Cell("cluster", 1000, 0.3, effect) for effect in (0.2, 0.3)),
    Cell("topic", 500, 0.3, 0.5),
]


@dataclass(frozen=True)
class Pool:
    """All texts."""

    texts: list[str]
    states: NDArray[np.float32]
    cluster: NDArray[np.bool_]
    topic: NDArray[np.bool_]


def pool() -> Pool:
    """The sentences with their states, one of five clusters, and one kind of bias."""
    rows = dataset("crows_pairs").rows
    texts = [str(row["sent_more"]) for row in rows]
    states = load("smollm2-135m-instruct", device="cpu").embed(texts)
    found = KMeans(5, random_state=99, n_init=10).fit_predict(normalize(principal_components(states)))
    sizes = np.bincount(found)
    cluster = found == int(np.argmin(np.abs(sizes - len(texts) / 4)))
    topic = np.array([row["bias_type"] == "gender" for row in rows])
    return Pool(texts, states, cluster, topic)


def measure(cell: Cell, whole: Pool, draws: int, patterns: int) -> str:
    """A row of the table: how often any group, and a group of each kind that mostly holds planted samples, is found."""
    any_group = by_embedding = by_text = tests = groups = 0
    for draw in range(draws):
        generator = np.random.default_rng([draw, cell.n])
        chosen = generator.choice(len(whole.texts), cell.n, replace=False)
        ids = [digest_of(whole.texts[place], int(place))[:16] for place in chosen]
        samples = [
            Sample(sample_id=name, suite="evals", task="drawn", prompt=whole.texts[place], score=0.0, tokens_in=1)
            for name, place in zip(ids, chosen, strict=True)
        ]
        vectors = principal_components(whole.states[chosen])
        given = candidates(samples, None, seed=draw, embedded=Embedded(dict(zip(ids, vectors, strict=True))))
        subsets = np.array([group.inside for group in given.groups])
        groups += len(subsets)
        planted = {"none": np.zeros(cell.n, bool), "cluster": whole.cluster[chosen], "topic": whole.topic[chosen]}
        inside = planted[cell.planted]
        rate = cell.rate + cell.effect * inside
        for _ in range(patterns):
            errors = (generator.random(cell.n) < rate).astype(float)
            result = search(errors, [None] * cell.n, subsets, seed=draw, alpha=ALPHA)
            held = [place for place, p in enumerate(result.p_values) if p <= ALPHA]
            higher = [place for place in held if result.statistics[place] > 0 and inside[subsets[place]].mean() > 0.5]
            kinds = {given.groups[place].by for place in higher}
            tests += 1
            any_group += bool(held)
            by_embedding += "embedding" in kinds
            by_text += "text" in kinds
    share = f"{100 * inside.mean():.0f} %" if cell.effect else "–"
    effect = f"+{100 * cell.effect:.0f} points" if cell.effect else "–"
    found = f"{100 * by_embedding / tests:.1f} | {100 * by_text / tests:.1f}" if cell.effect else "– | –"
    return (
        f"| {cell.planted} | {cell.n} | {cell.rate:.0%} | {effect} | {share} | {groups / draws:.0f} | {tests} |"
        f" {100 * any_group / tests:.1f} | {found} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--patterns", type=int, default=10)
    given = parser.parse_args()
    whole = pool()
    head = "planted | n | error rate | effect | of the samples | groups | simulations | any group | by embedding"
    print(f"| {head} | by TF-IDF |\n{'|---' * 10}|")
    for cell in CELLS:
        print(measure(cell, whole, given.draws, given.patterns), flush=True)


if __name__ == "__main__":
    main()
