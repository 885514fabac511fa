"""A run goes on until its rules are decided, with the same result however often it was interrupted."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.config import BudgetConfig, RunConfig, TaskConfig, load_config, validate
from audit.core.errors import BudgetSpent, ConfigError, RunFolderError
from audit.core.item_draw import choose_clusters
from audit.core.progress import Silent
from audit.core.records import Looks, TaskLooks, TaskResult
from audit.core.run_folder import RunFolder
from audit.gate.decide import decide
from audit.gate.policy import load_policy
from audit.pipeline import audit as pipeline
from audit.pipeline import until_decided
from audit.pipeline.until_decided import (
    UntilDecided,
    again,
    changed_tasks,
    measured_up_to,
    only,
    refuse_without_policy,
    with_limits,
)
from tests.reports.conftest import a_manifest, a_sample

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import RunManifest

POLICY = """
rules:
  - {metric: quiz/accuracy, no_worse_than_baseline: {margin: 0.3}}
  - {metric: quiz/accuracy, min: 0.05}
"""
LIMITS = {"boolq": 10, "quiz": 20, "crows_pairs": 30}


class Lines(Silent):
    """Remembers steps."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, message: str) -> None:
        self.lines.append(message)


def a_config(**tasks: Any) -> RunConfig:
    """A configuration of benchmark tasks with these limits; ``crows_pairs`` is a probe."""
    listed = [TaskConfig(name=name, limit=limit) for name, limit in tasks.items()]
    probes = [task for task in listed if task.name == "crows_pairs"]
    sections = {"evals": {"tasks": [one for one in listed if one not in probes]}, "safety": {"tasks": probes}}
    return RunConfig(**sections)


def limits_of(config: RunConfig) -> dict[str, Any]:
    return {task.name: task.limit for task in (*config.evals.tasks, *config.safety.tasks)}


def test_limits_are_those_of_the_next_look() -> None:
    config = a_config(**LIMITS)
    larger = with_limits(config, {"crows_pairs": 60, "boolq": 10})
    assert limits_of(larger) == {**LIMITS, "crows_pairs": 60}
    assert changed_tasks(config, larger) == {"crows_pairs"}
    assert limits_of(only(larger, {"crows_pairs", "quiz"}, looked_at=True)) == {"quiz": 20, "crows_pairs": 60}


def test_named_items_are_those_of_tasks_that_are_not_looked_at() -> None:
    config = a_config(**LIMITS)
    config = config.model_copy(update={"evals": config.evals.model_copy(update={"samples": {"boolq": [3]}})})
    assert only(config, {"quiz"}, looked_at=True).evals.samples == {}
    assert only(config, {"boolq"}, looked_at=False).evals.samples == {"boolq": [3]}


@pytest.mark.parametrize(
    ("limit", "available", "most", "largest", "reached"),
    [
        (50, 400, None, None, TaskLooks(limit=50, most=400)),
        (50, 400, 300, 6, TaskLooks(limit=50, most=300, largest_cluster=6)),
        (50, 40, 300, None, TaskLooks(limit=40, most=40)),
        ("all", 400, None, None, TaskLooks(limit=400, most=400)),
        (500, 400, 300, None, TaskLooks(limit=400, most=300)),  # more than was fixed: never the last look
    ],
)
def test_a_task_is_measured_up_to_its_limit(
    limit: Any, available: int, most: int | None, largest: int | None, reached: TaskLooks
) -> None:
    tasks = {"quiz": TaskLooks(limit=0, most=most), "boolq": TaskLooks(limit=7)}
    looks = Looks(policy="p", policy_sha256="0", baseline=None, looks=0, decided=False, tasks=tasks)
    results = [TaskResult(suite="evals", task="quiz", items_available=available, largest_cluster=largest)]
    found = measured_up_to(looks, a_config(quiz=limit, boolq=10), {"quiz", "other"}, results)
    assert found.tasks == {"quiz": reached, "boolq": TaskLooks(limit=7)}
    results = [TaskResult(suite="evals", task="quiz", not_run="why")]
    assert measured_up_to(looks, a_config(quiz=limit, boolq=10), {"quiz"}, results) == looks


