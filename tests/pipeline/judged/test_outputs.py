"""Judged runs: next to their run, with numbers that derive from their samples, believed by the gate as they deserve."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import UsageError, WriteError
from audit.core.progress import Silent
from audit.core.records import Flag
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.pipeline.judged.measuring import measurement
from audit.pipeline.judged.outputs import JudgedTask, WithLabels, judged_run, suite_of, to_label
from audit.ratings.drawing import drawn
from audit.safety.judges.rubric import RubricLevel
from audit.safety.judges.verdicts import JudgeAsking, RubricJudge
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured
from audit.stats.recompute import recomputed_metrics
from tests.pipeline.judged.test_measuring import NEARLY, labelled
from tests.reports.conftest import a_manifest, a_sample
from tests.safety.judges.conftest import PAIRS, SCALE, a_judge, an_engine, blocks, by_word
from tests.sealing import sealed

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Sample
    from audit.pipeline.judged.outputs import JudgedRun
    from audit.safety.judges.rubric import Rubric

WORDS = ("BAD", "FAIR", "GOOD", "GOOD")
UPWARDS = SCALE.model_copy(update={"higher_is_better": True})
NUMBERS = {"BAD": 0.0, "FAIR": 1.0, "GOOD": 3.0}


def answers(count: int = 80, **changes: Any) -> list[Sample]:
    """Items whose answers say what they are."""
    return [a_sample("xsum", place, output=WORDS[place % 4], score=1.0, **changes) for place in range(count)]


def a_run(
    folder: Path, samples: list[Sample], run_id: str = "20260131T120000Z-tiny-0a1b2c", *, bounded: bool = False
) -> RunFolder:
    run = RunFolder.create(
        folder, a_manifest(run_id=run_id, config={"evals": {"tasks": [{"name": "xsum"}, {"name": "boolq"}]}})
    )
    ends = {"": None, **({"_if_cut_wrong": 0.0, "_if_cut_right": 1.0} if bounded else {})}
    means = [
        measured(
            Mean(if_cut=end),
            samples,
            metric=f"accuracy{ending}",
            unit="share",
            higher_is_better=True,
            primary=not ending,
        )
        for ending, end in ends.items()
    ]
    run.write_metrics([*means, unscored_metric("evals", "xsum", samples)])
    run.write_samples("evals", "xsum", samples)
    return sealed(run)


def judge_it(run: RunFolder, out: Path, rubric: Rubric = SCALE, says: Any = by_word, **more: Any) -> JudgedRun:
    engine = an_engine(says)
    judge = RubricJudge(engine, rubric, JudgeAsking(), "off")
    task = JudgedTask(run, "evals", "xsum", more.pop("other", None))
    return judged_run(task, judge, engine, out, Silent(), **more)


def verdict_of(folder: RunFolder, tmp_path: Path, **rule: Any) -> tuple[str, str]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps({"rules": [{"metric": "xsum/helpful_mean", "min": 0.1, **rule}]}))
    (check,) = [one for one in decide(folder, load_policy(policy)).checks if one.metric.startswith("xsum/")]
    return check.verdict, check.reason


def test_a_judged_run_lies_next_to_the_run_and_is_sound(tmp_path: Path) -> None:
    run = a_run(tmp_path, answers())
    before = {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in run.path.rglob("*") if file.is_file()}
    done = judge_it(run, tmp_path)
    assert {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in before} == before
    assert done.folder.path.name.startswith("judged-20260131T120000Z-tiny-0a1b2c-")
    evidence.check(done.folder, [metric.name for metric in done.metrics])
    stored = done.folder.read_metrics()
    assert stored == done.metrics == recomputed_metrics(done.folder)
    values = {metric.metric: metric.value for metric in stored}
    assert values == {
        "helpful_mean": pytest.approx((0 + 1 / 3 + 1 + 1) / 4),
        "helpful_share": 0.75,
        "helpful_same_in_both_orders": 1.0,
        "unscored": 0,
    }
    manifest = done.folder.read_manifest()
    assert manifest.model == run.read_manifest().model
    assert manifest.status == "complete"
    assert manifest.config["judged"]["run"] == run.run_id
    assert manifest.config["judged"]["rubric"]["name"] == "helpful"
    assert stored[0].settings["rubric_sha256"] == SCALE.digest
    assert stored[0].settings["judge_checkpoint"] == "d" * 64
    assert "not measured" in (stored[0].note or "")
    assert RunFolder.resolve("latest", tmp_path).path == run.path
    ids = [(sample.sample_id, sample.output) for sample in answers()]
    assert [(one.sample_id, one.output) for one in done.folder.read_samples("evals", "xsum")] == ids
    assert len(done.verdicts) == 80


def test_a_second_call_is_refused_and_an_interrupted_one_goes_on(tmp_path: Path) -> None:
    run = a_run(tmp_path, answers(8))
    done = judge_it(run, tmp_path / "out")
    with pytest.raises(UsageError, match="judged before by this judge with this rubric"):
        judge_it(run, tmp_path / "out")
    done.folder.manifest_path.unlink()
    assert judge_it(run, tmp_path / "out").folder.path == done.folder.path
    assert judge_it(run, tmp_path / "out", SCALE.model_copy(update={"name": "other"})).folder.path != done.folder.path


def test_a_full_disk_says_to_repeat_the_command(tmp_path: Path) -> None:
    """The judged run is none that ``audit run --resume`` knows."""
    engine = an_engine(by_word)

    def full(_requests: Any) -> Any:
        assert engine.journal is not None
        engine.journal._connection.execute("PRAGMA max_page_count=4")  # SQLite answers as on a full disk
        engine.journal.write((f"key {i}", "x" * 1000) for i in range(100))

    engine.score = full  # type: ignore[method-assign]
    task = JudgedTask(a_run(tmp_path, answers(4)), "evals", "xsum")
    with pytest.raises(WriteError, match=r"full.*free some space, then repeat the command$"):
        judged_run(task, RubricJudge(engine, SCALE, JudgeAsking(), "off"), engine, tmp_path, Silent())


@pytest.mark.slow
def test_the_gate_believes_no_judge_that_was_not_measured(tmp_path: Path) -> None:
    run = a_run(tmp_path, answers())
    verdict, reason = verdict_of(judge_it(run, tmp_path / "a").folder, tmp_path)
    assert verdict == "INCONCLUSIVE"
    assert "a model judged it (scripted), and how far people agree with this judge was not measured" in reason
    good = measurement(a_judge(by_word), labelled(NEARLY))
    done = judge_it(run, tmp_path / "b", cited=good)
    assert verdict_of(done.folder, tmp_path)[0] == "PASS"
    assert done.metrics[0].note == "judged by scripted"
    once = measurement(a_judge(by_word), labelled(NEARLY), injected=1)
    assert judge_it(run, tmp_path / "b", cited=once).folder.path != done.folder.path
    few = measurement(a_judge(by_word), labelled(NEARLY[-50:]))
    verdict, reason = verdict_of(judge_it(run, tmp_path / "c", cited=few).folder, tmp_path)
    assert (verdict, "measured on 50 texts" in reason) == ("INCONCLUSIVE", True)


@pytest.mark.slow
def test_a_baseline_of_an_unmeasured_judge_is_not_believed(tmp_path: Path) -> None:
    run = a_run(tmp_path, answers())
    good = measurement(a_judge(by_word, UPWARDS), labelled(NEARLY))
    new, old = judge_it(run, tmp_path / "a", UPWARDS, cited=good), judge_it(run, tmp_path / "b", UPWARDS)
    rule = {"metric": "xsum/helpful_mean", "no_worse_than_baseline": {"margin": 0.5}}
    policy = tmp_path / "policy.yaml"
    policy.write_text(json.dumps({"rules": [rule]}))
    check = decide(new.folder, load_policy(policy), baseline=old.folder).checks[-1]
    assert (check.verdict, check.reason[:14]) == ("INCONCLUSIVE", "the baseline's")
    before = a_run(tmp_path, answers(), "20260130T120000Z-tiny-0a1b2c")
    measured_too = judge_it(before, tmp_path / "c", UPWARDS, cited=good)
    assert decide(new.folder, load_policy(policy), baseline=measured_too.folder).checks[-1].verdict == "PASS"


@pytest.mark.slow
def test_labels_of_the_draw_correct_the_metric_and_make_it_believable(tmp_path: Path) -> None:
    """The judge is far too mild: it calls everything good. People's labels of 40 drawn outputs say what is true."""
    run = a_run(tmp_path, answers(200))
    task = JudgedTask(run, "evals", "xsum")
    chosen = to_label(task, 40)
    assert chosen == drawn(answers(200), run.run_id, 40)
    numbers = {one.sample_id: [NUMBERS[one.output or ""]] for one in chosen}
    elsewhere = next(
        one for one in answers(200) if one.sample_id not in {x.sample_id for x in drawn(answers(200), run.run_id, 41)}
    )
    labels = WithLabels("people.csv", numbers | {elsewhere.sample_id: [3.0]})

    def mild(prompt: str) -> str:
        return by_word(prompt.replace("BAD", "FAIR"))

    done = judge_it(run, tmp_path / "out", says=mild, labels=labels)
    found = {metric.metric: metric for metric in done.metrics}
    assert list(found)[:2] == ["helpful_mean_corrected", "helpful_share_corrected"]
    true = (0 + 1 / 3 + 1 + 1) / 4
    assert found["helpful_mean"].value == pytest.approx((1 / 3 + 1 / 3 + 2) / 4)
    corrected = found["helpful_mean_corrected"]
    assert corrected.primary
    assert not found["helpful_mean"].primary
    assert corrected.ci_low is not None
    assert corrected.ci_high is not None
    assert corrected.ci_low < true < corrected.ci_high
    assert corrected.settings["labels_used"] == 40
    assert "1 labels outside the draw were not used" in (corrected.note or "")
    assert recomputed_metrics(done.folder) == done.metrics
    assert verdict_of(done.folder, tmp_path, metric="xsum/helpful_mean_corrected")[0] == "PASS"
    assert verdict_of(done.folder, tmp_path)[0] == "INCONCLUSIVE"


