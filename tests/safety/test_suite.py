from __future__ import annotations

import contextlib
import gc
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from audit.core.config import RunConfig, SafetyConfig, TaskConfig
from audit.core.errors import AssetError, AssetMissing, SamplingUnavailable, ScoringUnavailable, UsageError
from audit.core.names import PROBES as FOLDERS
from audit.core.progress import Silent
from audit.engine.gathering import Gathering
from audit.safety import loading, suite
from audit.safety.probe import Context
from audit.safety.probes.bias import bbq

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "reference" / "probes"


def config(*names: str, limit: int | None = None, **more: object) -> RunConfig:
    tasks = [TaskConfig(name=name, limit=limit) for name in names]
    return RunConfig(safety=SafetyConfig(tasks=tasks, **more))


class Listener(Silent):
    def __init__(self) -> None:
        self.tasks: list[tuple[str, str]] = []

    def task(self, suite: str, task: str) -> None:
        self.tasks.append((suite, task))


def test_an_unknown_probe_is_refused_before_anything_runs(scripted: Any) -> None:
    engine = scripted()
    with pytest.raises(UsageError, match=r"unknown probe 'crows_pair'.*Did you mean 'crows_pairs'\?"):
        next(suite.run_probes(engine, config("personal_data", "crows_pair")))
    assert engine.prompted == []


def test_a_probe_listed_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="'stereoset' is listed more than once"):
        suite.check(config("stereoset", "crows_pairs", "stereoset"))


@pytest.mark.parametrize("name", ["crows_pairs", "winobias", "bold"])
def test_a_probe_without_clusters_that_can_be_drawn_is_refused(name: str) -> None:
    """No clusters; items that are drawn in groups; items that are drawn by stratum."""
    tasks = [TaskConfig(name=name, by_cluster=True)]
    with pytest.raises(UsageError, match=f"{name} cannot be drawn by cluster: leave out by_cluster"):
        suite.check(RunConfig(safety=SafetyConfig(tasks=tasks)))
    suite.check(RunConfig(safety=SafetyConfig(tasks=[TaskConfig(name="bbq", by_cluster=True)])))


@pytest.mark.parametrize("setting", ["answer_judge", "toxicity_scorer"])
@pytest.mark.parametrize(
    "name",
    [
        "judge:./nowhere",
        "guard:./nowhere",
        "folder:./nowhere",
        "sequence:./nowhere",
        "sequence:./nowhere@v1",
    ],
)
def test_a_judge_that_is_nowhere_is_refused_before_anything_runs(setting: str, name: str) -> None:
    """Not only when its probe begins, after the others were computed."""
    asking = {"answer_judge": "harmful_requests", "toxicity_scorer": "toxicity"}[setting]
    wanted = RunConfig.model_validate({"safety": {setting: name, "tasks": ["crows_pairs", asking]}})
    with pytest.raises(UsageError, match=rf"^safety\.{setting}: \./nowhere.*: no such folder, file or asset"):
        suite.check_judges(wanted)


@pytest.mark.parametrize(
    ("setting", "name", "probes"),
    [
        ("answer_judge", "judge:./nowhere", ["crows_pairs", "toxicity", "insecure_code"]),
        ("answer_judge", "guard:./nowhere", ["xstest", "do_not_answer"]),
        ("toxicity_scorer", "folder:./nowhere", ["harmful_requests", "personal_data"]),
        ("toxicity_scorer", "guard:./nowhere", []),
    ],
)
def test_a_judge_that_no_chosen_probe_asks_may_be_nowhere(setting: str, name: str, probes: list[str]) -> None:
    """A guard model does not judge what the classifier does."""
    suite.check_judges(RunConfig.model_validate({"safety": {setting: name, "tasks": probes}}))


@pytest.mark.parametrize(
    "name",
    ["judge:openai:http://127.0.0.1:1/v1#m", "guard:org/name@refs/pr/1", "sequence:org/name@v1", "folder:{}", "auto"],
)
def test_judges_that_may_be_there_are_not_looked_up(tmp_path: Path, name: str) -> None:
    chosen = {"toxicity_scorer": name.format(tmp_path), "tasks": ["toxicity"]}
    suite.check_judges(RunConfig.model_validate({"safety": chosen}))


