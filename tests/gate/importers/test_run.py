"""Imported run folders: judged, rendered and paired like any other."""

from __future__ import annotations

import hashlib
import random
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from audit.core import provenance
from audit.core.errors import AuditError, EvidenceInvalid, UsageError, WriteError
from audit.core.provenance import package_versions
from audit.core.records import digest_of
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.gate.decide import decide
from audit.gate.importers.contract import ImportedItem, ImportOptions, Log, Stated, Task
from audit.gate.importers.registry import reader_for
from audit.gate.importers.run import import_log
from audit.gate.policy import load_policy
from audit.stats.definitions import Mean
from tests.gate.importers.conftest import LOGS, edit, edit_line, imported, samples_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.core.records import RunManifest

ODD: list[Any] = [
    None, True, 0, -1, float("nan"), 10**400, "", "x", "\ud800", "a/b", [], [1], ["a"], {}, {"a": 1}, [[]],
]  # fmt: skip


@pytest.mark.slow
def test_a_gate_judges_it(lm_eval_run: RunFolder, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules:\n  - {metric: tiny_choice/accuracy, min: 0.1}\n", "utf-8")
    decision = decide(lm_eval_run, load_policy(policy))
    assert {check.metric: check.verdict for check in decision.checks} == {
        "run/status": "PASS",
        "tiny_choice/accuracy": "PASS",
    }
    policy.write_text("rules:\n  - {metric: tiny_own/f1, min: 0.1}\n", "utf-8")
    assert decide(lm_eval_run, load_policy(policy)).verdict == "INCONCLUSIVE"


@pytest.mark.slow
def test_every_number_is_checked_again_and_a_changed_one_is_found(lm_eval_run: RunFolder, tmp_path: Path) -> None:
    evidence.check(lm_eval_run, {metric.name for metric in lm_eval_run.read_metrics()})
    run = RunFolder(shutil.copytree(lm_eval_run.path, tmp_path / "run"))
    metrics = [m.model_copy(update={"value": 0.9}) if m.metric == "accuracy" else m for m in run.read_metrics()]
    run.write_metrics([m.model_copy(update={"ci_high": 0.95}) if m.value == 0.9 else m for m in metrics])
    evidence.seal(run)
    with pytest.raises(EvidenceInvalid, match="the samples give"):
        evidence.check(run)


def test_two_models_on_the_same_data_pair_up_and_other_data_does_not(harness_log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(harness_log, other)
    [results] = other.glob("results_*.json")
    edit(results, lambda plain: plain.update(model_name="another", task_hashes={}))
    edit(results, lambda plain: plain["configs"]["tiny_choice"].update(process_results="another function"))
    file = samples_file(other, "tiny_choice")
    for number in range(1, 11):
        edit_line(file, number, lambda row: row.update(resps=list(reversed(row["resps"]))))
    edit_line(file, 2, lambda row: row.update(doc=row["doc"] | {"question": "another?"}, doc_hash="f" * 64))
    edit_line(file, 2, lambda row: row.pop("doc_hash"))
    one, two = imported(tmp_path / "runs", harness_log), imported(tmp_path / "runs", other)
    ids = [[sample.sample_id for sample in run.read_samples("evals", "tiny_choice")] for run in (one, two)]
    assert [a == b for a, b in zip(*ids, strict=True)] == [number != 1 for number in range(10)]
    assert one.read_manifest().model.digest != two.read_manifest().model.digest


class Odd:
    """A reader that meets what it does not expect."""

    NAME = "odd"
    ABOUT = "odd"

    def __init__(self, error: Exception) -> None:
        self.error = error

    def recognises(self, files: Sequence[Path]) -> bool:
        return bool(files)

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        raise self.error


@pytest.mark.parametrize(
    "kind", [ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError, OSError]
)
def test_whatever_a_reader_raises_is_one_line_with_the_file(tmp_path: Path, kind: type[Exception]) -> None:
    with pytest.raises(UsageError) as caught:
        import_log(Odd(kind("two\nlines")), [tmp_path / "log"], ImportOptions(), tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'log'}: cannot be read as odd: it is damaged, or was edited (")
    assert kind.__name__ in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "fault"),
    [("s", "metric s occurs twice: give it once"), ("unscored", "metric unscored occurs twice: every run counts it")],
)
def test_a_metric_twice_is_refused(tmp_path: Path, name: str, fault: str) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,s,unscored\n1,1,0\n2,0,0\n", "utf-8")
    with pytest.raises(UsageError, match=fault):
        imported(tmp_path / "runs", file, scores=("s", name))


def places(value: object, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values inside one."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([above] if above else []), *(place for key, one in inside for place in places(one, (*above, key)))]


def damage(plain: Any, draw: random.Random) -> None:
    """Remove a value, or put something odd in its place."""
    *above, last = draw.choice(places(plain))
    owner = plain
    for key in above:
        owner = owner[key]
    if draw.random() < 0.2:
        del owner[last]
    else:
        owner[last] = draw.choice(ODD)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_damaged_logs_are_imported_or_refused_in_one_line(harness_log: Path, tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - a fault each time
    [results] = harness_log.glob("results_*.json")
    lines, inspect = (
        samples_file(harness_log, "tiny_choice"),
        shutil.copyfile(LOGS / "inspect" / "sums.json", tmp_path / "i.json"),
    )
    edit(inspect, lambda plain: [sample.pop("events") for sample in plain["samples"]])
    whole = {file: file.read_bytes() for file in (results, lines, inspect)}
    for number in range(40):
        for file, data in whole.items():
            file.write_bytes(data)
        target = draw.choice([results, lines, inspect])
        if target == lines:
            edit_line(lines, draw.randrange(1, 11), lambda plain: damage(plain, draw))
        else:
            edit(target, lambda plain: damage(plain, draw))
        files = [inspect] if target == inspect else [harness_log]
        refused = why_refused(files, tmp_path / "runs" / str(number))
        assert refused is None or (refused.exit_code in {2, 12} and "\n" not in str(refused))


def why_refused(files: list[Path], out: Path) -> AuditError | None:
    """Why a log is not imported; None if it is. Whatever else is raised ends the test."""
    try:
        import_log(reader_for(files, None), files, ImportOptions(), out)
    except AuditError as error:
        return error
    return None


STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))


def a_task(name: str, *scores: float, **fields: Any) -> Task:
    items = [
        ImportedItem(place=f"f: line {n}", digest=f"{name}{n}", prompt="p", score=score, scores={"s": score})
        for n, score in enumerate(scores)
    ]
    stated = [Stated(metric="s", definition=Mean(of="scores.s"), unit="score")]
    return Task(**{"name": name, "data": f"data of {name}", "items": items, "stated": stated, **fields})


def a_log(file: Path, *tasks: Task, **fields: Any) -> Log:
    given = {
        "tool": "judge 1.2",
        "model": "owner/name",
        "identity": {"sha": "f00d"},
        "files": [file],
        "started": STARTED,
    }
    return Log(**{**given, "tasks": tasks, **fields})


class Made:
    """A reader of one log."""

    NAME = "made"
    ABOUT = "made here"

    def __init__(self, log: Log) -> None:
        self.log = log

    def recognises(self, files: Sequence[Path]) -> bool:
        return bool(files)

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        return self.log


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What the log was read from."""
    (tmp_path / "log.json").write_bytes(b"the log")
    return tmp_path / "log.json"


def manifest_of(log: Log, **options: Any) -> RunManifest:
    out = log.files[0].parent / "runs"
    return import_log(Made(log), log.files, ImportOptions(**options), out).read_manifest()


@pytest.mark.parametrize("name", ["write_metrics", "read_manifest", "read_metrics"])
def test_nothing_is_left_where_writing_or_reading_it_again_fails(
    file: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def failing(run: RunFolder, *_: object) -> None:
        assert name != "write_metrics" or not run.manifest_path.exists()  # half a folder is no run
        msg = "disk full"
        raise WriteError(msg)

    monkeypatch.setattr(RunFolder, name, failing)
    with pytest.raises(WriteError):
        import_log(Made(a_log(file, a_task("a", 1.0))), [file], ImportOptions(), file.parent / "runs")
    assert list((file.parent / "runs").iterdir()) == []


def test_a_model_is_known_by_its_name_and_by_what_the_log_says_of_it(file: Path) -> None:
    log = a_log(file, a_task("a", 1.0))
    found = [manifest_of(log), manifest_of(log, model="mine"), manifest_of(replace(log, identity={"sha": "bead"}))]
    assert [one.model.name for one in found] == ["owner/name", "mine", "owner/name"]
    assert len({one.model.digest for one in found}) == 3
    newer = manifest_of(replace(log, tool="judge 1.3 beta"))  # another version of the tool asked the same model
    assert newer.model.digest == found[0].model.digest


def test_a_data_set_is_known_by_its_items_in_any_order(file: Path) -> None:
    task = a_task("a", 1.0, 0.5, 0.0, data="x" * 400)
    made = manifest_of(a_log(file, replace(task, items=task.items[::-1])))
    assert made.assets[0].sha256 == digest_of("a0", "a1", "a2")
    assert made.assets[0].source == f"log: {'x' * 299}…"


def test_every_field_is_what_the_log_and_the_user_say(file: Path) -> None:
    group = Task(name="g", data="g", members=("b", "a"), stated=[Stated(metric="s", definition=None, value=0.75)])
    gone = Task(name="gone", data="d", not_run="it was stopped")
    log = a_log(
        file, a_task("b", 1.0, available=9, settings={"shots": 5}), a_task("a", 0.5, 0.5), group, gone,
        finished=STARTED + timedelta(minutes=3), packages={"judge": "1.2", "numpy": "0.1"}, warnings=["odd", "odd"],
        about={"dtype": "bfloat16", "remarks": ["trusted"]}, ended_early="killed",
    )  # fmt: skip
    made = manifest_of(log, seed=7, slices=(), scores=("s",), columns={"id": "x"})
    assert made.config == {
        "import": {
            "from": "made", "tool": "judge 1.2",
            "files": [{"name": "log.json", "sha256": hashlib.sha256(b"the log").hexdigest()}],
            "scores": ["s"], "columns": {"id": "x"}, "seed": 7,
        },
        "evals": {"tasks": [{"name": name} for name in ("b", "a", "g", "gone")]},
    }  # fmt: skip
    assert made.tasks == {"b": {"shots": 5}, "a": {}, "g": {"members": ["a", "b"]}, "gone": {}}
    assert (made.started, made.finished) == (
        datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 1, 7, 5, tzinfo=UTC),
    )  # fmt: skip
    assert (made.seeds, made.items_available, made.status) == ({"run": 7}, {"b": 9}, "partial")
    assert made.platform.threads == 1
    assert [(one.suite, one.task, one.reason) for one in made.not_run] == [("evals", "gone", "it was stopped")]
    known = package_versions(("checkpoint-audit", "numpy", "sacrebleu"))
    assert made.packages["judge"] == "1.2"
    assert known.items() <= made.packages.items()
    unsearched = "imported texts were not searched for personal data: look before you pass the folder on"
    assert made.warnings == ["the tool did not finish: killed", "odd", unsearched]
    model = made.model
    assert (model.name, model.source, model.dtype) == ("owner/name", "owner/name", "bfloat16")
    assert model.digest == digest_of("judge", "owner/name", {"sha": "f00d"})
    assert model.remarks == ["known by what the log says of it: its weights were not seen"]
    assert [(one.name, one.kind, one.source, one.sha256, one.version) for one in made.assets] == [
        (name, "dataset", f"log: data of {name}", digest, digest[:12])
        for name, digest in (("b", digest_of("b0")), ("a", digest_of("a0", "a1")))
    ]
    parts = dict(part.split(":", 1) for part in made.signature.split("|"))
    config = digest_of({"b": {"shots": 5}, "a": {}, "g": {"members": ["a", "b"]}, "gone": {}})[:12]
    assert parts == {
        "model": f"owner/name@{model.digest[:12]}", "imported": "made", "tool": "judge@1.2", "tasks": "4",
        "config": config, "audit": known["checkpoint-audit"],
    }  # fmt: skip


def test_metrics_of_a_group_are_over_the_samples_of_its_tasks(file: Path) -> None:
    """0.75 is the mean of the tasks' values, 1 and 0.5; over the three items it is 2 / 3."""
    group = Task(name="g", data="g", members=("b", "a"), stated=[Stated(metric="s", definition=None, value=0.75)])
    gone = a_task("gone", 0.0, not_run="it was stopped")
    half = replace(group, name="h", members=("b", "gone"))
    log = a_log(file, group, half, a_task("b", 1.0), a_task("a", 0.5, 0.5), gone)
    run = import_log(Made(log), [file], ImportOptions(), file.parent / "runs")
    assert {one.name: (one.value, one.n) for one in run.read_metrics() if one.metric == "s"} == {
        "b/s": (1.0, 1), "a/s": (0.5, 2), "g/s": (0.75, 3), "h/s": (None, 0),
    }  # fmt: skip
    assert run.read_manifest().status == "partial"
    assert run.tasks() == [("evals", "a"), ("evals", "b")]


@pytest.mark.parametrize(
    ("task", "log", "status"),
    [
        ({}, {}, "complete"), ({"incomplete": "1 of 2 items"}, {}, "partial"),
        ({}, {"ended_early": "killed"}, "partial"),
    ],
)  # fmt: skip
def test_a_run_is_complete_where_nothing_is_missing(file: Path, task: Any, log: Any, status: str) -> None:
    made = manifest_of(a_log(file, a_task("a", 1.0, **task), **log))
    assert made.status == status
    assert (made.finished, made.items_available, made.not_run) == (made.started, {}, [])
    assert ("a: 1 of 2 items" in made.warnings) == bool(task)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("/home/me/models/tiny/", "tiny"), ("./tiny", "tiny"), ("owner/name", "owner/name"), ("a\nb", "a⏎b"),
        ("x" * 600, "x" * 199 + "…"),
    ],
)  # fmt: skip
def test_a_model_in_a_folder_is_named_by_its_last_part(file: Path, model: str, name: str) -> None:
    made = manifest_of(a_log(file, a_task("a", 1.0), model=model)).model
    assert made.name == name
    assert made.source == (model.replace("\n", "⏎") if len(model) < 600 else "x" * 499 + "…")
    assert (made.architecture, made.parameter_count, made.dtype, made.max_length, made.device) == (
        "unknown", 0, "unknown", 0, "unknown",
    )  # fmt: skip