@pytest.mark.slow
def test_labels_end_at_the_first_gap_in_the_draw(tmp_path: Path) -> None:
    run = a_run(tmp_path, answers(100))
    chosen = to_label(JudgedTask(run, "evals", "xsum"), 40)
    numbers = {one.sample_id: [1.0] for place, one in enumerate(chosen) if place != 35}
    done = judge_it(run, tmp_path / "out", labels=WithLabels("people.csv", numbers))
    assert (done.metrics[0].settings["labels_used"], done.metrics[0].settings["labels_outside_the_draw"]) == (35, 4)
    few = WithLabels("few.csv", {one.sample_id: [1.0] for one in chosen[:10]})
    done = judge_it(run, tmp_path / "out", labels=few)
    assert done.metrics[0].error == "10 labels of people; 30 are needed"
    assert done.folder.read_manifest().status == "partial"
    with pytest.raises(UsageError, match="100 outputs to label, fewer than 101: ask for fewer with --count"):
        to_label(JudgedTask(run, "evals", "xsum"), 101)


def test_two_runs_are_compared_in_both_orders(tmp_path: Path) -> None:
    new = a_run(tmp_path, answers(8))
    worse = [one.model_copy(update={"output": "BAD"}) for one in answers(8)[:7]]
    old = a_run(tmp_path, worse, "20260130T120000Z-tiny-0a1b2c")

    def better(prompt: str) -> str:
        found = blocks(prompt)
        order = [("BAD", "FAIR", "GOOD").index(found[f"Answer {letter}"]) for letter in "AB"]
        return "A" if order[0] > order[1] else "C" if order[1] > order[0] else "B"

    done = judge_it(new, tmp_path / "out", PAIRS, better, other=old)
    found = {metric.metric: metric.value for metric in done.metrics}
    assert found == {
        "better_preferred": pytest.approx((2 * 0.5 + 5 * 1) / 7),
        "better_same_in_both_orders": 1.0,
        "unscored": 1,
    }
    assert done.metrics[0].higher_is_better
    samples = done.folder.read_samples("evals", "xsum")
    assert samples[7].error == "the other run has no output for it"
    assert samples[0].reference == "BAD"
    assert done.folder.read_manifest().config["judged"]["against"] == old.run_id