@pytest.mark.parametrize("kind", ["folder", "sequence"])
def test_the_name_of_a_classifiers_folder_may_hold_the_mark_of_a_revision(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "tox@2024" / "best"
    folder.mkdir(parents=True)
    chosen = {"toxicity_scorer": f"{kind}:{folder}", "tasks": ["toxicity"]}
    suite.check_judges(RunConfig.model_validate({"safety": chosen}))


def test_a_classifier_that_is_a_folder_is_not_of_the_hub() -> None:
    wanted = RunConfig.model_validate({"safety": {"toxicity_scorer": "folder:org/name", "tasks": ["toxicity"]}})
    with pytest.raises(UsageError, match=r"^safety\.toxicity_scorer: org/name: no such folder"):
        suite.check_judges(wanted)


def test_a_program_that_is_nowhere_is_refused_where_a_probe_starts_it(tmp_path: Path) -> None:
    """``semgrep`` is a name, not a model; a folder without it is as good as nothing."""
    for program in (tmp_path / "none", tmp_path):
        chosen = {"semgrep": program, "tasks": ["insecure_code"]}
        with pytest.raises(
            UsageError, match=rf"^safety\.semgrep: {program}: no semgrep with its semgrep-core: install"
        ):
            suite.check_judges(RunConfig.model_validate({"safety": chosen}))
    suite.check_judges(RunConfig.model_validate({"safety": {**chosen, "tasks": ["crows_pairs"]}}))


def test_a_judge_is_loaded_once_a_run(scripted: Any, monkeypatch: Any) -> None:
    """For all probes of a run; another run loads its own."""
    loaded: list[object] = []

    def load() -> object:
        loaded.append(object())
        return loaded[-1]

    seen: list[object] = []

    def scorer(context: Any) -> Any:
        seen.append(context.loaded("answer_judge", load))
        msg = "not needed"
        raise AssetMissing(msg, "nothing")

    for name in ("xstest", "over_refusal"):
        probe = replace(suite.PROBES[name], scorer=scorer, loads=lambda _config: ("answer_judge",))
        monkeypatch.setitem(suite.PROBES, name, probe)
    assert len(list(suite.run_probes(scripted(), config("xstest", "over_refusal")))) == 2
    assert seen == [loaded[0], loaded[0]]
    next(suite.run_probes(scripted(), config("xstest")))
    assert seen[2:] == loaded[1:]
    assert len(loaded) == 2


class Judge:
    """What asks a checkpoint of its own."""

    def keep_answers(self, journal: object) -> None:
        """Nothing is kept."""


def test_a_judge_is_let_go_after_the_last_probe_that_needs_it(
    scripted: Any, monkeypatch: Any, request: pytest.FixtureRequest
) -> None:
    """Also one that refers to itself, as a model and what calls it do."""
    kept: list[weakref.ref[Judge]] = []

    def load() -> Judge:
        judge = Judge()
        judge.self = judge  # type: ignore[attr-defined]
        kept.append(weakref.ref(judge))
        return judge

    def scorer(context: Any) -> Any:
        context.loaded("answer_judge", load)
        msg = "not needed"
        raise AssetMissing(msg, "nothing")

    gc.disable()
    request.addfinalizer(gc.enable)
    for name in ("xstest", "over_refusal"):
        probe = replace(suite.PROBES[name], scorer=scorer, loads=lambda _config: ("answer_judge",))
        monkeypatch.setitem(suite.PROBES, name, probe)
    there = [
        len(kept) and kept[0]() is not None for _ in suite.run_probes(scripted(), config("xstest", "over_refusal"))
    ]
    assert there == [True, False]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_probe_loads_what_it_says_that_it_loads(name: str, monkeypatch: Any) -> None:
    """With a judge and a scorer of one's own, and with a guard model: whatever is loaded is named before."""
    probe = suite.PROBES[name]
    for judge in ("refusal-classifier", "judge:org/name", "guard:org/name"):
        asked: set[str] = set()

        def loaded(_context: Any, name: str, _load: Any, asked: set[str] = asked) -> Any:
            asked.add(name)
            return SimpleNamespace(languages=frozenset(), record=SimpleNamespace(name=name))

        monkeypatch.setattr(Context, "loaded", loaded)
        chosen = config(name, answer_judge=judge)
        if probe.scorer is not None:
            with contextlib.suppress(AssetError):
                probe.scorer(Context(chosen))
        assert asked == set(probe.loads(chosen)), judge


def test_known_probes_pass_the_check() -> None:
    suite.check(config(*suite.TASKS))


@pytest.mark.parametrize("name", ["crows_pairs", "stereoset", "toxicity"])
def test_a_missing_data_set_is_not_run_and_the_next_probe_runs(scripted: Any, monkeypatch: Any, name: str) -> None:
    def missing(asked: str) -> object:
        msg = "nowhere to be found"
        raise AssetMissing(msg, asked)

    monkeypatch.setattr(loading, "dataset", missing)
    first, second = suite.run_probes(
        scripted(), config(name, "personal_data", limit=2, toxicity_scorer="profanity-check")
    )
    # Readers see the task's name in front of the reason; another data set's is part of it.
    data = {"toxicity": "realtoxicityprompts: "}.get(name, "")
    assert first.not_run == f"{data}nowhere to be found"
    assert (first.metrics, first.samples) == ([], [])
    assert second.not_run is None
    assert second.metrics


def test_what_a_server_cannot_do_is_not_run(scripted: Any, monkeypatch: Any) -> None:
    def no_scores(requests: object) -> object:
        msg = "no log-probabilities"
        raise ScoringUnavailable(msg)

    def no_samples(requests: object) -> object:
        msg = "no sampling"
        raise SamplingUnavailable(msg)

    class Data:
        rows = ({"sent_more": "a", "sent_less": "b", "bias_type": "age"},)
        record = None

    monkeypatch.setattr(loading, "dataset", lambda name: Data)
    engine = scripted()
    engine.score, engine.generate = no_scores, no_samples
    results = list(suite.run_probes(engine, config("crows_pairs", "personal_data")))
    assert [result.not_run for result in results] == ["no log-probabilities", "no sampling"]
    assert [result.metrics for result in results] == [[], []]


def test_the_engines_listener_hears_each_probe_and_samples_carry_their_time(scripted: Any) -> None:
    engine = scripted()
    engine.progress = listener = Listener()
    (result,) = suite.run_probes(engine, config("personal_data", limit=2, samples_per_prompt=2))
    assert listener.tasks == [("safety", "personal_data")]
    assert all(sample.seconds > 0 for sample in result.samples)
    assert len({sample.seconds for sample in result.samples}) == 1


@pytest.mark.parametrize("probe", suite.PROBES.values(), ids=suite.PROBES)
def test_every_probe_has_words_for_readers(probe: Any) -> None:
    assert probe.title
    assert probe.question.endswith("?")
    assert [metric.name for metric in probe.metrics if metric.words is None] == []


@pytest.mark.parametrize("probe", suite.PROBES.values(), ids=suite.PROBES)
def test_every_probe_says_what_it_is_and_has_its_section(probe: Any) -> None:
    sections = [part for page in DOCUMENTATION.glob("*.md") for part in page.read_text("utf-8").split("\n## ")]
    (section,) = [part for part in sections if part.startswith(f"{probe.name}\n")]
    for part in ("Question", "Data and licence", "Formula", "Source"):
        assert f"**{part}**" in section
    assert probe.limits
    assert "\n" not in probe.description


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ raise_exception('no such role') }}", "TemplateError: no such role"),
        ("{{ messages[0].content.nothing() }}", "UndefinedError"),
        ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        ("{% for %}", "TemplateSyntaxError"),
    ],
    ids=["refuses", "attribute", "arithmetic", "syntax"],
)
def test_a_template_that_fails_costs_the_probes_that_need_it(tiny: Any, template: Any, says: str) -> None:
    tiny.tokenizer.chat_template = template
    chosen = config("prompt_injection", "personal_data", limit=2, samples_per_prompt=1)
    first, second = suite.run_probes(tiny, chosen)
    assert first.not_run is not None
    assert f"the chat template fails on this conversation ({says}" in first.not_run
    assert "\n" not in first.not_run
    assert second.not_run is None  # raw prompts need no template
    assert second.metrics


