"""Task files of the user: found by file, folder, name and glob, described by their data, scored alone and as groups."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import datasets
import pytest
from lm_eval import evaluator
from lm_eval.tasks import TaskManager
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.core.errors import ConfigError, TaskUnavailable
from audit.core.records import Metric, Sample, TaskResult
from audit.evals import asking, suite
from audit.evals.chosen import expand
from audit.evals.lm_eval import tasks as lm_eval_tasks
from audit.evals.lm_eval.groups import group_results
from audit.evals.lm_eval.quiet import quiet
from audit.stats.aggregate import unscored_metric
from audit.stats.definitions import Mean, measured

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine
    from tests.evals.conftest import Scripted

CAPITALS = """
task: capitals
dataset_path: csv
dataset_kwargs: {data_files: {test: questions.csv}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
doc_to_choice: "{{[a, b]}}"
metadata: {version: 3}
"""
ENDS = """
task: ends
dataset_path: csv
dataset_kwargs: {data_files: {test: few.csv}}
test_split: test
output_type: multiple_choice
doc_to_text: "It ends: {{question}}"
doc_to_target: "{{answer}}"
doc_to_choice: "{{[b, a]}}"
metadata: {version: 1}
"""
SAID = """
task: said
dataset_path: csv
dataset_kwargs: {data_files: {test: few.csv}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{a}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 8, do_sample: false, temperature: 0.0}
"""
GROUP = """
group: {name}
task: [capitals, ends]
aggregate_metric_list:
  - {{metric: acc, weight_by_size: {weighted}}}
  - {{metric: acc_norm, weight_by_size: {weighted}}}
metadata: {{version: 2}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three tasks on two files, and two groups, nowhere near the working folder."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    place = tmp_path / "own"
    place.mkdir()
    for name, count in (("questions.csv", 17), ("few.csv", 6)):
        with (place / name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["question", "a", "b", "answer"])
            writer.writerows([f"Capital {n} is", f"Paris{n}", f"Rome{n}", (n // 2) % 2] for n in range(count))
    for name, text in (("capitals", CAPITALS), ("ends", ENDS), ("said", SAID)):
        (place / f"{name}.yaml").write_text(text)
    for name, weighted in (("heavy", "true"), ("light", "false")):
        (place / f"{name}.yaml").write_text(GROUP.format(name=name, weighted=weighted))
    return place


def configure(*names: str, include: Path, **evals: Any) -> RunConfig:
    tasks = [TaskConfig(name=name) for name in names]
    return RunConfig(
        evals=EvalsConfig(tasks=tasks, bootstrap_resamples=50, include_path=[include], **evals), offline=True
    )


def run(engine: Engine, *names: str, include: Path, **evals: Any) -> dict[str, TaskResult]:
    results = {result.task: result for result in suite.run(engine, configure(*names, include=include, **evals))}
    assert {name: result.not_run for name, result in results.items() if result.not_run} == {}
    return results


def test_files_folders_and_globs_become_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = folder / "capitals.yaml"
    assert expand([str(file), "boolq"], [], ()) == (["capitals", "boolq"], [file.resolve()])
    assert expand([str(folder)], [], ()) == (["capitals", "ends", "said"], [folder.resolve()])
    assert expand([str(folder / "heavy.yaml")], [], ()) == (["heavy"], [(folder / "heavy.yaml").resolve()])
    assert expand(["c*tals", "ends"], [folder], ()) == (["capitals", "ends"], [folder])
    names, _ = expand(["arc_*"], [], ())
    assert {"arc_easy", "arc_challenge"} <= set(names)
    assert expand(["translation_en_[df]?", "toxic*"], [], ["toxicity", "bold"])[0][:3] == [
        "translation_en_de",
        "translation_en_fr",
        "toxicity",
    ]
    stock = expand(["lm-eval:boolq*"], [], ())[0]
    assert "lm-eval:boolq" in stock
    assert all(name.startswith("lm-eval:boolq") for name in stock)
    monkeypatch.chdir(folder)
    assert expand(["./capitals.yaml", "capitals.yaml"], [], ())[0] == ["capitals"]


@pytest.mark.parametrize("name", ["openbookqa", "hellaswag", "bbq"])
def test_a_name_is_not_hidden_by_a_folder_that_is_called_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(folder)
    (folder / name).mkdir()
    (folder / name / "capitals.yaml").write_text(CAPITALS)
    (folder / "other").mkdir()
    (folder / "other" / "said.yaml").write_text(SAID)
    assert expand([name], [], ["bbq"]) == ([name], [])
    assert expand([f"./{name}"], [], ["bbq"]) == (["capitals"], [folder / name])
    assert expand([f"{name}/"], [], ["bbq"]) == (["capitals"], [folder / name])
    assert expand(["other"], [], ["bbq"]) == (["said"], [folder / "other"])


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("capitols.yaml", r"no such task file. Did you mean 'capitals.yaml'\?"),
        ("zzz*", "fits no task"),
        ("nothing.yaml", "declares no task"),
        ("other.yml", "rename it"),
        ("", "empty name"),
    ],
)
def test_what_cannot_be_found_is_one_line(
    folder: Path, typed: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "nothing.yaml").write_text("a: 1\n")
    (folder / "other.yml").write_text(CAPITALS)
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigError, match=message):
        expand([typed], [], ())


def test_a_task_of_a_local_file_names_it_with_its_digest(tiny: Engine, folder: Path) -> None:
    result = run(tiny, "capitals", include=folder)["capitals"]
    (asset,) = result.assets
    file = (folder / "questions.csv").resolve()
    assert (asset.name, asset.source) == ("questions.csv", f"file {file}")
    assert asset.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert result.settings["version"] == 3
    assert len(result.samples) == 17


def test_a_file_that_is_not_there_is_a_reason(tiny: Engine, folder: Path) -> None:
    (folder / "questions.csv").unlink()
    (result,) = suite.run(tiny, configure("capitals", include=folder))
    assert result.not_run is not None
    assert result.not_run.startswith("capitals cannot run here: FileNotFoundError: ")


def test_names_of_the_audits_own_tasks_are_refused(folder: Path) -> None:
    (folder / "capitals.yaml").write_text(CAPITALS.replace("capitals", "boolq"))
    with pytest.raises(ConfigError, match="boolq, the name of one of the audit's own tasks"):
        suite.check(configure("boolq", include=folder))
    with pytest.raises(ConfigError, match="no such folder"):
        suite.check(configure("boolq", include=folder / "nowhere"))


@pytest.mark.slow
def test_groups_have_lm_evals_scores(tiny: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lm_eval.models.huggingface import HFLM

    monkeypatch.chdir(folder)
    ours = run(tiny, "heavy", include=folder) | run(tiny, "light", include=folder)
    with quiet():
        loaded = TaskManager(include_path=folder, include_defaults=False).load(["heavy"])
        loaded["groups"] |= TaskManager(include_path=folder, include_defaults=False).load(["light"])["groups"]
        for task in loaded["tasks"].values():
            task.set_config("num_fewshot", 0)
        hflm = HFLM(pretrained=tiny.model, tokenizer=tiny.tokenizer, max_length=tiny.max_length, batch_size=1)
        theirs = evaluator.evaluate(hflm, loaded, bootstrap_iters=0)["results"]
    for name in ("heavy", "light"):
        values = {metric.metric: metric.value for metric in ours[name].metrics}
        assert values == {
            "accuracy": pytest.approx(theirs[name]["acc,none"], abs=1e-12),
            "normalised_accuracy": pytest.approx(theirs[name]["acc_norm,none"], abs=1e-12),
            "unscored": 0.0,
        }
        assert ours[name].settings == {"version": "2", "tasks": 2, "members": ["capitals", "ends"]}
        assert [metric.n for metric in ours[name].metrics] == [23, 23, 23]
    # By hand: the two tasks have 17 and 6 items.
    first, second = (ours[task].samples for task in ("capitals", "ends"))
    means = [math.fsum(sample.score or 0.0 for sample in part) / len(part) for part in (first, second)]
    light, heavy = ours["light"].metrics[0], ours["heavy"].metrics[0]
    assert light.value == pytest.approx(sum(means) / 2)
    assert heavy.value == pytest.approx((17 * means[0] + 6 * means[1]) / 23)
    wilsons = [proportion_confint(round(m * n), n, method="wilson") for m, n in zip(means, (17, 6), strict=True)]
    below = math.sqrt(sum((m - low) ** 2 for m, (low, _) in zip(means, wilsons, strict=True))) / 2
    above = math.sqrt(sum((high - m) ** 2 for m, (_, high) in zip(means, wilsons, strict=True))) / 2
    assert (light.ci_low, light.ci_high) == (
        pytest.approx(sum(means) / 2 - below),
        pytest.approx(sum(means) / 2 + above),
    )
    assert (light.settings["weight_by_size"], heavy.settings["weight_by_size"]) == (False, True)


def pair(scores: dict[str, list[int]], *, weighted: bool, unscored: int = 0) -> list[Metric]:
    """The metrics of a group of tasks whose items are right (1) or wrong (0)."""
    tasks = {name: SimpleNamespace(task_name=name, _filters=[SimpleNamespace(name="none")]) for name in scores}
    rule = SimpleNamespace(metric="acc", filter_list=None, weight_by_size=weighted)
    group = MagicMock(version=1, aggregate_metric_list=[rule], has_aggregation=True)
    group.name = "pair"
    group.get_all_tasks.return_value = list(tasks.values())
    group.get_all_groups.return_value = []
    group.aggregate.return_value = {}
    results = {}
    for name, values in scores.items():
        samples = [
            Sample(sample_id=str(n), suite="evals", task=name, prompt="p", score=float(value))
            for n, value in enumerate(values)
        ]
        shown = measured(Mean(), samples, metric="accuracy", unit="share", higher_is_better=True)
        count = unscored_metric("evals", name, samples).model_copy(update={"value": float(unscored)})
        results[name] = TaskResult(suite="evals", task=name, metrics=[shown, count], samples=samples)
    (result,) = group_results({"pair": group}, tasks, results)  # type: ignore[arg-type]  # doubles
    return result.metrics


def test_a_group_whose_items_are_all_wrong_is_not_certain() -> None:
    """0 of 3 has the Wilson interval [0, z² / (3 + z²)] = [0, 0.56150]; two of weight ½ end at 0.56150 / √2."""
    score, unscored = pair({"a": [0, 0, 0], "b": [0, 0, 0]}, weighted=True, unscored=2)
    assert (score.value, score.n, score.ci_method) == (0.0, 6, "mover")
    assert (score.ci_low, score.ci_high) == (pytest.approx(0.0), pytest.approx(0.39704, abs=1e-5))
    assert (unscored.name, unscored.value, unscored.n, unscored.primary) == ("pair/unscored", 4.0, 6, False)
    score, _ = pair({"a": [1, 1, 1], "b": [0, 0, 0]}, weighted=True)
    assert (score.ci_low, score.ci_high) == (
        pytest.approx(0.5 - 0.56150 / 2, abs=1e-5),
        pytest.approx(0.78075, abs=1e-5),
    )


def test_intervals_of_groups_hold_the_truth_as_often_as_they_say() -> None:
    """Exact coverage over all outcomes of two tasks of 12 and 8 items; with s² / n it is 0.66 for the first."""
    for first, second in ((0.02, 0.1), (0.5, 0.9), (0.97, 0.97)):
        covered = 0.0
        for right in range(13):
            for other in range(9):
                scores = {"a": [1] * right + [0] * (12 - right), "b": [1] * other + [0] * (8 - other)}
                score = pair(scores, weighted=False)[0]
                assert score.ci_low is not None
                assert score.ci_high is not None
                if score.ci_low <= (first + second) / 2 <= score.ci_high:
                    covered += binom.pmf(right, 12, first) * binom.pmf(other, 8, second)
        assert covered > 0.9  # nominally 0.95, which so few items cannot give exactly


@pytest.mark.slow
def test_a_group_with_a_task_that_did_not_run_has_no_score(tiny: Engine, folder: Path) -> None:
    (folder / "ends.yaml").write_text(ENDS.replace('"{{[b, a]}}"', '"{{[b, nothing_there]}}"'))
    results = {result.task: result for result in suite.run(tiny, configure("heavy", include=folder))}
    assert set(results) >= {"heavy"}
    if "ends" in results:
        score = results["heavy"].metrics[0]
        assert score.value is None
        assert score.error == "1 of 2 tasks have no value, first ends"
    else:
        assert results["heavy"].not_run is not None


@pytest.mark.usefixtures("rows")
def test_lm_evals_own_task_is_reached_by_its_prefix(
    tiny: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock = {"boolq": folder / "capitals.yaml"}
    (folder / "capitals.yaml").write_text(CAPITALS.replace("capitals", "boolq"))
    monkeypatch.setattr(lm_eval_tasks, "names", lambda include=(): {} if include else stock)
    tasks = [TaskConfig(name="boolq"), TaskConfig(name="lm-eval:boolq")]
    config = RunConfig(evals=EvalsConfig(tasks=tasks, bootstrap_resamples=50), offline=True)
    ours, theirs = suite.run(tiny, config)
    assert (ours.task, theirs.task) == ("boolq", "lm-eval:boolq")
    assert (len(ours.samples), len(theirs.samples)) == (8, 17)
    assert (ours.settings["joining"], theirs.settings["joining"]) == ("exact", "lm_eval")
    assert theirs.metrics[0].name == "lm-eval:boolq/accuracy"


def test_settings_of_the_run_reach_the_requests(scripted: Scripted, folder: Path) -> None:
    scripted.texts = ["x"] * 6
    settings = {"max_new_tokens": 3, "temperature": 0.7}
    result = run(scripted, "said", include=folder, gen_kwargs=settings, system_instruction="Be brief.")["said"]
    assert {(request.max_new_tokens, request.temperature) for request in scripted.asked} == {(3, 0.7)}
    assert result.settings["generation"] == {"until": ["\n"], "do_sample": True, **settings}
    assert result.settings["system_instruction"] == "Be brief."
    assert all("Be brief." in sample.prompt for sample in result.samples)


def test_a_system_turn_that_the_template_refuses_is_merged_and_flagged(
    scripted: Scripted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}[{{ m.role }}] "
        "{{ m.content }}{% endfor %}"
    )
    scripted.texts = ["x"] * 12
    taken = run(scripted, "said", include=folder, system_instruction="Be brief.")["said"]
    assert not any("system_turn_merged" in sample.flags for sample in taken.samples)
    monkeypatch.setattr(scripted.tokenizer, "chat_template", refusing)
    moved = run(scripted, "said", include=folder, system_instruction="Be brief.")["said"]
    assert all("system_turn_merged" in sample.flags for sample in moved.samples)
    assert all(sample.prompt.startswith("[user] Be brief.\n\nCapital") for sample in moved.samples)


@pytest.mark.parametrize(
    ("theirs", "given", "right"),
    [
        ({"max_gen_toks": 8, "do_sample": False}, {"max_tokens": 3}, {"do_sample": False, "max_tokens": 3}),
        ({"do_sample": False, "temperature": 0.0}, {"do_sample": True}, {"do_sample": True}),
        ({"do_sample": False}, {"temperature": 0.5}, {"do_sample": True, "temperature": 0.5}),
        ({"temperature": 0.9, "do_sample": True}, {"do_sample": False}, {"temperature": 0.9, "do_sample": False}),
        ({"until": ["a"]}, {"until": ["b"]}, {"until": ["b"]}),
        ({"temperature": 0.0}, {"temperature": 0.0}, {"temperature": 0.0}),
        ({"max_gen_toks": 96}, {"max_gen_toks": None}, {"max_gen_toks": 96}),
        ({"max_gen_toks": 96}, {"max_gen_toks": 64, "max_tokens": 32}, {"max_tokens": 32}),
        ({"max_gen_toks": 96}, {"max_new_tokens": 64, "max_gen_toks": 32}, {"max_gen_toks": 32}),
    ],
)
def test_generation_settings_merge_as_they_are_meant(
    theirs: dict[str, Any], given: dict[str, Any], right: dict[str, Any]
) -> None:
    assert asking.generation_settings(theirs, given) == right


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"until": 5}, "generation setting until: 5 is neither a text nor a list of texts"),
        ({"until": ["a", 5]}, r"generation setting until: \['a', 5\] is neither"),
        ({"max_new_tokens": 0}, "generation setting max_gen_toks: 0 is not a number 1 or more"),
        ({"temperature": -1.0}, "generation setting temperature: -1.0 is not a number 0 or more"),
        ({"num_beams": 4}, "generation setting num_beams: 4 is not honoured here"),
    ],
)
def test_settings_that_cannot_be_honoured(
    scripted: Scripted, folder: Path, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        suite.check(configure("said", include=folder, gen_kwargs=settings))
    text = (folder / "said.yaml").read_text().splitlines()[:-1]
    (folder / "said.yaml").write_text("\n".join([*text, f"generation_kwargs: {json.dumps(settings)}"]))
    (result,) = suite.run(scripted, configure("said", include=folder))
    assert re.search(message, result.not_run or "")


def test_shots_and_turns(scripted: Scripted, folder: Path) -> None:
    scripted.texts = ["x"] * 12
    two = run(scripted, "said", include=folder, num_fewshot=2)["said"]
    assert two.settings["shots"] == 2
    for sample in two.samples:
        assert sample.prompt.count("[user]") == sample.prompt.count("[assistant]") == 3
        questions = sample.prompt.split("Capital ")[1:]
        assert len({question.split()[0] for question in questions}) == 3, "the item is none of its examples"
    one = run(scripted, "said", include=folder, num_fewshot=2, fewshot_as_multiturn=False)["said"]
    assert all(sample.prompt.count("[user]") == 1 for sample in one.samples)
    assert (two.settings["multiturn"], one.settings["multiturn"]) == (True, False)


@pytest.mark.usefixtures("rows")
def test_shots_of_own_tasks_are_those_that_they_have(scripted: Scripted, folder: Path) -> None:
    (three,) = suite.run(scripted, configure("mmlu", include=folder, num_fewshot=3))
    assert three.settings["shots"] == 3
    assert all(sample.prompt.count("Answer:") == 4 for sample in three.samples)
    (nine,) = suite.run(scripted, configure("mmlu", include=folder, num_fewshot=9))
    assert nine.not_run == "mmlu has 5 examples, 9 are wanted: lm-eval:mmlu may have more"
    (none,) = suite.run(scripted, configure("boolq", include=folder, num_fewshot=1))
    assert none.not_run == "boolq has no examples, 1 are wanted: lm-eval:boolq may have more"


def test_items_by_position_and_by_id(tiny: Engine, folder: Path) -> None:
    whole = run(tiny, "capitals", include=folder)["capitals"].samples
    chosen = [3, whole[7].sample_id, 0]
    part = run(tiny, "capitals", include=folder, samples={"capitals": chosen})["capitals"].samples
    assert [(s.sample_id, s.prompt) for s in part] == [(whole[n].sample_id, whole[n].prompt) for n in (0, 3, 7)]
    for wrong, message in ((17, "its 17 items are 0 to 16"), ("0" * 16, "has no item 0000000000000000")):
        first, second = suite.run(tiny, configure("capitals", "ends", include=folder, samples={"capitals": [wrong]}))
        assert message in (first.not_run or "")
        assert second.not_run is None


@pytest.mark.parametrize(
    ("names", "samples", "message"),
    [
        (["capitals"], {"capitols": [1]}, "capitols is not among the tasks"),
        (["capitals"], {"capitals": []}, "no item of capitals is named"),
        (["heavy"], {"heavy": [0]}, "heavy is a group"),
        (["capitals"], {"light": [0]}, "light is a group"),
    ],
)
def test_items_that_cannot_be_meant_are_refused(
    folder: Path, names: list[str], samples: dict[str, list[int]], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        suite.check(configure(*names, include=folder, samples=samples))


def test_items_of_a_groups_task_and_a_misspelt_one(tiny: Engine, folder: Path) -> None:
    config = configure("heavy", include=folder, samples={"ends": [0, 2], "capitols": [1]})
    results = {result.task: result for result in suite.run(tiny, config)}
    assert (len(results["ends"].samples), len(results["capitals"].samples)) == (2, 17)
    assert results["capitols"].not_run == "--samples names items of capitols, which is none of the tasks of this run"


def test_a_task_without_items_is_not_run() -> None:
    task = SimpleNamespace(task_name="empty", eval_docs=[])
    with pytest.raises(TaskUnavailable, match="empty has no items: its data set has no rows"):
        asking.pick(task, EvalsConfig(), None, 1, "data")  # type: ignore[arg-type]  # a double


def test_metadata_reaches_the_task(tiny: Engine, folder: Path) -> None:
    with quiet():
        loaded = lm_eval_tasks.load("capitals", 1, include=(folder,), metadata={"max_seq_lengths": [128]})
    metadata = loaded.tasks["capitals"].config.metadata
    assert (metadata["max_seq_lengths"], metadata["version"]) == ([128], 3)


def test_a_task_that_cannot_run_as_asked_is_one_reason(
    scripted: Scripted, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(requests: object) -> None:
        msg = "generation setting num_beams: 4 is not honoured here: leave it out"
        raise TaskUnavailable(msg)

    monkeypatch.setattr(scripted, "generate", refuse)
    said, capitals = suite.run(scripted, configure("said", "capitals", include=folder))
    assert said.not_run == "generation setting num_beams: 4 is not honoured here: leave it out"
    assert capitals.not_run is None
