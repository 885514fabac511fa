"""Groups of samples by what the checkpoint itself finds similar: clusters of the embeddings that a run stored.

Clusters are k-means clusters (Lloyd 1982) of embeddings brought to unit length, so that directions are compared: the
length of a mean hidden state says how many different tokens it is of. Nothing looks at scores.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from audit.core.records.files import embeddings_file
from audit.reports.errors.text_groups import TermWeights, cluster_count

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from audit.core.records import RunManifest
    from audit.core.run_folder import RunFolder

BROADER = 3
"""By how much fewer clusters the second division has."""
STARTS = 10
"""Random starts of k-means, of which the best is taken."""


@dataclass(frozen=True)
class Embedded:
    """The embeddings of a task's samples, or why there are none."""

    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """A vector by sample id."""
    absent: str | None = None
    """Why there are none; null if there are, or if nothing is to be said."""


NOT_SAID = Embedded()
"""Where no run is at hand."""


def read_embedded(run: RunFolder, manifest: RunManifest, suite: str, task: str) -> Embedded:
    """The embeddings of a task that a run stored.

    Raises:
        RunFolderError: Their file is broken.
    """
    path = run.embeddings_path(suite, task)
    if path.exists():
        found = embeddings_file.read(path)
        return Embedded(dict(zip(found.sample_ids, found.vectors, strict=True)))
    if "imported" in manifest.config:
        return Embedded(absent="the run was imported, and logs hold no hidden states")
    if not manifest.config.get("embed"):
        return Embedded(absent="the run did not store embeddings (audit run --embed)")
    if manifest.model.device == "server":
        return Embedded(absent="a server shows no hidden states")
    return Embedded(absent="the run has none of this task; its warnings may say why")


@dataclass(frozen=True)
class EmbeddingGroups:
    """Clusters of samples, in one or two divisions."""

    divisions: list[list[str | None]] = field(default_factory=list)
    """The cluster of each sample, as ``3 of 12: water, boils, ice``, null where it has no embedding; one list for each
    division, and none where texts do not differ enough."""
    left_out: str | None = None
    """What was not searched, and why; null if all was."""


def embedding_clusters(
    embedded: Embedded, sample_ids: Sequence[str], texts: Sequence[str], shown: Sequence[bool], *, seed: int
) -> EmbeddingGroups:
    """Clusters of samples, named by the terms that are more typical of them than of the others.

    There are as many as of TF-IDF vectors, one per 40 samples up to 12, and, in a second division, a third as many:
    errors of a broad subject are hard to see in each of the parts that narrow clusters make of it.

    Args:
        embedded: Embeddings.
        sample_ids: Of the samples.
        texts: What each is about.
        shown: Whether its words may be in a name; clusters of hidden texts have numbers.
        seed: Of the clustering.
    """
    if not embedded.vectors:
        return EmbeddingGroups(left_out=embedded.absent and f"clusters of embeddings: {embedded.absent}")
    known = np.array([identity in embedded.vectors for identity in sample_ids])
    missing = int((~known).sum())
    left_out = (
        f"clusters of embeddings, of {missing:,} of {len(texts):,} samples: the run has no embedding of them"
        if missing
        else None
    )
    clusters = cluster_count([text for text, has in zip(texts, known, strict=True) if has])
    if clusters is None:
        return EmbeddingGroups(left_out=left_out)
    vectors = np.array([embedded.vectors[identity] for identity in sample_ids if identity in embedded.vectors])
    weighted = TermWeights.of(texts)
    counts = [clusters, clusters // BROADER] if clusters // BROADER > 1 else [clusters]
    divisions = []
    for count in counts:
        codes = np.full(len(texts), -1)
        codes[known] = _clustered(vectors, count, seed)
        divisions.append(_named(codes, count, weighted, shown))
    return EmbeddingGroups(divisions, left_out)


def _clustered(vectors: NDArray[np.float32], count: int, seed: int) -> NDArray[np.intp]:
    """The cluster of each vector, by direction."""
    from sklearn.cluster import KMeans  # noqa: PLC0415 - two seconds to import
    from sklearn.preprocessing import normalize  # noqa: PLC0415

    found: NDArray[np.intp] = KMeans(count, random_state=seed, n_init=STARTS).fit_predict(normalize(vectors))
    return found


def _named(
    codes: NDArray[np.intp], count: int, weighted: TermWeights | None, shown: Sequence[bool]
) -> list[str | None]:
    """The name of each sample's cluster."""
    names: dict[int, str | None] = {-1: None}
    for code in range(count):
        words = weighted.name(codes == code, shown, against_rest=True) if weighted else ""
        names[code] = f"{code + 1} of {count}" + (f": {words}" if words else "")
    return [names[int(code)] for code in codes]