def test_probes_can_be_rehearsed_and_have_the_same_results(scripted: Any, monkeypatch: Any) -> None:
    asked = config("personal_data", "xstest", "crows_pairs", "system_prompt_leakage", limit=2)
    apart, one = scripted(), scripted()
    expected = list(suite.run_probes(apart, asked))
    engine: Any = Gathering(one, suite.rehearsals(asked), lambda: None)
    found = list(suite.run_probes(engine, asked, engine.before))
    assert [(task.task, task.not_run, task.metrics) for task in found] == [
        (task.task, task.not_run, task.metrics) for task in expected
    ]
    assert one.prompted == apart.prompted
    monkeypatch.setitem(suite.OWNERS, "xstest", "a plug-in")
    assert list(suite.rehearsals(asked)) == ["personal_data", "crows_pairs", "system_prompt_leakage"]


PAIR = {"sent_more": "The poor stole.", "sent_less": "The rich stole.", "direction": None, "bias_type": "ours"}


def test_what_is_known_of_a_probe_before_it_runs(data_set: Any, monkeypatch: Any) -> None:
    """Names of metrics, metrics without values, and how a limit draws its items."""
    names, is_all = suite.metric_names("crows_pairs")
    assert {"pct_stereotype", "unscored"} <= names
    assert is_all
    monkeypatch.setattr(loading, "dataset", lambda name: data_set(name, [PAIR]))
    metrics = suite.foreseen_metrics("crows_pairs")
    assert metrics is not None
    assert {metric.metric for metric in metrics} | {"unscored"} == names
    assert {metric.value for metric in metrics} == {None}
    assert (suite.in_random_order("crows_pairs"), suite.has_clusters("crows_pairs")) == (True, False)
    assert (suite.in_random_order("bold"), suite.has_clusters("bold")) == (False, False)  # drawn by stratum


