"""Ratings from the database and from a decision, and whether they are still the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.core.errors import UsageError
from audit.gate.corrected.ratings import RatedOutputs, changed_since
from audit.gate.policy import load_policy
from audit.gate.signing.recompute import recompute
from audit.gate.signing.verify import verify
from audit.ratings import NewRating, add, default_url, output_digest, summary
from audit.ratings.feeding.choosing import Candidate
from audit.ratings.feeding.from_runs import item_from
from audit.ratings.projects.adjudicating import adjudicate
from audit.ratings.projects.asking import of_one_run
from audit.ratings.projects.making import add_items, create
from audit.ratings.projects.project import ProjectPlan
from audit.ratings.projects.rating import next_item, submit
from tests.gate.corrected.conftest import RULE, chosen, is_good, judged, people, points

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.records import Decision, Sample
    from audit.core.run_folder import RunFolder

    Make = Callable[..., RunFolder]
    Judge = Callable[..., Decision]

SAMPLES = judged(40)
ALL = {**RULE, "min": 0.3, "corrected": {"rated_at_least": 4, "labels": 30}}


def rate(url: str, sample: Sample, rating: int, rater: str = "ada", text: str = " yes") -> None:
    """One person's rating of a text."""
    about = {"run_id": "another run", "suite": sample.suite, "task": sample.task, "sample_id": sample.sample_id}
    add(
        url, NewRating.model_validate({**about, "rater": rater, "output_sha256": output_digest(text), "rating": rating})
    )


def test_ratings_of_a_text_count_whatever_the_run(tmp_path: Path) -> None:
    """The latest one of each rater; one of another text does not."""
    url, (one, two, *_) = default_url(tmp_path), SAMPLES
    for rating, rater in ((1, "ada"), (4, "ada"), (5, "bob")):
        rate(url, one, rating, rater)
    rate(url, two, 5, text="something else")
    found = RatedOutputs.of_database(url)
    assert (found.of(one), found.of(two)) == ([4, 5], [])


def test_three_raters_of_a_project_correct_a_metric(tmp_path: Path) -> None:
    """Answers given in a project count as ratings of the very text; a decision replaces those of the raters."""
    url, (one, *_) = default_url(tmp_path), SAMPLES
    plan = ProjectPlan(made_by="root", questions=of_one_run(), raters_per_item=3)
    names = ("ada", "bob", "cem")
    create(url, "p", plan, roles={**{name: ["rater"] for name in names}, "judge": ["adjudicator"]})
    add_items(url, "p", "root", [item_from(Candidate(one), ["a run"], [])])
    for name, rating in zip(names, (2, 5, 4), strict=True):
        assert next_item(url, "p", name) is not None
        submit(url, "p", name, 1, {"rating": rating}, submission=name)
    assert RatedOutputs.of_database(url).of(one) == [2, 4, 5]
    assert [(row.n_ratings, row.n_raters) for row in summary(url, "a run")] == [(3, 3)]
    adjudicate(url, "p", "judge", 1, {"rating": 5})
    assert RatedOutputs.of_database(url).of(one) == [5]


def test_no_database_is_no_ratings_and_a_broken_one_an_error(make: Make) -> None:
    run = make(SAMPLES)
    assert RatedOutputs.next_to(run).of(SAMPLES[0]) == []
    (run.path.parent / "ratings.sqlite").write_text("no database")
    with pytest.raises(UsageError, match="ratings database failed"):
        RatedOutputs.next_to(run).of(SAMPLES[0])


@pytest.mark.slow
def test_a_decision_outlives_its_database(make: Make, judge: Judge, tmp_path: Path) -> None:
    """Decided from the database next to the run, derived again without it; ratings changed since are named."""
    run = make(SAMPLES)
    url = default_url(run.path.parent)
    for sample in chosen(SAMPLES, 30):
        rate(url, sample, 5 if is_good(sample) else 2)
    decision = judge(run, ALL)
    same = judge(run, ALL, people(points(chosen(SAMPLES, 30))))
    assert decision == same
    assert decision.checks[-1].corrected is not None
    assert decision.checks[-1].corrected.labels == 30
    run.write_decision(decision)
    assert changed_since(decision, run, RatedOutputs.next_to(run)) == 0
    assert not any("ratings" in remark for remark in verify(run).remarks)
    rate(url, chosen(SAMPLES, 30)[0], 1)
    assert changed_since(decision, run, RatedOutputs.next_to(run)) == 1
    assert verify(run).remarks[-1] == (
        "the ratings of 1 output in ratings.sqlite are not those that decided: decide again"
    )
    (run.path.parent / "ratings.sqlite").unlink()
    assert changed_since(decision, run, RatedOutputs.next_to(run)) == 30
    found = recompute(run, load_policy(tmp_path / "policy.yaml"), {"boolq"})
    assert (found.faults, found.decision) == ([], "from its policy")
