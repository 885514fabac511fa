"""Three people's ratings, written as the app writes them: agreement, report card, gate rule, export that TRL reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from audit.ratings import default_url
from audit.ratings.feeding.choosing import Candidate
from audit.ratings.feeding.from_runs import item_from
from audit.ratings.projects.asking import of_one_run
from audit.ratings.projects.making import add_items, create
from audit.ratings.projects.project import ProjectPlan
from audit.ratings.projects.rating import next_item, submit
from tests.gate.corrected.conftest import RULE, RUN_ID, chosen, is_good, judged, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.core.run_folder import RunFolder

__all__ = ["make"]

PEOPLE = ("Ann", "Bob", "Cem")


@pytest.mark.slow
def test_ratings_reach_agreement_card_gate_and_training(
    make: Callable[..., RunFolder], audit: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    from datasets import load_dataset
    from trl.data_utils import is_conversational

    samples = judged(40)
    run, drawn = make(samples), chosen(samples, 30)
    url = default_url(run.path.parent)
    plan = ProjectPlan(made_by="Root", questions=of_one_run(), raters_per_item=3)
    create(url, "p", plan, roles={name: ["rater"] for name in PEOPLE})
    items = add_items(url, "p", "Root", [item_from(Candidate(one), [RUN_ID], []) for one in drawn])
    good = {item.id: is_good(sample) for item, sample in zip(items, drawn, strict=True)}
    for name in PEOPLE:
        while (found := next_item(url, "p", name)) is not None:
            mild = int(name == "Ann")  # 5 or 2 points, where the others give 4 or 1
            answers = {"rating": (4 if good[found.item_id] else 1) + mild}
            submit(url, "p", name, found.item_id, answers, submission=f"{name} {found.item_id}")
    at = ("--runs", run.path.parent)

    code, out, _ = audit("ratings", "agreement", "--project", "p", *at, "--as", "Root")
    assert code == 0
    assert "30 of 30 items complete, 90 of 90 answers" in " ".join(out.split())

    policy = tmp_path / "policy.yaml"
    rule = {**RULE, "min": 0.3, "corrected": {"rated_at_least": 4, "labels": 30}}
    policy.write_text(yaml.safe_dump({"rules": [rule]}))
    assert audit("gate", run.path, "--policy", policy)[0] == 0
    decision = run.read_decision()
    assert decision is not None
    held = decision.checks[-1].corrected
    assert held is not None
    assert held.labels == 30

    assert audit("report", run.path, "--out", tmp_path / "card.html", *at)[0] == 0
    card = (tmp_path / "card.html").read_text("utf-8")
    section = card[card.index('id="ratings"') :].partition("</section>")[0]
    # Points of one output are at most one apart, of a good and a bad one at least two.
    assert "Raters agree more than by chance: krippendorff (ordinal)" in section
    assert "Metrics of boolq against rating:</strong>" in section
    assert not any(name in section for name in PEOPLE)

    file = tmp_path / "label.jsonl"
    words = ("--project", "p", "--format", "label", "--out", file, "--as", "Root")
    assert audit("ratings", "export", *words, *at)[0] == 0
    loaded = load_dataset("json", data_files=str(file), split="train", cache_dir=str(tmp_path / "cache"))
    assert set(loaded.column_names) == {"prompt", "completion", "label"}
    assert not is_conversational(loaded[0])
    assert sum(loaded["label"]) == sum(good.values())
    assert len(loaded) == 30  # the mean points are 4.3 or 1.3