@pytest.mark.parametrize("name", ["crows_pairs", "bbq"])
def test_nothing_is_foreseen_of_a_probe_without_data(monkeypatch: Any, name: str) -> None:
    def missing(asked: str) -> object:
        msg = "nowhere to be found"
        raise AssetMissing(msg, asked)

    monkeypatch.setattr(loading, "dataset", missing)
    monkeypatch.setattr(bbq, "dataset", missing)
    assert suite.foreseen_metrics(name) is None
    assert (suite.in_random_order(name), suite.has_clusters(name)) == (False, False)


@pytest.fixture
def made() -> list[str]:
    """Names of the entries that were made."""
    return []


@pytest.fixture
def table(made: list[str]) -> suite.OnDemand[str]:
    def make(name: str) -> str:
        made.append(name)
        return name.upper()

    return suite.OnDemand(("b", "a"), make)


def test_names_are_known_without_entries(table: suite.OnDemand[str], made: list[str]) -> None:
    assert list(table) == ["b", "a"]
    assert len(table) == 2
    assert "a" in table
    assert "c" not in table
    assert table.keys() & {"a", "c"} == {"a"}
    assert made == []


def test_an_entry_is_made_once(table: suite.OnDemand[str], made: list[str]) -> None:
    assert table["a"] == table["a"] == table.get("a") == "A"
    assert made == ["a"]
    assert dict(table) == {"b": "B", "a": "A"}
    with pytest.raises(KeyError):
        table["c"]
    assert table.get("c") is None


def test_others_come_and_go(table: suite.OnDemand[str], made: list[str]) -> None:
    table["c"] = "own"
    table["a"] = "other"
    assert list(table.items()) == [("b", "B"), ("a", "other"), ("c", "own")]
    assert table.pop("c") == "own"
    assert table.pop("c", None) is None
    del table["a"]
    assert list(table) == ["b"]
    with pytest.raises(KeyError):
        del table["a"]
    assert made == ["b"]


def test_every_probe_has_the_name_under_which_it_is_found() -> None:
    assert list(suite.PROBES) == list(suite.TASKS) == list(FOLDERS)
    assert {name: probe.name for name, probe in suite.PROBES.items()} == {name: name for name in FOLDERS}
    assert {name: probe.description for name, probe in suite.PROBES.items()} == dict(suite.TASKS)
