"""``audit gate --database``: metrics corrected by ratings, from the command line and from Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

import audit as library
from audit.ratings import NewRating, add, output_digest
from tests.gate.corrected.conftest import RULE, chosen, is_good, judged, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

    Audit = Callable[..., tuple[int, str, str]]

__all__ = ["make"]
SAMPLES = judged(40)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A floor that the scorer clears and people do not."""
    file = tmp_path / "policy.yaml"
    rule = {**RULE, "min": 0.7, "corrected": {"rated_at_least": 4, "labels": 40}}
    file.write_text(yaml.safe_dump({"rules": [rule]}), "utf-8")
    return file


@pytest.mark.slow
def test_another_database_is_named(audit: Audit, make: Callable[..., RunFolder], policy: Path, tmp_path: Path) -> None:
    run, url = make(SAMPLES), f"sqlite:///{tmp_path / 'people.sqlite'}"
    code, _, said = audit("gate", run.path, "--policy", policy, "--database", url)
    assert (code, "no such ratings database" in said) == (2, True)
    code, said, _ = audit("gate", run.path, "--policy", policy, "--json")
    assert (code, "40 of 40 outputs that were drawn at random are not rated" in said) == (11, True)
    for sample in chosen(SAMPLES, 40):
        about = {"run_id": "r", "suite": sample.suite, "task": sample.task, "sample_id": sample.sample_id}
        rating = {"rater": "ada", "rating": 5 if is_good(sample) else 1, "output_sha256": output_digest(" yes")}
        add(url, NewRating.model_validate({**about, **rating}))
    code, said, _ = audit("gate", run.path, "--policy", policy, "--database", url, "--json")
    assert (code, json.loads(said)["checks"][-1]["value"]) == (10, 0.5)
    assert library.gate(run.path, policy=policy, database=url).verdict == "FAIL"
    assert library.gate(run.path, policy=policy).verdict == "INCONCLUSIVE"
