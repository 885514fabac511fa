"""A run in lm-eval's form, against what lm-eval itself writes of the same checkpoint, tasks and items."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import datasets
import pytest
from lm_eval import evaluator
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

from audit.cli.progress import Bars
from audit.core.config import load_config
from audit.core.errors import RunFolderError
from audit.core.records import Sample
from audit.core.records.logged import LoggedAnswers, LoggedSample, LoggedTask
from audit.core.run_folder import RunFolder
from audit.evals.lm_eval.quiet import quiet
from audit.gate.evidence import seal
from audit.pipeline.audit import audit
from audit.pipeline.configuration import choose_tasks
from audit.reports import lm_eval_files
from audit.safety.privacy.logged_answers import without_personal_data
from tests.gate.test_evidence import write_run

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "options": """
task: options
dataset_path: csv
dataset_kwargs: {data_files: {test: FOLDER/rows.csv}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
doc_to_choice: "{{[a, b]}}"
metadata: {version: 3}
""",
    "shots": """
task: shots
dataset_path: csv
dataset_kwargs: {data_files: {test: FOLDER/rows.csv, train: FOLDER/shots.csv}}
test_split: test
fewshot_split: train
fewshot_config: {sampler: first_n}
num_fewshot: 2
output_type: multiple_choice
doc_to_text: "Say: {{question}}"
doc_to_target: "{{answer}}"
doc_to_choice: "{{[b, a]}}"
metadata: {version: 1.5}
""",
    "said": """
task: said
dataset_path: csv
dataset_kwargs: {data_files: {test: FOLDER/rows.csv}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{a}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 8, do_sample: false}
filter_list:
  - name: strict-match
    filter: [{function: regex, regex_pattern: "([a-z]+)"}, {function: take_first}]
  - name: flexible-extract
    filter: [{function: remove_whitespace}, {function: take_first}]
""",
    "rolling": """
task: rolling
dataset_path: csv
dataset_kwargs: {data_files: {test: FOLDER/rows.csv}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{question}}"
metric_list: [{metric: word_perplexity}, {metric: bits_per_byte}]
""",
    "both": """
group: both
task: [options, shots]
aggregate_metric_list: [{metric: acc, weight_by_size: true}]
metadata: {version: 1}
""",
}
TASKS = ["options", "shots", "said", "rolling"]
OF_THE_PROGRAM = {
    "config", "git_hash", "date", "pretty_env_info", "upper_git_hash", "model_source", "model_name",
    "model_name_sanitized", "total_evaluation_time_seconds",
}  # fmt: skip
"""Keys of the results whose values say who computed them, when and where."""


@pytest.fixture(scope="module")
def both(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Folders with lm-eval's own output and with ours."""
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = tmp_path_factory.mktemp("tasks")
    for name, count in (("rows", 7), ("shots", 3)):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["question", "a", "b", "answer"])
            writer.writerows([f"{name} {n} is", f"Paris{n}", f"Rome{n}", (n // 2) % 2] for n in range(count))
    for name, text in FILES.items():
        (folder / f"{name}.yaml").write_text(text.replace("FOLDER", str(folder)))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder / "cache")
        config = load_config(
            flags={"model": str(tiny_model), "out": folder / "runs", "offline": True, "explain": {"methods": []}}
        )
        config = config.model_copy(update={"chat_template": "off"})
        config = config.model_copy(update={"evals": config.evals.model_copy(update={"include_path": [folder]})})
        with Bars(quiet=True) as bars:
            run = audit(choose_tasks(config, ["both", "said", "rolling"], "all"), bars)
        lm_eval_files.write(run, folder / "ours")
        with quiet():
            model = AutoModelForCausalLM.from_pretrained(tiny_model)
            lm = HFLM(
                pretrained=model, tokenizer=AutoTokenizer.from_pretrained(tiny_model), max_length=256, batch_size=1
            )
            tracker = EvaluationTracker(output_path=str(folder / "theirs"))
            manager = TaskManager(include_path=folder, include_defaults=False)
            found = evaluator.simple_evaluate(
                lm,
                tasks=["both", "said", "rolling"],
                task_manager=manager,
                evaluation_tracker=tracker,
                bootstrap_iters=2,
            )
            samples = found.pop("samples")
            tracker.save_results_aggregated(results=found, samples=samples)
            for name in found["configs"]:
                tracker.save_results_samples(task_name=name, samples=samples[name])
    return folder / "theirs", folder / "ours"


def read(folder: Path) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """Results and samples of an output folder."""
    (results,) = folder.glob("*/results_*.json")
    samples = {
        name: [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for name in TASKS
        for file in folder.glob(f"*/samples_{name}_*.jsonl")
    }
    return json.loads(results.read_text("utf-8")), samples


def alike(ours: Any, theirs: Any) -> bool:
    """Equal up to rounding, numbers written as text included."""
    if isinstance(theirs, dict):
        return (
            isinstance(ours, dict) and ours.keys() == theirs.keys() and all(alike(ours[k], theirs[k]) for k in theirs)
        )
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(alike, ours, theirs))
    try:
        return bool(float(ours) == pytest.approx(float(theirs), rel=1e-5, abs=1e-4))
    except (TypeError, ValueError):
        return bool(ours == theirs)


@pytest.mark.slow
def test_samples_agree_field_by_field(both: tuple[Path, Path]) -> None:
    (_, theirs), (_, ours) = read(both[0]), read(both[1])
    assert set(ours) == set(theirs) == set(TASKS)
    for task in TASKS:
        assert len(ours[task]) == len(theirs[task]) == 7 * (2 if task == "said" else 1)
        for mine, other in zip(ours[task], theirs[task], strict=True):
            assert list(mine) == list(other)
            for field in other:
                assert alike(mine[field], other[field]), (task, field, mine[field], other[field])
    assert any(line["filtered_resps"] != ["[invalid]"] for line in ours["said"])


@pytest.mark.slow
def test_results_agree_field_by_field(both: tuple[Path, Path]) -> None:
    (theirs, _), (ours, _) = read(both[0]), read(both[1])
    assert list(ours) == list(theirs)
    for task in TASKS:  # where the run writes something of its own into a task's configuration
        for results in (ours, theirs):
            results["configs"][task]["metadata"].pop("pretrained", None)
    for key in theirs.keys() - OF_THE_PROGRAM - {"results"}:
        assert alike(ours[key], theirs[key]), (key, ours[key], theirs[key])
    for task, line in theirs["results"].items():
        assert list(ours["results"][task]) == list(line)
        for name, value in line.items():
            bootstrapped = "_stderr" in name and task == "rolling"
            assert bootstrapped or alike(ours["results"][task][name], value), (task, name)
    assert ours["config"].keys() >= theirs["config"].keys()


@pytest.mark.slow
def test_the_command_writes_the_files(
    both: tuple[Path, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from audit.cli.main import run_command

    (run,) = (both[0].parent / "runs").glob("2*")
    assert run_command(["report", str(run), "--format", "lm-eval", "--out", str(tmp_path)]) == 0
    shown = capfd.readouterr().out.split()
    assert sorted(shown) == sorted(str(file) for file in tmp_path.glob("*/*"))
    assert len(shown) == 5
    assert run_command(["report", str(run), "--format", "lm-eval", "--out", "-"]) == 2


def one(output_type: str, text: str) -> LoggedTask:
    sample = LoggedSample(
        sample_id="s", doc_id=0, doc={"q": "?"}, target="t", arguments=[["p", {}]], resps=[[text, "other"]],
        doc_hash="d", prompt_hash="p", target_hash="t",
        filters=[
            LoggedAnswers(filter="none", filtered_resps=[text], metrics={"exact_match": 0.0, "chrf": ["ref", text]})
        ],
    )  # fmt: skip
    return LoggedTask(task="said", config={"output_type": output_type}, results={"sample_len": 1}, samples=[sample])


def test_answers_with_personal_data_are_not_logged() -> None:
    text = "Write to jane.doe1984@gmail.com today."
    stored = Sample(
        sample_id="s", suite="evals", task="said", prompt="p", output="Write to [email] today.", flags=["redacted"]
    )
    clean = without_personal_data(one("generate_until", text), [stored])
    assert text not in clean.model_dump_json()
    (line,) = lm_eval_files._lines(clean)
    assert line["resps"] == [["[withheld: personal data]"] * 2], "the item has one stored answer, which was redacted"
    assert line["filtered_resps"] == ["[withheld: personal data]"]
    assert (line["exact_match"], line["chrf"]) == (0.0, None), "corpus metrics hold the answer itself"
    harmless = Sample(sample_id="s", suite="evals", task="said", prompt="p", output="Good day.")
    assert without_personal_data(one("generate_until", "Good day."), [harmless]) == one("generate_until", "Good day.")
    repeated = Sample(sample_id="s", suite="evals", task="said", prompt="p", output="other")
    (line,) = lm_eval_files._lines(without_personal_data(one("generate_until", text), [repeated]))
    assert (line["resps"], line["filtered_resps"]) == ([[lm_eval_files.WITHHELD, "other"]], [lm_eval_files.WITHHELD])
    old = clean.samples[0].model_copy(update={"resps": None})
    assert lm_eval_files._lines(clean.model_copy(update={"samples": [old]}))[0]["resps"] == [[lm_eval_files.WITHHELD]]


def test_what_is_written_is_read_back_and_what_is_broken_is_one_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    logged = one("multiple_choice", "a")
    folder.write_logged(logged)
    assert folder.read_logged() == [logged]
    first = folder.logged_path("said").read_bytes()
    folder.write_logged(logged)
    assert folder.logged_path("said").read_bytes() == first
    for broken in (b"", b"no gzip", first[:-9]):
        folder.logged_path("said").write_bytes(broken)
        with pytest.raises(RunFolderError, match="broken") as caught:
            folder.read_logged()
        assert "\n" not in str(caught.value)


def test_half_of_a_surrogate_pair_is_written_as_json_escapes_it(tmp_path: Path) -> None:
    run = write_run(tmp_path / "runs")
    run.write_logged(one("generate_until", "a\ud800").model_copy(update={"environment": {"chat_template": "\udfff"}}))
    manifest = run.read_manifest()
    seal(run, manifest.model_copy(update={"config": {"evals": {}, "model": "m", **manifest.config}}))
    written, *lines = lm_eval_files.write(run, tmp_path / "out")
    assert json.loads(written.read_text("utf-8"))["chat_template"] == "\udfff"
    (said,) = [file for file in lines if "said" in file.name]
    assert json.loads(said.read_text("utf-8"))["resps"] == [["a\ud800", "other"]]