def test_a_log_that_ends_before_it_starts_ends_when_it_starts(file: Path) -> None:
    made = manifest_of(a_log(file, a_task("a", 1.0), finished=STARTED - timedelta(hours=1)))
    assert made.finished == made.started == STARTED


def test_times_are_utc_wherever_the_machine_is(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        made = manifest_of(a_log(file, a_task("a", 1.0), finished=STARTED + timedelta(minutes=1)))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert made.finished is not None
    assert made.started.utcoffset() == made.finished.utcoffset() == timedelta(0)


def test_a_log_without_a_time_is_of_now(file: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    made = manifest_of(a_log(file, a_task("a", 1.0), started=None))
    assert before <= made.started <= datetime.now(UTC)
    assert made.started.utcoffset() == timedelta(0)


def test_the_run_is_named_by_everything_but_the_machine(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another seed or model is another run, in the same folder."""
    log = a_log(file, a_task("a", 1.0))
    ids = {manifest_of(log, seed=seed).run_id for seed in (1, 2)} | {manifest_of(log, model="mine").run_id}
    assert len(ids) == 3
    assert all(one.startswith("20260102T010405Z-") for one in ids)
    platform = provenance.platform_record(threads=9)
    monkeypatch.setattr(provenance, "platform_record", lambda threads: platform)
    with pytest.raises(UsageError) as caught:
        manifest_of(log, seed=2)
    said = "this log was imported before with these options: use that run, or --out DIR"
    assert str(caught.value) in {f"{file.parent / 'runs' / one}: {said}" for one in ids}


def test_what_occurs_twice_and_what_holds_nothing_is_refused(file: Path) -> None:
    task = a_task("a", 1.0)
    for log, fault in (
        (a_log(file, task, task), "task a occurs twice: import the two logs separately"),
        (a_log(file, replace(task, items=[])), "the log holds no items: was it written with its samples?"),
        (
            a_log(file, replace(task, stated=[*task.stated, *task.stated])),
            "task a: metric s occurs twice: give it once",
        ),
        (
            a_log(file, replace(task, stated=[replace(task.stated[0], metric="truncated_outputs")])),
            "task a: metric truncated_outputs occurs twice: every run counts it itself: rename it",
        ),
    ):
        with pytest.raises(UsageError) as caught:
            manifest_of(log)
        assert str(caught.value) == f"{file}: {fault}"
