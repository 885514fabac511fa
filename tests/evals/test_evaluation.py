"""One task: records of real answers of a random checkpoint and of written ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import EvalsConfig, RunConfig, TaskConfig
from audit.core.errors import ConfigError
from audit.core.item_draw import choose
from audit.engine import Score
from audit.evals import suite
from audit.evals.catalogue import own_tasks

if TYPE_CHECKING:
    from audit.core.records import Metric, TaskResult
    from audit.engine import Engine
    from tests.evals.conftest import Scripted

Rows = dict[str, list[dict[str, Any]]]


def configure(*names: str, limit: int | None = None, **settings: Any) -> RunConfig:
    tasks = [TaskConfig(name=name, limit=limit) for name in names]
    return RunConfig(evals=EvalsConfig(tasks=tasks, bootstrap_resamples=100), offline=True, **settings)


def run_one(engine: Engine, name: str, **settings: Any) -> TaskResult:
    (result,) = suite.run_tasks(engine, configure(name, **settings))
    assert result.not_run is None, result.not_run
    return result


def metric(result: TaskResult, name: str) -> Metric:
    (found,) = [metric for metric in result.metrics if metric.metric == name]
    return found


def check_foreseen(result: TaskResult) -> None:
    """What the task file says of its metrics before the run is what was measured: definition, unit, direction."""

    def about(one: Metric) -> tuple[Any, ...]:
        kept = {key: value for key, value in (one.definition or {}).items() if key not in {"seed", "resamples"}}
        return one.name, one.unit, one.higher_is_better, one.slice, kept

    foreseen = [about(one) for one in own_tasks()[result.task].metrics if "_if_cut_" not in one.metric]
    assert sorted(map(about, result.metrics), key=str) == sorted(foreseen, key=str)


def uniform(*totals: float) -> list[Score]:
    """Scores of one token each."""
    return [Score((total,), (False,)) for total in totals]


def test_choice_task_becomes_records(tiny: Engine, rows: Rows) -> None:
    result = run_one(tiny, "openbookqa")
    check_foreseen(result)
    assert [m.metric for m in result.metrics if m.primary] == ["accuracy", "normalised_accuracy"]
    assert result.metrics[0].value == pytest.approx(sum(s.score or 0 for s in result.samples) / 8)
    assert result.metrics[0].ci_method == "wilson"
    assert [asset.name for asset in result.assets] == ["openbookqa"]
    assert len({sample.sample_id for sample in result.samples}) == 8
    for sample, row in zip(result.samples, rows["openbookqa"], strict=True):
        totals = [sample.scores[f"log_likelihood_{i}"] for i in range(4)]
        asked = [tiny.encode_pair(row["question"], f" {choice}") for choice in row["choices"]]
        assert totals == pytest.approx([score.total for score in tiny.score(asked)], abs=1e-4)
        best = max(range(4), key=lambda i: totals[i])
        assert sample.output == f" {row['choices'][best]}"
        assert sample.reference == f" {row['choices'][0]}"
        assert sample.score == float(best == 0)
        share = math.exp(totals[best]) / sum(map(math.exp, totals))
        assert sample.confidence == pytest.approx(share)
        assert sample.prompt == row["question"]


def test_limit_draws_the_documented_items(tiny: Engine, rows: Rows) -> None:
    result = run_one(tiny, "openbookqa", limit=3, seed=7)
    expected = [rows["openbookqa"][i]["question"] for i in choose(8, 3, 7, "openbookqa")]
    assert [sample.prompt for sample in result.samples] == expected
    ids = {sample.sample_id for sample in result.samples}
    assert ids < {sample.sample_id for sample in run_one(tiny, "openbookqa").samples}


def test_items_that_share_a_passage_share_a_cluster(tiny: Engine, rows: Rows) -> None:
    result = run_one(tiny, "boolq")
    clusters = [sample.cluster for sample in result.samples]
    assert len(set(clusters)) == 4
    assert clusters[0::2] == clusters[1::2]
    assert metric(result, "accuracy").ci_method == "wilson_clustered"
    assert {m.metric for m in result.metrics} >= {"macro_precision", "macro_recall", "macro_f1"}


@pytest.mark.parametrize(("limit", "count"), [(3, 4), (4, 4), (None, 8)])
def test_whole_clusters_are_drawn_where_they_are_asked_for(
    tiny: Engine, rows: Rows, limit: int | None, count: int
) -> None:
    config = configure("boolq", limit=limit, seed=7)
    config.evals.tasks[0].by_cluster = True
    (result,) = suite.run_tasks(tiny, config)
    assert (len(result.samples), result.items_available, result.largest_cluster) == (count, 8, 2)
    clusters = [sample.cluster for sample in result.samples]
    assert {clusters.count(cluster) for cluster in clusters} == {2}
    assert run_one(tiny, "boolq", limit=3).largest_cluster is None


def test_equal_items_have_different_ids(tiny: Engine, rows: Rows) -> None:
    rows["piqa"] = [rows["piqa"][0]] * 3
    assert len({sample.sample_id for sample in run_one(tiny, "piqa").samples}) == 3


def test_failed_option_is_an_error_never_an_answer(scripted: Scripted, rows: Rows) -> None:
    rows["piqa"] = rows["piqa"][:2]
    # lm-eval alone would take the NaN of the first item for the largest likelihood and call it right.
    scripted.scores = [Score((), (), error="NaN"), *uniform(-1.0, -1.0, -2.0)]
    result = run_one(scripted, "piqa")
    broken, good = result.samples
    assert (broken.error, broken.score, broken.output, broken.scores) == ("NaN", None, None, {})
    assert (good.error, good.score) == (None, 1.0)
    assert (metric(result, "accuracy").value, metric(result, "accuracy").n) == (1.0, 1)
    assert metric(result, "unscored").value == 1


def test_nothing_scored_is_null_not_zero(scripted: Scripted, rows: Rows) -> None:
    rows["boolq"] = rows["boolq"][:1]
    scripted.scores = [Score((), (), error="NaN")] * 2
    result = run_one(scripted, "boolq")
    for name in ("accuracy", "macro_f1"):
        assert metric(result, name).value is None
        assert metric(result, name).error


def test_numbers_parsed_unparsed_and_failed(scripted: Scripted, rows: Rows) -> None:
    rows["asdiv"] = rows["asdiv"][:4]
    scripted.texts = ["0 apples", "4", "none at all"]
    result = run_one(scripted, "asdiv")
    check_foreseen(result)
    right, wrong, unparsed, failed = result.samples
    assert (right.score, right.scores) == (1.0, {"exact_match": 1.0, "squared_error": 0.0})
    assert (wrong.score, wrong.scores["squared_error"]) == (0.0, 9.0)
    assert (unparsed.score, unparsed.flags) == (0.0, ["unparsed_answer"])
    assert (failed.score, failed.output, failed.error) == (None, None, "logits are NaN")
    assert metric(result, "exact_match").value == pytest.approx(1 / 3)
    squared = metric(result, "mean_squared_error")
    assert (squared.value, squared.n, squared.unit) == (4.5, 2, "squared_error")
    assert squared.note == "1 of 3 scored items have no value and are left out"
    assert (metric(result, "unparsed_answers").value, metric(result, "unscored").value) == (1, 1)
    assert (right.tokens_in, right.tokens_out) == (7, 3)


def test_translation_is_scored_as_a_corpus(scripted: Scripted, rows: Rows) -> None:
    import sacrebleu

    answers = ["Ein gültiges Datum bitte.", "Dieses Feld ist nötig."]
    scripted.texts = [*answers]
    result = run_one(scripted, "translation_en_de")
    references = [row["target"] for row in rows["gettext_de"]]
    check_foreseen(result)
    assert [m.metric for m in result.metrics if m.primary] == ["chrf", "bleu"]
    assert metric(result, "chrf").value == pytest.approx(sacrebleu.corpus_chrf(answers, [references]).score)
    assert metric(result, "bleu").value == pytest.approx(sacrebleu.corpus_bleu(answers, [references]).score)
    assert "tok:13a" in str(metric(result, "bleu").note)
    first = result.samples[0]
    assert first.score == pytest.approx(sacrebleu.sentence_chrf(answers[0], [references[0]]).score)
    assert first.slices == {"catalogue": "django/conf"}
    assert (first.reference, first.output) == (references[0], answers[0])


def test_empty_answer_is_flagged(scripted: Scripted, rows: Rows) -> None:
    rows["truthfulqa"] = rows["truthfulqa"][:1]
    scripted.texts = ["  "]
    (sample,) = run_one(scripted, "truthfulqa").samples
    assert sample.flags == ["empty_output"]
    assert sample.score == 0.0


def test_prompt_longer_than_the_context_is_flagged_and_counted(tiny: Engine, rows: Rows) -> None:
    rows["boolq"] = [rows["boolq"][0], {**rows["boolq"][1], "passage": "kind " * 400}]
    result = run_one(tiny, "boolq")
    assert [sample.flags for sample in result.samples] == [[], ["truncated_prompt"]]
    assert metric(result, "truncated_prompts").value == 1
    assert metric(result, "unscored").value == 0


@pytest.mark.parametrize(
    ("rule", "name", "templated"),
    [
        ("auto", "asdiv", True),
        ("auto", "openbookqa", False),
        ("on", "openbookqa", True),
        ("off", "asdiv", False),
    ],
)
@pytest.mark.usefixtures("rows")
def test_chat_template_rule(scripted: Scripted, rule: str, name: str, templated: bool) -> None:
    sample = run_one(scripted, name, chat_template=rule, limit=1).samples[0]
    assert sample.prompt.startswith("<|begin|>[user]") == templated
    assert sample.prompt.endswith("[assistant] ") == templated


@pytest.mark.usefixtures("rows")
def test_a_merged_system_turn_is_flagged(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The template leaves a system turn out without a word: its text begins the user's turn, and the sample says so."""
    kept = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}"
    config = configure("asdiv", limit=1)
    config = config.model_copy(update={"evals": config.evals.model_copy(update={"system_instruction": "Be brief."})})
    monkeypatch.setattr(scripted.tokenizer, "chat_template", kept)
    (sample,) = next(suite.run_tasks(scripted, config)).samples
    assert "Be brief." in sample.prompt
    assert "system_turn_merged" in sample.flags
    monkeypatch.setattr(scripted.tokenizer, "chat_template", "{% for m in messages %}{{ m.content }}{% endfor %}")
    (sample,) = next(suite.run_tasks(scripted, config)).samples
    assert "Be brief." in sample.prompt
    assert "system_turn_merged" not in sample.flags


@pytest.mark.slow
def test_chat_template_that_is_not_there(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripted.tokenizer, "chat_template", None)
    assert not run_one(scripted, "asdiv").samples[0].prompt.startswith("<|begin|>")
    with pytest.raises(ConfigError, match="no chat template"):
        run_one(scripted, "asdiv", chat_template="on")


@pytest.mark.slow
@pytest.mark.usefixtures("rows")
def test_same_run_gives_same_metrics(tiny: Engine) -> None:
    first, second = run_one(tiny, "mmlu"), run_one(tiny, "mmlu")
    assert first.metrics == second.metrics