def test_a_comparison_with_a_cut_answer_is_open(tmp_path: Path) -> None:
    new = a_run(tmp_path, answers(8))
    cut = [Flag.TRUNCATED_OUTPUT]
    theirs = [one.model_copy(update={"flags": cut}) if n < 2 else one for n, one in enumerate(answers(8))]
    old = a_run(tmp_path, theirs, "20260130T120000Z-tiny-0a1b2c", bounded=True)
    done = judge_it(new, tmp_path / "out", PAIRS, lambda _prompt: "B", other=old)
    values = {metric.metric: metric.value for metric in done.metrics}
    assert (values["better_preferred"], values["truncated_outputs"]) == (0.5, 2)
    assert values["better_preferred_if_cut_wrong"] == pytest.approx(6 * 0.5 / 8)
    assert values["better_preferred_if_cut_right"] == pytest.approx((6 * 0.5 + 2) / 8)


def test_what_cannot_be_judged_is_unscored(tmp_path: Path) -> None:
    made = answers(12)
    made[0] = made[0].model_copy(update={"output": None, "score": None, "error": "broke"})
    made[1] = made[1].model_copy(update={"flags": [Flag.WITHHELD]})
    made[2] = made[2].model_copy(update={"flags": [Flag.TRUNCATED_OUTPUT, Flag.UNPARSED_ANSWER]})
    made[3] = made[3].model_copy(update={"output": "GOOD" + "x" * 30_000})
    done = judge_it(a_run(tmp_path, made), tmp_path / "out")
    found = {metric.metric: metric.value for metric in done.metrics}
    assert (found["unscored"], found["truncated_outputs"]) == (3, 1)
    samples = done.folder.read_samples("evals", "xsum")
    assert [one.error for one in samples[:4]] == [
        *(["there is no output to judge"] * 2),
        None,
        "the judge gave no verdict: the texts are longer than the judge's context",
    ]
    assert samples[2].flags == [Flag.TRUNCATED_OUTPUT]


