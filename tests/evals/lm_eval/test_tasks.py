"""lm-eval's own tasks: names, and what happens when their data cannot be had."""

from __future__ import annotations

import hashlib
import math
import time
from typing import TYPE_CHECKING, Any

import pytest
from lm_eval.tasks import TaskManager, _yaml_loader

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.core.errors import AuditError
from audit.evals import suite
from audit.evals.evaluation import run_task
from audit.evals.lm_eval import tasks as lm_eval_tasks
from audit.evals.lm_eval.quiet import quiet
from audit.evals.lm_eval.tasks import declared
from audit.stats.recompute import recomputed

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine import Engine
    from tests.evals.conftest import Scripted

TASK = """
task: words
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: {kind}
doc_to_text: "{{{{text}}}}"
doc_to_target: "{target}"
metric_list:
  - {{metric: {metric}, aggregation: {aggregation}, higher_is_better: true}}
"""


ROWS = '{"text": "The quick brown", "last": "fox"}\n{"text": "The lazy", "last": "dog"}\n'


def words(folder: Path, kind: str, metric: str, aggregation: str, target: str = " {{last}}") -> TaskManager:
    """lm-eval with one task on a file."""
    (folder / "words.jsonl").write_text(ROWS)
    text = TASK.format(file=folder / "words.jsonl", kind=kind, metric=metric, aggregation=aggregation, target=target)
    (folder / "words.yaml").write_text(text)
    return TaskManager(include_path=folder, include_defaults=False)


def configure(name: str) -> RunConfig:
    return RunConfig(evals=EvalsConfig(tasks=[TaskConfig(name=name)], bootstrap_resamples=100), offline=True)


@pytest.mark.slow
def test_names_are_those_of_lm_evals_index(monkeypatch: pytest.MonkeyPatch) -> None:
    read, known = _yaml_loader.load_yaml, dict[str, dict[str, Any]]()

    def read_once(included: Path, **how: Any) -> dict[str, Any]:
        """Half of lm-eval's time goes into files that hundreds of others include."""
        if str(included) not in known:
            known[str(included)] = read(included, **how)
        return dict(known[str(included)])

    monkeypatch.setattr(_yaml_loader, "load_yaml", read_once)  # the index has the function under a name of its own
    index = set(TaskManager().all_tasks)
    assert index <= set(lm_eval_tasks.names())
    assert len(lm_eval_tasks.names()) - len(index) <= 0.01 * len(index)


def test_unreachable_data_is_not_run_within_seconds(tiny: Engine) -> None:
    lm_eval_tasks.names()
    started = time.monotonic()
    (result,) = suite.run_tasks(tiny, configure("hellaswag"))
    assert time.monotonic() - started < 60  # far above what a slow machine needs, far below the hub client's retries
    assert result.task == "hellaswag"
    assert result.not_run is not None
    assert "hellaswag" in result.not_run
    assert "\n" not in result.not_run


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for one task; datasets keeps its cache there."""
    import datasets.config

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return tmp_path


def test_likelihood_task(tiny: Engine, cached: Path) -> None:
    with quiet():
        task = words(cached, "loglikelihood", "acc", "mean").load(["words"])["tasks"]["words"]
    result = run_task(tiny, configure("words"), task)
    first = result.samples[0]
    assert (first.prompt, first.reference) == ("The quick brown", " fox")
    (score,) = tiny.score([tiny.encode_pair("The quick brown", " fox")])
    assert first.scores["log_likelihood_0"] == pytest.approx(score.total)
    assert first.score == float(score.is_greedy)
    assert [m.name for m in result.metrics if m.primary] == ["words/accuracy"]
    (asset,) = result.assets
    assert (asset.name, asset.source) == ("words.jsonl", f"file {cached.resolve() / 'words.jsonl'}")
    assert asset.sha256 == hashlib.sha256((cached / "words.jsonl").read_bytes()).hexdigest()


def test_perplexity_is_a_function_of_samples(tiny: Engine, cached: Path) -> None:
    with quiet():
        manager = words(cached, "loglikelihood_rolling", "byte_perplexity", "weighted_perplexity")
        task = manager.load(["words"])["tasks"]["words"]
    result = run_task(tiny, configure("words"), task)
    metric = result.metrics[0]
    assert metric.metric == "byte_perplexity"
    assert metric.value is not None
    scores = [sample.scores for sample in result.samples]
    total, size = (sum(one[name] or 0 for one in scores) for name in ("log_likelihood_0", "byte_perplexity_length"))
    assert size == len(" fox") + len(" dog")
    assert metric.value == pytest.approx(math.exp(-total / size))
    assert metric.unit == "perplexity"
    assert (metric.ci_low, metric.no_interval) == (None, "only 2 items; an interval needs at least 5")
    assert recomputed(metric, result.samples) == metric
    assert all(sample.score is not None for sample in result.samples)


def test_a_statistic_of_values_that_no_sample_holds_has_neither_interval_nor_definition(
    scripted: Scripted, cached: Path
) -> None:
    with quiet():
        task = words(cached, "generate_until", "bleu", "bleu").load(["words"])["tasks"]["words"]
    scripted.texts = [" fox", " cat"]
    metric = run_task(scripted, configure("words"), task).metrics[0]
    assert (metric.metric, metric.unit, metric.n) == ("bleu", "bleu", 2)
    assert metric.value is not None
    assert (metric.ci_low, metric.definition, metric.note) == (None, None, None)
    assert metric.no_interval == (
        "a statistic of the whole corpus, computed by the task's own function; items have no values"
    )


FILTERS = """
generation_kwargs: {until: ["\\n"], max_gen_toks: 4, do_sample: false}
filter_list:
  - name: strict-match
    filter: [{function: regex, regex_pattern: "#(.*)"}, {function: take_first}]
  - name: flexible-extract
    filter: [{function: remove_whitespace}, {function: take_first}]