def test_groups_and_strata_are_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.evals.choice.kinds.is_group", lambda name, _include: name == "mmlu_stem")
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: [{metric: '*/accuracy', min: 0.1}]")
    until = UntilDecided(load_policy(policy))
    config, looks = until.begin(a_config(mmlu_stem=16, piqa="all", openbookqa=30))
    assert looks.tasks == {"piqa": TaskLooks(limit=0), "openbookqa": TaskLooks(limit=0, most=30)}
    assert limits_of(config) == {"mmlu_stem": 16, "piqa": 50, "openbookqa": 30}
    with pytest.raises(ConfigError, match=r"no task of this run can be decided early: .* by_cluster: true"):
        until.begin(a_config(mmlu_stem="all"))
    with pytest.raises(ConfigError, match=r"the limit of piqa is 0\.5: give a number of items, or all"):
        until.begin(a_config(piqa=0.5))


@pytest.mark.parametrize(
    ("measured", "by_cluster", "looked_at"), [(8, False, True), (7, False, False), (3, True, True)]
)
def test_clusters_are_looked_at_where_the_baseline_has_their_items(
    tmp_path: Path, measured: int, by_cluster: bool, looked_at: bool
) -> None:
    rules = ["{metric: boolq/accuracy, better_than_baseline: true}", "{metric: piqa/accuracy, min: 0.1}"]
    for count in (1, 2):
        (tmp_path / f"{count}.yaml").write_text(f"rules: [{', '.join(rules[-count:])}, {{metric: boolq/a, min: 0}}]")
    config = {"evals": {"tasks": [{"name": "boolq", "limit": "all", "by_cluster": by_cluster}]}}
    manifest = a_manifest(config=config, items_available={"boolq": 8})
    baseline = RunFolder.create(tmp_path / "runs", manifest)
    baseline.write_samples("evals", "boolq", [a_sample("boolq", place) for place in range(measured)])
    for count, expected in ((1, True), (2, looked_at)):
        until = UntilDecided(load_policy(tmp_path / f"{count}.yaml"), baseline)
        asked, looks = until.begin(a_config(boolq="all", piqa="all"))
        tasks = {task.name: (task.limit, task.by_cluster) for task in asked.evals.tasks}
        assert tasks == {"boolq": (50, True) if expected else ("all", False), "piqa": (50, False)}
        assert ("boolq" in looks.tasks) == expected


def test_the_tasks_are_those_of_the_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    rules = "{metric: 'b*/accuracy', min: 0.1}, {metric: piqa/accuracy, min: 0.1}, {metric: occlusion/found, min: 0.1}"
    policy.write_text(f"rules: [{rules}]")
    assert UntilDecided(load_policy(policy)).tasks(a_config(boolq=1, asdiv=1, bbq=1)) == ["boolq", "bbq", "piqa"]


def test_an_undecided_run_goes_on_under_its_policy_but_its_replay_has_as_many_items(tmp_path: Path) -> None:
    looks = Looks(policy="p", policy_sha256="0", baseline=None, looks=1, decided=False, tasks={})
    run = RunFolder.create(tmp_path / "runs", a_manifest(looks=looks))
    replay = RunFolder.create(tmp_path / "replays", a_manifest(looks=looks, replay_of="a"))
    with pytest.raises(RunFolderError, match="it was to go on until its policy is decided"):
        refuse_without_policy(run)
    refuse_without_policy(replay)
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: [{metric: boolq/accuracy, min: 0.1}]")
    with pytest.raises(RunFolderError, match="a replay has the items of its run: resume it without --until-decided"):
        UntilDecided(load_policy(policy)).goes_on(replay)


def test_a_policy_that_needs_a_baseline_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: [{metric: piqa/accuracy, better_than_baseline: true}]")
    with pytest.raises(ConfigError, match=r"1 rule compares with a baseline .*: give the run with --baseline RUN"):
        UntilDecided(load_policy(policy))


