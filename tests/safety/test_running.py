"""What is done for every probe: samples, seeds, parts of a continuation, faults, answers from a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import RunConfig, TaskConfig
from audit.core.errors import AssetError, ConfigError, UsageError
from audit.core.records import AssetRecord, Flag, TaskWords
from audit.engine import Completion, GenerateRequest, Generation
from audit.safety import running
from audit.safety.metrics import ProbeMetric
from audit.safety.predictions import read
from audit.safety.probe import Answered, Context, Population, Probe, Requests
from audit.safety.suite import PROBES
from audit.stats.definitions import Mean, of_packages

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubled(Mean):
    """A definition of another package."""

    NAME = "their-defs.doubled"


ITEMS = ("one", "two", "three")


def judge(answered: Answered[str]) -> Sample:
    total = answered.scores[0].total if answered.scores else len(answered.completions[0].generations[0].text)
    return answered.sample.model_copy(update={"score": float(total)})


PROBE: Probe[str] = Probe(
    name="mine",
    description="d",
    datasets=(),
    load=lambda: Population((ITEMS,)),
    identity=str,
    slices=lambda item: {"length": str(len(item))},
    categories={"length": ("9",)},
    cluster=lambda item: item[0],
    pair=lambda item: item[-1],
    flags=lambda item: [Flag.NO_TARGET] if item == "one" else [],
    requests=lambda item, engine, _config: Requests(prompt=item, score=(engine.encode_pair(item, " yes"),)),
    judge=judge,
    metrics=(ProbeMetric("m", Mean(), "nats", None, primary=True, on=("length",)),),
    formula="f",
    direction="d",
    dependence="d",
    limits=(),
    content_warning=None,
)
TASK = TaskConfig(name="mine")
SCORER = SimpleNamespace(
    record=AssetRecord(name="s", kind="scorer", source="t", version="1", sha256="0" * 64, licence="MIT")
)


def parts(item: str, engine: Any, _config: RunConfig) -> Requests:
    """A continuation in two parts, one of which all items share."""
    return Requests(prompt=item, score=((engine.encode_pair(item, " a"), engine.encode_pair("all", " b")),))


def test_a_sample_says_what_the_item_is(scripted: Any) -> None:
    first, *_ = running.run_probe(PROBE, scripted(lambda _c, _t: -1.0), RunConfig(), TASK).samples
    assert (first.suite, first.task, first.prompt, first.answered_by) == ("safety", "mine", "one", "likelihood")
    assert (first.cluster, first.pair, first.slices, first.flags) == ("o", "e", {"length": "3"}, [Flag.NO_TARGET])
    assert (first.score, first.tokens_in, first.tokens_out) == (-4.0, len("one yes"), 0)


def test_parts_of_a_continuation_are_one_and_equal_requests_are_asked_once(scripted: Any) -> None:
    engine = scripted(lambda _context, target: -1.0 if target == " a" else -2.0)
    result = running.run_probe(replace(PROBE, requests=parts), engine, RunConfig(), TASK)
    assert [sample.score for sample in result.samples] == [-6.0] * 3  # two tokens of -1, two of -2
    assert len(engine.scored) == 4
    assert result.samples[2].tokens_in == len("three") + 4


def test_a_fault_of_one_part_is_one_of_the_continuation(scripted: Any) -> None:
    engine = scripted(lambda context, target: "NaN" if (context, target) == ("two", " a") else -1.0)
    result = running.run_probe(replace(PROBE, requests=parts), engine, RunConfig(), TASK)
    assert [(sample.score, sample.error) for sample in result.samples] == [(-4.0, None), (None, "NaN"), (-4.0, None)]


def test_a_continuation_without_tokens_is_no_score(scripted: Any) -> None:
    probe = replace(
        PROBE, requests=lambda item, engine, _config: Requests(prompt=item, score=(engine.encode_pair(item, ""),))
    )
    result = running.run_probe(probe, scripted(), RunConfig(), TASK)
    assert {sample.error for sample in result.samples} == {"a text without tokens cannot be scored"}


def test_what_the_requests_say_cannot_be_asked_is_not_judged(scripted: Any) -> None:
    probe = replace(PROBE, requests=lambda item, _engine, _config: Requests(prompt=item, error="no pronoun"))
    result = running.run_probe(probe, scripted(), RunConfig(), TASK)
    assert [(sample.error, sample.score) for sample in result.samples] == [("no pronoun", None)] * 3
    assert [metric.value for metric in result.metrics if metric.metric == "unscored"] == [3]


def test_a_score_that_is_not_finite_is_none(scripted: Any) -> None:
    probe = replace(PROBE, judge=lambda answered: answered.sample.model_copy(update={"score": float("nan")}))
    result = running.run_probe(probe, scripted(lambda _c, _t: -1.0), RunConfig(), TASK)
    assert all(sample.score is None and sample.error for sample in result.samples)


@pytest.mark.parametrize(("temperature", "seeds"), [(0.0, 1), (1.0, 3)])
def test_what_is_sampled_has_the_seed_of_its_item(temperature: float, seeds: int, scripted: Any) -> None:
    probe = replace(
        PROBE,
        requests=lambda item, _engine, _config: Requests(
            prompt=item, generate=(GenerateRequest(item, max_new_tokens=4, temperature=temperature),)
        ),
    )
    engine = scripted()
    result = running.run_probe(probe, engine, RunConfig(seed=5), TASK)
    assert len({request.seed for request in engine.prompted}) == seeds
    assert {(sample.answered_by, sample.tokens_out, sample.tokens_in) for sample in result.samples} == {
        ("generation", 3, 5)
    }


def test_a_probe_has_the_words_that_it_declares_and_none_if_it_declares_no_title() -> None:
    crows = PROBES["crows_pairs"]
    assert running.words_of(crows) == TaskWords(
        title="Stereotypes in sentence pairs (CrowS-Pairs)",
        question="Does it prefer the more stereotyping of two sentences?",
        good="50 is ideal; above it stereotypes are preferred, below it their reversal.",
    )
    assert running.words_of(replace(crows, title=None)) is None


def test_every_category_of_the_data_has_its_metric_drawn_or_not(scripted: Any) -> None:
    result = running.run_probe(PROBE, scripted(lambda _c, _t: -1.0), RunConfig(), TaskConfig(name="mine", limit=1))
    sliced = {metric.slice["length"]: metric.n for metric in result.metrics if metric.slice}
    assert set(sliced) == {"3", "5", "9"}
    assert sorted(sliced.values()) == [0, 0, 1]


def test_whole_clusters_are_drawn_where_they_are_asked_for(scripted: Any) -> None:
    """``two`` and ``three`` are in one cluster, by their first letter."""
    engine = scripted(lambda _c, _t: -1.0)
    found = {
        tuple(sample.prompt for sample in result.samples): result.largest_cluster
        for seed in range(20)
        for task in [TaskConfig(name="mine", limit=1, by_cluster=True)]
        for result in [running.run_probe(PROBE, engine, RunConfig(seed=seed), task)]
    }
    assert found == {("one",): 2, ("two", "three"): 2}
    assert running.run_probe(PROBE, engine, RunConfig(), TASK).largest_cluster is None


def test_what_expand_makes_is_asked_and_the_scorer_is_an_asset(scripted: Any) -> None:
    seen: list[Context] = []

    def expand(items: Any, context: Context) -> list[str]:
        seen.append(context)
        return [f"{item}!" for item in items]

    probe = replace(PROBE, expand=expand, scorer=lambda _context: SCORER)
    result = running.run_probe(probe, scripted(lambda _c, _t: -1.0), RunConfig(), TaskConfig(name="mine", limit=2))
    assert len(result.samples) == seen[0].drawn == 2
    assert all(sample.prompt.endswith("!") for sample in result.samples)
    assert result.assets == [SCORER.record]


@pytest.mark.parametrize("given", [(), ((),), (("a",), ())])
def test_data_without_items_are_refused(given: Any, scripted: Any) -> None:
    with pytest.raises(AssetError, match="probe mine: its data set has no items"):
        running.run_probe(replace(PROBE, load=lambda: Population(given)), scripted(), RunConfig(), TASK)


def test_a_trace_before_an_answer_from_elsewhere_is_taken_off() -> None:
    plain, reasoned, cut = running.completion_of(["a", "<think>why</think>b", "<think>why"]).generations
    assert plain == Generation("a", 0, "stop")
    assert (reasoned.text.strip(), reasoned.thinking, reasoned.thinking_closed) == ("b", "why", True)
    assert (cut.thinking, cut.thinking_closed) == ("why", False)


def test_answers_from_a_file_are_judged_as_those_of_a_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    file.write_text("prompt,prediction\none,ab\ntwo,abcd\n", "utf-8")
    predictions = read(file)
    probe = replace(
        PROBE,
        given=lambda found: [(str(row["prompt"]), [text]) for row, text in zip(found.rows, found.texts, strict=True)],
        shown=lambda item: f"say {item}",
    )
    result = running.score_answers(probe, predictions, RunConfig())
    assert [(one.prompt, one.score, one.answered_by) for one in result.samples] == [
        ("say one", 2.0, "generation"), ("say two", 4.0, "generation"),
    ]  # fmt: skip
    assert {(one.settings["answers_from"], one.settings["field"]) for one in result.metrics} == {
        ("answers.csv", "prediction")
    }
    with pytest.raises(UsageError, match="'mine' cannot be judged from answers alone"):
        running.score_answers(PROBE, predictions, RunConfig())


def test_a_truncated_prompt_is_flagged(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted()
    monkeypatch.setattr(
        engine, "generate", lambda asked: [Completion((Generation("x", 1, "stop"),), 7, truncated=2) for _ in asked]
    )
    probe = replace(
        PROBE,
        requests=lambda item, _engine, _config: Requests(
            prompt=item, generate=(GenerateRequest(item, max_new_tokens=4),), flags=(Flag.EMPTY_OUTPUT,)
        ),
    )
    first, *_ = running.run_probe(probe, engine, RunConfig(), TASK).samples
    assert first.flags == [Flag.NO_TARGET, Flag.EMPTY_OUTPUT, Flag.TRUNCATED_PROMPT]
    assert first.tokens_in == 7


@pytest.mark.parametrize(("needs", "known"), [("config", True), ("scorer", False)])
def test_a_definition_of_a_package_is_known_before_anything_is_asked(
    needs: str, known: bool, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest names its package, and a run that goes on checks that it is the same."""
    monkeypatch.setattr(of_packages, "find", {Doubled.NAME: Doubled}.get)
    more = [ProbeMetric("more", Doubled(), "nats", None)]
    probe = replace(
        PROBE, scorer=lambda _context: SCORER, more_metrics=lambda context: getattr(context, needs) and more
    )
    engine = scripted(lambda _c, _t: -1.0)
    if known:
        assert running.definitions_of_packages(probe, RunConfig()) == {"their-defs.doubled"}
        names = {metric.metric for metric in running.run_probe(probe, engine, RunConfig(), TASK).metrics}
        assert names == {"m", "more", "unscored"}
        return
    assert running.definitions_of_packages(probe, RunConfig()) == set()
    with pytest.raises(ConfigError, match=r"probe mine: more_metrics adds definition their-defs\.doubled only while"):
        running.run_probe(probe, engine, RunConfig(), TASK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own(Mean):
    """A definition that no package has."""

    NAME = "own"


def test_a_definition_that_nobody_finds_again_is_no_metric(scripted: Any) -> None:
    probe = replace(PROBE, more_metrics=lambda _context: [ProbeMetric("more", Own(), "nats", None)])
    with pytest.raises(ConfigError, match="no known function is called 'own': a definition from elsewhere is an entry"):
        running.run_probe(probe, scripted(lambda _c, _t: -1.0), RunConfig(), TASK)
