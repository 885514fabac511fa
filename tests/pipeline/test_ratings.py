"""What people said of earlier runs: kept with the run that goes by it, and matched to the very output they saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.config import RunConfig
from audit.core.errors import RunFolderError, UsageError
from audit.core.records import Sample, TaskResult
from audit.core.run_folder import RunFolder
from audit.pipeline import ratings
from audit.ratings import NewRating, add, default_url, output_digest

if TYPE_CHECKING:
    from pathlib import Path

JUDGED = {("evals", "asdiv", "s1", output_digest("nine")): 1.5, ("evals", "asdiv", "s2", output_digest("ten")): 4.0}


def config(out: Path, **explain: object) -> RunConfig:
    return RunConfig.model_validate({"out": out, "explain": {"methods": ["occlusion"], "worst_rated": 2, **explain}})


def test_a_new_run_reads_what_was_rated_in_its_folder(tmp_path: Path) -> None:
    assert ratings.read(config(tmp_path), None) == {}
    given = {"rater": "ada", "run_id": "r", "suite": "evals", "task": "asdiv", "sample_id": "s1"}
    digest = output_digest("nine")
    add(default_url(tmp_path), NewRating.model_validate({**given, "output_sha256": digest, "rating": 2}))
    assert ratings.read(config(tmp_path), None) == {("evals", "asdiv", "s1", digest): 2.0}
    assert ratings.read(config(tmp_path, worst_rated=0, drivers=0), None) == {}, "nothing is explained for its rating"
    assert ratings.read(config(tmp_path, methods=[]), None) == {}
    with pytest.raises(UsageError, match="no such ratings database"):
        ratings.read(config(tmp_path), default_url(tmp_path / "elsewhere"))


def test_a_resumed_run_goes_by_the_same_ratings(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert ratings.recall(folder) == {}
    ratings.keep(folder, {})
    assert list(tmp_path.iterdir()) == []
    ratings.keep(folder, JUDGED)
    assert ratings.recall(folder) == JUDGED


@pytest.mark.parametrize("text", ["{", "[1]", '[["evals", "asdiv", "s1", "0", "good"]]', "null"])
def test_a_broken_file_is_one_line(tmp_path: Path, text: str) -> None:
    folder = RunFolder(tmp_path)
    ratings.keep(folder, JUDGED)
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    with pytest.raises(RunFolderError, match=r"broken .*: start a new run") as caught:
        ratings.recall(folder)
    assert "\n" not in str(caught.value)


def test_only_a_rating_of_the_very_output_counts() -> None:
    def sample(name: str, output: str | None) -> Sample:
        return Sample(sample_id=name, suite="evals", task="asdiv", prompt="p", output=output)

    samples = [sample("s1", "nine"), sample("s2", "eleven"), sample("s3", None)]
    result = TaskResult(suite="evals", task="asdiv", samples=samples)
    assert ratings.by_sample([result], JUDGED) == {("asdiv", "s1"): 1.5}