@pytest.fixture
def quiz(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """Forty questions to a tiny checkpoint, eight of them at the first look."""
    monkeypatch.setattr(until_decided, "FIRST", 8)
    draw = random.Random(1)  # noqa: S311 - not a secret
    rows = [f"Is {draw.randrange(10**6)} even?,{draw.choice(['yes', 'no'])}" for _ in range(40)]
    (tmp_path / "quiz.csv").write_text("\n".join(["question,answer", *rows]))
    (tmp_path / "policy.yaml").write_text(POLICY)
    flags = {"model": str(tiny_model), "out": tmp_path / "runs", "offline": True, "explain": {"methods": []}}
    task = {"name": "quiz", "file": str(tmp_path / "quiz.csv"), "classes": ["yes", "no"], "limit": "all"}
    section = {"tasks": [task], "bootstrap_resamples": 100}
    return validate(
        RunConfig, {**load_config(flags=flags).model_dump(), "evals": section, "safety": {"tasks": []}}, "test"
    )


def content(run: RunFolder) -> tuple[list[dict[str, Any]], list[Any], RunManifest]:
    manifest = run.read_manifest()
    samples = [one.model_dump(exclude={"seconds"}) for one in run.read_samples("evals", "quiz")]
    return samples, [one.model_dump() for one in run.read_metrics()], manifest


@pytest.mark.slow
def test_an_interrupted_run_ends_as_one_that_was_not(quiz: RunConfig, tmp_path: Path) -> None:
    baseline, heard = pipeline.audit(quiz, Silent()), Lines()
    until = UntilDecided(load_policy(tmp_path / "policy.yaml"), baseline)
    whole = pipeline.audit(quiz, heard, until=until)
    spent = quiz.model_copy(update={"budget": BudgetConfig(tokens=500)})
    run, sittings = None, 0
    while sittings < 40:
        sittings += 1
        try:
            config = spent if run is None else run.read_manifest().config | {"budget": {"tokens": 500}}
            run = pipeline.audit(validate(RunConfig, config, "") if run else spent, Silent(), resume=run, until=until)
            break
        except BudgetSpent as stopped:
            run = RunFolder.open(stopped.folder or tmp_path)
    assert run is not None
    assert sittings > 1
    ours, theirs = content(run), content(whole)
    assert ours[:2] == theirs[:2]
    assert 8 < len(ours[0]) < 40
    assert ours[2].looks is not None
    assert theirs[2].looks is not None
    assert ours[2].looks.tasks == theirs[2].looks.tasks
    assert ours[2].looks.decided
    assert [line for line in heard.lines if line.startswith("look ")][-1].endswith("every blocking rule is decided")
    decisions = [decide(one, until.policy, (), baseline) for one in (run, whole)]
    assert [one.verdict for one in decisions] == ["PASS", "PASS"]
    assert decisions[0].checks == decisions[1].checks
    with pytest.raises(RunFolderError, match="its baseline is"):
        pipeline.audit(quiz, Silent(), resume=run, until=UntilDecided(until.policy, whole))
    with pytest.raises(RunFolderError, match="its size was fixed when it began"):
        pipeline.audit(quiz, Silent(), resume=baseline, until=until)


def test_a_policy_that_compares_needs_a_baseline(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    with pytest.raises(ConfigError, match=r"policy\.yaml: 1 rule compares with a baseline"):
        UntilDecided(load_policy(policy))


@pytest.mark.slow
def test_a_run_that_ends_at_a_look_is_not_complete_and_keeps_its_policy(
    quiz: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends between two rounds leaves a run that lacks everything which comes after the last look."""
    floor = tmp_path / "floor.yaml"
    floor.write_text("rules: [{metric: quiz/accuracy, min: 0.05}]")
    until = UntilDecided(load_policy(floor))

    def lost(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(until_decided, "decide", lost)
        with pytest.raises(MemoryError):
            pipeline.audit(quiz, Silent(), until=until)
    [path] = (tmp_path / "runs").iterdir()
    run = RunFolder.open(path)
    manifest = run.read_manifest()
    assert (manifest.status, manifest.interrupted) == ("partial", True)
    assert decide(run, until.policy).checks[0].verdict == "INCONCLUSIVE"
    floor.write_text("rules: [{metric: quiz/accuracy, min: 0.04}]")
    config = validate(RunConfig, manifest.config, "")
    with pytest.raises(RunFolderError, match="it was looked at with another policy"):
        pipeline.audit(config, Silent(), resume=run, until=UntilDecided(load_policy(floor)))
    with pytest.raises(RunFolderError, match=rf"until its policy is decided: .* floor\.yaml --resume {path}$"):
        pipeline.audit(config, Silent(), resume=run)
    assert run.read_manifest() == manifest
    ended = pipeline.audit(config, Silent(), resume=run, until=until).read_manifest()
    assert ended.status == "complete"
    assert ended.looks is not None
    assert pipeline.audit(config, Silent(), resume=run).read_manifest() == ended  # decided: the policy says no more
    replayed = pipeline.audit(validate(RunConfig, ended.config, ""), Silent(), like=run)
    assert replayed.read_manifest().looks == ended.looks  # the replay of a size that looks decided has it, too
    assert again(run, a_config(boolq=1)) is None


@pytest.mark.slow
def test_clusters_and_items_are_decided_together(quiz: RunConfig, tmp_path: Path) -> None:
    """Sixty questions on thirty passages, next to forty without, interrupted between two looks."""
    sizes = [1, 1, 2, 3, 1, 4] * 5
    passages = [f"p{place}" for place, size in enumerate(sizes) for _ in range(size)]
    lines = [f"Is {place} odd?,{'no' if place % 3 else 'yes'},{passage}" for place, passage in enumerate(passages)]
    (tmp_path / "story.csv").write_text("\n".join(["question,answer,passage", *lines]))
    story = {"name": "story", "file": tmp_path / "story.csv", "classes": ["yes", "no"], "cluster": "passage"}
    tasks = [*quiz.evals.tasks, TaskConfig.model_validate({**story, "limit": "all"})]
    config = quiz.model_copy(update={"evals": quiz.evals.model_copy(update={"tasks": tasks})})
    rules = [f"{{metric: {task}/accuracy, no_worse_than_baseline: {{margin: 0.7}}}}" for task in ("quiz", "story")]
    (tmp_path / "policy.yaml").write_text(f"rules: [{', '.join(rules)}]")
    baseline = pipeline.audit(config, Silent())
    until = UntilDecided(load_policy(tmp_path / "policy.yaml"), baseline)
    with pytest.raises(BudgetSpent) as stopped:
        pipeline.audit(config.model_copy(update={"budget": BudgetConfig(tokens=300)}), Silent(), until=until)
    run = RunFolder.open(stopped.value.folder or tmp_path)
    run = pipeline.audit(validate(RunConfig, run.read_manifest().config, ""), Silent(), resume=run, until=until)
    looks, samples = run.read_manifest().looks, run.read_samples("evals", "story")
    assert looks is not None
    assert (looks.decided, looks.tasks["story"].largest_cluster, looks.tasks["quiz"].largest_cluster) == (True, 4, None)
    reached = looks.tasks["story"].limit
    assert reached < 60
    drawn, every = choose_clusters(passages, reached, config.seed, "story"), baseline.read_samples("evals", "story")
    assert [one.sample_id for one in samples] == [every[place].sample_id for place in drawn]
    decisions = [decide(RunFolder.open(run.path), until.policy, (), baseline) for _ in range(2)]
    assert decisions[0] == decisions[1]
    assert [one.verdict for one in decisions[0].checks[-2:]] == ["PASS"] * 2
    assert [one.sequential.last for one in decisions[0].checks[-2:] if one.sequential] == [False, False]
