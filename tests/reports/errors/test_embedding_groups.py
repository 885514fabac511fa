"""Clusters of embeddings: found where they are, named by words that may be shown, and why there are none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

from audit.core.records.files import embeddings_file
from audit.reports.errors.candidates import candidates
from audit.reports.errors.embedding_groups import Embedded, embedding_clusters, read_embedded

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.core.run_folder import RunFolder

LAW, FOOD = "The judge heard the appeal in court", "Boil the pasta and bake the bread"
IDS = [f"{place:016x}" for place in range(80)]
TEXTS = [f"{(LAW, FOOD)[place % 2]}, the item of {'abcdefghij'[place % 10] * 3}{place}" for place in range(80)]


def two_directions(ids: list[str]) -> Embedded:
    """Vectors near one of two directions, of lengths from 1 to 80."""
    noise = np.random.default_rng(1).normal(scale=0.05, size=(len(ids), 3))
    directions = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    vectors = [(directions[place % 2] + noise[place]) * (1 + place) for place in range(len(ids))]
    return Embedded({name: vector.astype(np.float32) for name, vector in zip(ids, vectors, strict=True)})


@pytest.mark.slow
def test_two_directions_are_two_clusters_with_their_own_words() -> None:
    found = embedding_clusters(two_directions(IDS), IDS, TEXTS, [True] * 80, seed=1)
    assert found.left_out is None
    (labels,) = found.divisions
    law, food = labels[:2]
    assert labels == [law, food] * 40
    assert {str(law)[:6], str(food)[:6]} == {"1 of 2", "2 of 2"}
    assert set(str(law)[8:].split(", ")) <= {"judge", "heard", "appeal", "court"}
    assert set(str(food)[8:].split(", ")) <= {"boil", "pasta", "bake", "bread"}
    hidden = embedding_clusters(two_directions(IDS), IDS, TEXTS, [False] * 80, seed=1)
    assert set(hidden.divisions[0]) == {"1 of 2", "2 of 2"}
    more = embedding_clusters(two_directions(IDS), [*IDS, "none"], [*TEXTS, "x"], [True] * 81, seed=1)
    assert more.divisions == [[*labels, None]]
    assert more.left_out == "clusters of embeddings, of 1 of 81 samples: the run has no embedding of them"


def test_few_samples_have_no_clusters() -> None:
    found = embedding_clusters(two_directions(IDS[:79]), IDS[:79], TEXTS[:79], [True] * 79, seed=1)
    assert (found.divisions, found.left_out) == ([], None)


@pytest.mark.parametrize(
    ("config", "device", "reason"),
    [
        ({}, "cpu", "the run did not store embeddings (audit run --embed)"),
        ({"embed": False}, "server", "the run did not store embeddings (audit run --embed)"),
        ({"embed": True}, "server", "a server shows no hidden states"),
        ({"embed": True}, "cpu", "the run has none of this task; its warnings may say why"),
        ({"imported": "lm-eval"}, "unknown", "the run was imported, and logs hold no hidden states"),
    ],
)
def test_why_there_are_none(config: dict[str, Any], device: str, reason: str, full_run: RunFolder) -> None:
    manifest = cast("Any", SimpleNamespace(config=config, model=SimpleNamespace(device=device)))
    found = read_embedded(full_run, manifest, "evals", "boolq")
    assert not found.vectors
    assert embedding_clusters(found, IDS, TEXTS, [True] * 80, seed=1).left_out == f"clusters of embeddings: {reason}"


@pytest.mark.slow
def test_many_samples_are_divided_twice() -> None:
    ids, texts = [f"{place:016x}" for place in range(240)], [f"{place} {LAW}" for place in range(240)]
    narrow, broad = embedding_clusters(two_directions(ids), ids, texts, [True] * 240, seed=1).divisions
    assert {str(label)[-4:] for label in narrow} == {"of 6"}
    assert {str(label)[-4:] for label in broad} == {"of 2"}
    assert broad == broad[:2] * 120


@pytest.mark.slow
def test_what_a_run_stored_is_searched_with_the_other_groups(
    full_run: RunFolder, records: dict[str, Callable[..., Any]]
) -> None:
    samples = [records["sample"]("boolq", place, prompt=text) for place, text in enumerate(TEXTS)]
    ids = [sample.sample_id for sample in samples]
    vectors = np.array([[1.0, 0.0] if place < 40 else [0.0, 1.0] for place in range(80)], dtype=np.float32)
    path = full_run.embeddings_path("evals", "boolq")
    embeddings_file.write(path, embeddings_file.Embeddings(ids, vectors, ""))
    stored = read_embedded(full_run, full_run.read_manifest(), "evals", "boolq")
    given = candidates(samples, None, seed=1, embedded=stored)
    (group,) = [one for one in given.groups if one.by == "embedding"]
    assert set(np.flatnonzero(group.inside)) in ({*range(40)}, {*range(40, 80)})