def test_where_the_engine_failed_or_the_trace_ate_the_answer_nothing_is_judged(tmp_path: Path) -> None:
    """A judge of violence would call an empty text peaceful."""
    made = answers(40)
    made[0] = made[0].model_copy(update={"output": "", "score": None, "error": "the engine returned no text"})
    made[1] = made[1].model_copy(update={"output": "", "flags": [Flag.THINKING_ONLY]})
    made[2] = made[2].model_copy(update={"score": None, "error": "the scorer does not read it"})
    run = a_run(tmp_path, made)
    done = judge_it(run, tmp_path / "out")
    assert {metric.metric: metric.value for metric in done.metrics}["unscored"] == 2
    assert [one.error for one in done.folder.read_samples("evals", "xsum")[:3]] == [
        *(["there is no output to judge"] * 2),
        None,
    ]
    drawn_ids = {one.sample_id for one in to_label(JudgedTask(run, "evals", "xsum"), 38)}
    assert drawn_ids == {one.sample_id for one in made[2:]}  # people label what the judge judges
    other = a_run(tmp_path, made, "20260130T120000Z-tiny-0a1b2c")
    with_other = JudgedTask(run, "evals", "xsum", other).samples()
    assert [text for _, text in with_other[:3]] == [None, None, made[2].output]


def test_people_who_all_say_the_level_that_counts_are_counted(tmp_path: Path) -> None:
    """The mean of three times 0.7 is 0.7, and not the next number below."""
    levels = [RubricLevel(number=n, label=label, text=label) for n, label in ((0, "bad"), (0.7, "fair"), (1, "good"))]
    run = a_run(tmp_path, [one.model_copy(update={"output": "FAIR"}) for one in answers(40)])
    chosen = to_label(JudgedTask(run, "evals", "xsum"), 40)
    labels = WithLabels("three.csv", {one.sample_id: [0.7] * 3 for one in chosen})
    rubric = SCALE.model_copy(update={"levels": levels, "counts_from": 0.7})
    done = judge_it(run, tmp_path / "out", rubric, labels=labels)
    assert {metric.metric: metric.value for metric in done.metrics}["helpful_share_corrected"] == 1


def test_the_suite_of_a_task(tmp_path: Path) -> None:
    run = a_run(tmp_path, answers(8))
    assert suite_of(run, "xsum") == "evals"
    with pytest.raises(UsageError, match="no samples of a task boolq; it has: xsum"):
        suite_of(run, "boolq")
