"""A run whose scorer is too kind, and people who know better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from audit.core.run_folder import RunFolder
from audit.gate.corrected.ratings import RatedOutputs
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.ratings import drawn
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Count, Mean, MeanShare, measured
from tests.reports.conftest import a_manifest, a_sample
from tests.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Decision, Sample

RUN_ID = "20260131T120000Z-judged-0a1b2c"
RULE = {"metric": "boolq/accuracy", "min": 0.5, "corrected": {"rated_at_least": 4, "labels": 60}}


def judged(count: int = 300, **fields: Any) -> list[Sample]:
    """Outputs of which people find every second one good, the scorer three of four."""
    return [a_sample("boolq", place, score=float(place % 4 != 0), **fields) for place in range(count)]


def is_good(sample: Sample) -> bool:
    """Whether people find an output good."""
    return int(sample.prompt.split()[1].rstrip("?")) % 2 == 1


def points(samples: list[Sample]) -> dict[str, list[int]]:
    """One rating of each output: 5 for good ones, 2 for others."""
    return {sample.sample_id: [5 if is_good(sample) else 2] for sample in samples}


def people(ratings: dict[str, list[int]]) -> RatedOutputs:
    """Who rated so."""
    return RatedOutputs(lambda: {(name,): found for name, found in ratings.items()}, lambda one: (one.sample_id,))


def chosen(samples: list[Sample], count: int = 60) -> list[Sample]:
    """The outputs that are drawn."""
    return drawn(samples, RUN_ID, count)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., RunFolder]:
    """Makes a run of these samples; keyword arguments change the manifest."""

    def made(samples: list[Sample], **changes: Any) -> RunFolder:
        config = {"evals": {"tasks": [{"name": "boolq", "limit": len(samples)}]}}
        run = RunFolder.create(tmp_path / "runs", a_manifest(run_id=RUN_ID, config=config, **changes))
        given: dict[str, Any] = {"unit": "share", "higher_is_better": True}
        metrics = [measured(Mean(seed=1), samples, metric="accuracy", primary=True, **given)]
        metrics.append(measured(MeanShare(seed=1), samples, metric="toxic_share", **given))
        if any(sample.flags for sample in samples):
            for ending, value in (("if_cut_wrong", 0.0), ("if_cut_right", 1.0)):
                bound = Mean(seed=1, if_cut=value)
                metrics.append(measured(bound, samples, metric=f"accuracy_{ending}", **given))
            count = Count(flags=("truncated_output",))
            named: dict[str, Any] = {"metric": "truncated_outputs", "unit": "count", "higher_is_better": False}
            metrics.append(measured(count, samples, **named))
        run.write_metrics([*metrics, unscored_metric("evals", "boolq", samples)])
        run.write_samples("evals", "boolq", samples)
        return sealed(run)

    return made


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., Decision]:
    """Decides by one rule."""

    def decided(run: RunFolder, rule: dict[str, Any], ratings: RatedOutputs | None = None, **policy: Any) -> Decision:
        file = tmp_path / "policy.yaml"
        file.write_text(yaml.safe_dump({**policy, "rules": [rule]}), "utf-8")
        return decide(run, load_policy(file), {"boolq"}, ratings=ratings)

    return decided
