"""Imported run folders: judged, rendered and paired like any other."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import AuditError, EvidenceInvalid, RunFolderError, UsageError, WriteError
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.gate.decide import decide
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.registry import reader_for
from audit.gate.importers.run import import_log
from audit.gate.policy import load_policy
from tests.gate.importers.conftest import LOGS, edit, edit_line, imported, samples_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.gate.importers.contract import Log

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    float("nan"),
    10**400,
    "",
    "x",
    "\ud800",
    "a/b",
    [],
    [1],
    ["a"],
    {},
    {"a": 1},
    [[]],
]


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


def test_the_same_log_twice_is_refused(harness_log: Path, tmp_path: Path) -> None:
    imported(tmp_path / "runs", harness_log)
    with pytest.raises(UsageError, match="imported before"):
        imported(tmp_path / "runs", harness_log)


def test_nothing_is_left_where_writing_fails(
    harness_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        msg = "disk full"
        raise WriteError(msg)

    monkeypatch.setattr(RunFolder, "write_metrics", full)
    with pytest.raises(WriteError):
        imported(tmp_path / "runs", harness_log)
    assert list((tmp_path / "runs").iterdir()) == []


def test_nothing_is_left_where_what_was_written_cannot_be_read(
    harness_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*_: object) -> None:
        msg = "broken"
        raise RunFolderError(msg)

    monkeypatch.setattr(RunFolder, "read_manifest", unreadable)
    with pytest.raises(RunFolderError):
        import_log(reader_for([harness_log], None), [harness_log], ImportOptions(), tmp_path / "runs")
    assert list((tmp_path / "runs").iterdir()) == []


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


@pytest.mark.parametrize("kind", [ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError, OSError])
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


def test_the_model_is_known_by_what_the_log_says(harness_log: Path, tmp_path: Path) -> None:
    first = imported(tmp_path / "one", harness_log).read_manifest().model
    named = imported(tmp_path / "two", harness_log, model="mine").read_manifest().model
    [results] = harness_log.glob("results_*.json")
    edit(results, lambda plain: plain["config"].update(model_sha="0" * 40))
    other = imported(tmp_path / "three", harness_log).read_manifest().model
    assert (first.name, named.name) == ("tiny-llama", "mine")
    assert len({first.digest, named.digest, other.digest}) == 3
    assert first.remarks == ["known by what the log says of it: its weights were not seen"]


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
