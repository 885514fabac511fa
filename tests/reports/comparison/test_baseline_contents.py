"""A run next to its baseline: whose numbers, what changed, and when nothing is shown; counted by hand."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import ConfigError
from audit.core.run_folder import RunFolder
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.reports import contents
from audit.reports.comparison import baseline_contents
from audit.reports.render import json_report, markdown
from audit.reports.render.card import render
from audit.reports.render.card_verdict import show_verdict
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured
from tests.reports.conftest import a_manifest, boolq_samples, crows_metrics, crows_samples
from tests.reports.pages import Page, assert_inert
from tests.sealing import sealed

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Decision, Sample

COUNTS = "3 of 40 items: 2 fixed, 1 broken; 1 more with another output and the same score"


def of_baseline(samples: list[Sample]) -> list[Sample]:
    """Two right answers that were wrong, a wrong one that was right, another wrong one in other words."""
    right = [place for place, one in enumerate(samples) if one.score == 1.0]
    wrong = [place for place, one in enumerate(samples) if one.score == 0.0]
    changes: dict[int, dict[str, Any]] = {
        right[0]: {"score": 0.0},
        right[1]: {"score": 0.0},
        wrong[0]: {"score": 1.0},
        wrong[1]: {"output": "?"},
    }
    return [one.model_copy(update=changes.get(place, {})) for place, one in enumerate(samples)]


def a_baseline(out: Path, boolq: list[Sample] | None = None) -> RunFolder:
    """The released checkpoint, next to the run."""
    samples, crows = boolq or of_baseline(boolq_samples()), crows_samples()
    accuracy = measured(Mean(seed=1), samples, metric="accuracy", unit="share", higher_is_better=True, primary=True)
    run = RunFolder.create(out, a_manifest(run_id="20260101T120000Z-tiny-chat-released"))
    run.write_metrics([accuracy, unscored_metric("evals", "boolq", samples), *crows_metrics(crows)])
    run.write_samples("evals", "boolq", samples)
    run.write_samples("safety", "crows_pairs", crows)
    return sealed(run)


def judged(run: RunFolder, baseline: RunFolder, folder: Path) -> Decision:
    policy = folder / "policy.yaml"
    policy.write_text("rules: [{metric: boolq/accuracy, no_worse_than_baseline: {margin: 0.9}}]\n")
    return decide(run, load_policy(policy), baseline=baseline)


def test_numbers_are_the_baselines_own_and_changed_items_are_counted(full_run: RunFolder) -> None:
    found = baseline_contents.given(full_run, a_baseline(full_run.path.parent), None)
    metrics = {metric.name: metric for metric in full_run.read_metrics() if metric.slice is None}
    other = found.of(metrics["boolq/accuracy"])
    assert other is not None
    assert (metrics["boolq/accuracy"].value, other.value) == (0.65, 0.625)  # 26 of 40, less 2, plus 1
    assert found.of(metrics["boolq/unscored"])
    [boolq] = found.changes  # nothing changed in the other task
    assert (boolq.task, boolq.counts, boolq.loss) == ("boolq", COUNTS, -1 / 40)
    assert boolq.items[0].change == -1.0
    assert found.shared == [baseline_contents.SharedItems("boolq", 40, 40, 40)]
    assert not found.shared[0].is_apart
    [(reason, refused)] = found.not_compared.items()  # its samples have neither prompts nor their digests
    assert reason.startswith("the runs differ in prompts: not recorded: 60 of 60")
    assert [metric.name for metric in refused] == ["crows_pairs/pct_stereotype"]


@pytest.mark.slow
def test_unchanged_scores_of_different_items_are_no_equal_runs(full_run: RunFolder) -> None:
    half = boolq_samples()[:20]
    baseline = a_baseline(full_run.path.parent, half)
    found = baseline_contents.given(full_run, baseline, None)
    assert found.shared == [baseline_contents.SharedItems("boolq", both=20, baseline=20, run=40)]
    assert found.shared[0].is_apart
    assert found.none_changed == "None of the 20 items that both scored changed its score."
    read = contents.read(
        full_run, baseline=RunFolder.open(full_run.path.parent / "20260101T120000Z-tiny-chat-released")
    )
    assert "the runs scored different items: boolq: 40 here, 20 in the baseline, 20 in both" in markdown.render(read)


def test_tasks_with_other_prompts_are_not_compared(full_run: RunFolder) -> None:
    asked = [one.model_copy(update={"prompt": "Other?"}) for one in of_baseline(boolq_samples())]
    found = baseline_contents.given(full_run, a_baseline(full_run.path.parent, asked), None)
    reason, *_ = found.not_compared
    assert reason.startswith("the runs differ in prompts: 40 of 40")
    assert [metric.name for metric in found.not_compared[reason]] == ["boolq/accuracy"]
    assert (found.changes, found.metrics) == ([], {})
    assert found.none_changed == "No item could be compared."


def test_tasks_of_one_run_alone_are_named(full_run: RunFolder, tmp_path: Path) -> None:
    """A task that was left out, perhaps because it had failed, is not passed over."""
    baseline = a_baseline(full_run.path.parent)
    crows = crows_samples()
    run = RunFolder.create(tmp_path, a_manifest(run_id="20260201T120000Z-tiny-chat-partial"))
    run.write_metrics(crows_metrics(crows))
    run.write_samples("safety", "crows_pairs", crows)
    found = baseline_contents.given(sealed(run), baseline, None)
    alone = {reason: [one.name for one in metrics] for reason, metrics in found.not_compared.items()}
    assert alone["measured in the baseline alone"] == ["boolq/accuracy"]
    assert "measured in this run alone" not in alone
    found = baseline_contents.given(baseline, run, None)
    assert [one.name for one in found.not_compared["measured in this run alone"]] == ["boolq/accuracy"]
    lines = markdown.change_lines(contents.read(baseline, baseline=run))
    assert any("not compared with the baseline" in line and "measured in this run alone" in line for line in lines)


@pytest.mark.slow
def test_the_verdicts_baseline_is_found_next_to_the_run_and_no_other_is_taken(
    full_run: RunFolder, tmp_path: Path
) -> None:
    baseline = a_baseline(full_run.path.parent)
    name = baseline.run_id
    decision = judged(full_run, baseline, tmp_path)
    found, why = baseline_contents.of_decision(full_run, decision)
    assert why is None
    assert found is not None
    assert found.reference.run_id == name
    with pytest.raises(ConfigError, match="the baseline is the run itself"):
        baseline_contents.given(full_run, full_run, None)
    other = a_baseline(tmp_path / "far" / "away", boolq_samples())
    with pytest.raises(ConfigError, match=f"the verdict compares with other metrics, those of {name}"):
        baseline_contents.given(full_run, other, decision)
    baseline.path.rename(tmp_path / "moved")
    found, why = baseline_contents.of_decision(full_run, decision)
    assert found is None
    assert f"give it with audit report --baseline {name}" in str(why)


@pytest.mark.slow
def test_card_markdown_and_json_show_both_and_the_gate_renders_the_card_again(
    full_run: RunFolder, shared_run: RunFolder, tmp_path: Path
) -> None:
    baseline = a_baseline(full_run.path.parent)
    full_run.report_path.parent.mkdir(exist_ok=True)
    shutil.copy(shared_run.report_path, full_run.report_path)  # of the same run
    decision = judged(full_run, baseline, tmp_path)
    assert not show_verdict(full_run, decision)
    full_run.write_decision(decision)
    read = contents.read(full_run)
    html = render(read)
    page = Page(html)
    assert_inert(page)
    text = " ".join("".join(page.text).split())
    assert f"boolq · {COUNTS}" in text
    assert "baseline 62.5 % (47 to 76 %)" in text or "baseline 62 % (47 to 76 %)" in text  # Wilson, 25 of 40
    assert "3 of the 40 items that both scored changed their score, in 1 task. 1 metric could not be compared." in text
    assert html.index('id="changes"') < html.index('<th scope="col" class="n">Baseline</th>')
    assert f"- boolq: {COUNTS}" in markdown.render(read)
    assert '"up": 2' in json_report.render(read)
