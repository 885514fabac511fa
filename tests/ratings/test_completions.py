"""A rating may be about one completion; what it says holds for that text at whatever address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from audit.core.records import Sample, SampledText
from audit.ratings import (
    NewRating,
    add,
    every_text,
    json_lines,
    mean_by_output,
    output_digest,
    rating_queue,
    read_latest,
    summary,
)

if TYPE_CHECKING:
    from pathlib import Path

    from audit.ratings import Rating


def sample(identity: str, *texts: str | None, output: str | None) -> Sample:
    completions = [SampledText(text=text, value=0.5) for text in texts]
    return Sample(
        sample_id=identity, suite="safety", task="toxicity", prompt="p", output=output, completions=completions
    )


def rate(url: str, address: str, text: str, points: int, rater: str = "ada") -> Rating:
    digest = output_digest(text)
    given = {"rater": rater, "run_id": "r", "suite": "safety", "task": "toxicity", "sample_id": address}
    return add(url, NewRating.model_validate({**given, "output_sha256": digest, "rating": points}))


def test_each_text_is_queued_once_under_its_address() -> None:
    samples = [sample("a", "x", "y", "x", None, output="y"), sample("b", output="z")]
    assert [(one.sample_id, one.output) for one in every_text(samples)] == [
        ("a#0", "x"), ("a#1", "y"), ("a#3", None), ("b", "z"),
    ]  # fmt: skip


def test_a_rating_without_an_address_is_about_the_output(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.sqlite'}"
    rate(url, "a", "y", 2)
    texts = every_text([sample("a", "x", "y", output="y"), sample("b", "y", output="y")])
    queue = rating_queue(texts, "r", "ada", read_latest(url, "r"))
    assert [one.sample_id for one in queue.rated] == ["a#1"]
    assert {one.sample_id for one in queue.pending} == {"a#0", "b#0"}
    whole = rating_queue([sample("a", "x", "y", output="x")], "r", "ada", read_latest(url, "r"))
    assert whole.rated == ()


def test_the_mean_of_an_output_counts_ratings_of_the_same_text(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.sqlite'}"
    rate(url, "a", "y", 2)
    rate(url, "a#1", "y", 4)  # the same text by the same person: the later counts
    rate(url, "a#1", "y", 1, rater="bob")
    rate(url, "a#0", "x", 5)
    means = {(key[2], key[3]): mean for key, mean in mean_by_output(url).items()}
    assert means == {("a", output_digest("y")): 2.5, ("a", output_digest("x")): 5.0}


def test_texts_of_one_prompt_are_one_sample_and_one_cluster_of_the_summary(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.sqlite'}"
    for place, points in enumerate((1, 5, 3)):
        rate(url, f"a#{place}", f"text {place}", points)
    (alone,) = summary(url, "r")
    assert (alone.n_ratings, alone.n_samples, alone.mean) == (3, 1, 3.0)
    assert alone.ci_low is None  # one prompt: no spread between prompts to see


def test_exports_have_the_address(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'r.sqlite'}"
    rate(url, "a", "y", 2)
    rate(url, "a#3", "x", 4)
    assert [json.loads(line)["sample_id"] for line in json_lines(url)] == ["a", "a#3"]
