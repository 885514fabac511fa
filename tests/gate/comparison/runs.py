"""Run folders with one task whose scores are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.run_folder import RunFolder
from audit.stats.definitions import Mean, measured
from tests.reports.conftest import a_manifest, a_sample
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import RunManifest, Sample
    from audit.stats.definitions.base import Definition


def scored(scores: Sequence[float | None], **fields: Any) -> list[Sample]:
    """One item per score, half of them in each slice."""
    given = {"prompt_sha256": None, **fields}
    return [
        a_sample(
            "boolq",
            place,
            score=score,
            slices={"half": "ab"[place % 2]},
            **{**given, "prompt_sha256": given["prompt_sha256"] or f"{place:064x}"},
        )
        for place, score in enumerate(scores)
    ]


def run_with(
    out: Path,
    name: str,
    samples: Sequence[Sample],
    *,
    unit: str = "share",
    definition: Definition | None = None,
    higher_is_better: bool = True,
    **changes: Any,
) -> RunFolder:
    """A run of one task with these samples.

    Args:
        out: Folder of the folder ``name`` that holds it.
        name: Of that folder, and of the checkpoint.
        samples: Its samples.
        unit: Of its metric.
        definition: Of its metric; None takes the mean score.
        higher_is_better: Direction of its metric.
        changes: Fields of its manifest; those of ``model`` in a dictionary.
    """
    manifest: RunManifest = a_manifest(config={"evals": {"tasks": [{"name": "boolq"}]}, "safety": {"tasks": []}})
    model = manifest.model.model_copy(update={"name": name, **changes.pop("model", {})})
    run = RunFolder.create(out / name, manifest.model_copy(update={"model": model, **changes}))
    of = definition or Mean(seed=1, resamples=200)
    common: dict[str, Any] = {"metric": "accuracy", "unit": unit, "higher_is_better": higher_is_better}
    whole = measured(of, samples, primary=True, **common)
    halves = [measured(of, samples, slice={"half": half}, **common) for half in "ab"]
    run.write_metrics([whole, *halves])
    run.write_samples("evals", "boolq", samples)
    return sealed(run)