"""


def test_filters_give_metrics_of_their_own(scripted: Scripted, cached: Path) -> None:
    words(cached, "generate_until", "exact_match", "mean", target="{{last}}")
    with (cached / "words.yaml").open("a") as file:
        file.write(FILTERS)
    with quiet():
        task = TaskManager(include_path=cached, include_defaults=False).load(["words"])["tasks"]["words"]
    scripted.texts = ["# fox", " dog"]
    result = run_task(scripted, configure("words"), task)
    values = {metric.metric: (metric.value, metric.unit) for metric in result.metrics if metric.primary}
    assert values == {"exact_match_strict_match": (0.5, "share"), "exact_match_flexible_extract": (0.5, "share")}
    strict, flexible = result.samples
    assert strict.scores == {"exact_match_strict_match": 1.0, "exact_match_flexible_extract": 0.0}
    assert flexible.scores == {"exact_match_strict_match": 0.0, "exact_match_flexible_extract": 1.0}
    assert [strict.flags, flexible.flags] == [[], []]


def test_task_code_that_breaks_is_a_reason(tiny: Engine, cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with quiet():
        task = words(cached, "loglikelihood", "acc", "mean").load(["words"])["tasks"]["words"]

    def broken(*_: object) -> dict[str, float]:
        msg = "needs\na package"
        raise ImportError(msg)

    monkeypatch.setattr(task, "process_results", broken)
    monkeypatch.setattr(lm_eval_tasks, "load", lambda name, seed, **_: lm_eval_tasks.Loaded({name: task}))
    monkeypatch.setattr(lm_eval_tasks, "names", lambda include=(): {"words": None})
    (result,) = suite.run_tasks(tiny, configure("words"))
    assert result.not_run == "words cannot run here: ImportError: needs"


def test_errors_of_the_audit_are_not_swallowed(tiny: Engine, cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with quiet():
        task = words(cached, "loglikelihood", "acc", "mean").load(["words"])["tasks"]["words"]

    def broken(*_: object) -> dict[str, float]:
        raise AuditError("disk full")

    monkeypatch.setattr(task, "process_results", broken)
    monkeypatch.setattr(lm_eval_tasks, "load", lambda name, seed, **_: lm_eval_tasks.Loaded({name: task}))
    monkeypatch.setattr(lm_eval_tasks, "names", lambda include=(): {"words": None})
    with pytest.raises(AuditError, match="disk full"):
        list(suite.run_tasks(tiny, configure("words")))


def test_a_task_file_that_changes_is_read_again(tmp_path: Path) -> None:
    """In a notebook, the process goes on while its user edits the file."""
    file = tmp_path / "mine.yaml"
    file.write_text("task: first\n", "utf-8")
    assert declared([tmp_path]) == {"first": file}
    file.write_text("task: second\n", "utf-8")
    assert declared([tmp_path]) == {"second": file}
