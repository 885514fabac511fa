"""Logs of lm-eval: what is read of them, and logs that were tampered with are named."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import EvidenceInvalid, UsageError
from audit.core.records import digest_of
from audit.gate.importers.contract import ImportOptions, Stated
from audit.gate.importers.lm_eval_log import READER
from tests.gate.importers.conftest import LOGS, edit, edit_line, imported, read_lm_eval, samples_file
from tests.gate.importers.test_lm_eval_items import sha

if TYPE_CHECKING:
    from pathlib import Path

    from audit.gate.importers.contract import Log


def test_a_folder_above_and_the_file_itself_are_recognised() -> None:
    [file] = (LOGS / "lm_eval").glob("results_*.json")
    assert READER.recognises([LOGS])
    assert READER.recognises([file])
    assert not READER.recognises([LOGS / "inspect"])


def test_files_that_are_no_part_of_the_log_are_named(harness_log: Path, tmp_path: Path) -> None:
    [results], samples = harness_log.glob("results_*.json"), samples_file(harness_log, "tiny_choice")
    assert READER.recognises([results, samples])
    for other in (LOGS / "inspect" / "sums.json", samples_file(LOGS / "lm_eval", "tiny_own")):
        assert READER.recognises([harness_log, other]) == (other.suffix == ".jsonl")
        with pytest.raises(UsageError, match=f"{other.name}: no results here"):
            READER.read([results, samples, other], ImportOptions())


def read(folder: Path) -> Log:
    """What is read of a log, before a run is made of it."""
    return READER.read([folder], ImportOptions())


@pytest.mark.parametrize(
    ("name", "shown"), [("../../x", r"\.\./\.\./x"), ("a\0b", ".*"), (f"/{'x' * 70}", f"/{'x' * 58}…")]
)
def test_a_task_that_no_file_can_be_named_for_is_one_line(
    harness_log: Path, tmp_path: Path, name: str, shown: str
) -> None:
    [results] = harness_log.glob("results_*.json")
    edit(results, lambda plain: plain["results"].update({name: {"acc,none": 1}}))
    with pytest.raises(UsageError, match=rf"results_.*: task {shown}: no file can have its name: rename the task$"):
        imported(tmp_path / "runs", harness_log)


@pytest.mark.parametrize("digits", [250, 400, 4000])
def test_a_long_number_is_kept_or_leaves_no_run(harness_log: Path, tmp_path: Path, digits: int) -> None:
    [results] = harness_log.glob("results_*.json")
    edit(results, lambda plain: plain["config"].update(random_seed=10**digits))
    if digits == 250:
        assert imported(tmp_path / "runs", harness_log).read_manifest().tasks["tiny_choice"]["random_seed"]
    else:
        with pytest.raises(UsageError, match=f"a number of {digits + 1:,} digits"):
            imported(tmp_path / "runs", harness_log)
        assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("written", [-5, True, 10**200])
def test_sizes_that_are_no_counts_are_left_out(harness_log: Path, written: object) -> None:
    [results] = harness_log.glob("results_*.json")
    edit(results, lambda plain: plain["n-samples"]["tiny_choice"].update(original=written))
    edit(results, lambda plain: plain["config"].update(model_num_parameters=written))
    log = read(harness_log)
    assert ("parameter_count" in log.about, log.tasks[0].name, log.tasks[0].available) == (False, "tiny_choice", None)


def test_shuffled_lines_are_named_and_put_in_order(harness_log: Path) -> None:
    file = samples_file(harness_log, "tiny_choice")
    straight = read(harness_log)
    lines = file.read_text("utf-8").splitlines()
    file.write_text("".join(f"{line}\n" for line in reversed(lines)), "utf-8")
    shuffled = read(harness_log)
    assert any("shuffled" in warning for warning in shuffled.warnings)
    one, two = ([replace(item, place="") for item in log.tasks[0].items] for log in (straight, shuffled))
    assert one == two


def test_a_truncated_file_makes_its_task_incomplete(harness_log: Path) -> None:
    file = samples_file(harness_log, "tiny_choice")
    file.write_text("".join(f"{line}\n" for line in file.read_text("utf-8").splitlines()[:7]), "utf-8")
    cut, whole = read(harness_log).tasks
    assert (cut.incomplete, len(cut.items)) == (f"{file.name} was truncated: none 7 of 10 items", 7)
    assert (whole.incomplete, len(whole.items)) == (None, 10)


def test_a_missing_file_is_a_task_that_did_not_run(harness_log: Path) -> None:
    samples_file(harness_log, "tiny_choice").unlink()
    assert [bool(task.not_run) for task in read(harness_log).tasks] == [True, False]


def test_scores_that_were_swapped_contradict_the_log_likelihoods(harness_log: Path) -> None:
    """Their mean, which is all that the results hold, stays the same."""
    file = samples_file(harness_log, "tiny_choice")
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for wanted in (0.0, 1.0):
        place = next(place for place, row in enumerate(rows, 1) if row["acc"] == wanted)
        edit_line(file, place, lambda row, wanted=wanted: row.update(acc=1.0 - wanted))
    [results] = harness_log.glob("results_*.json")
    for own in ("process_results", "class", "filter_list"):  # code that the log does not hold computes the scores
        with pytest.raises(EvidenceInvalid, match="by its log-likelihoods it is"):
            read(harness_log)
        edit(results, lambda plain, own=own: plain["configs"]["tiny_choice"].update({own: "def own(): ..."}))
        assert sum(item.score or 0 for item in read(harness_log).tasks[0].items) == 5
        edit(results, lambda plain, own=own: plain["configs"]["tiny_choice"].pop(own))


def test_a_value_that_the_log_does_not_state_is_named(harness_log: Path) -> None:
    [results] = harness_log.glob("results_*.json")
    edit(results, lambda plain: plain["results"]["tiny_choice"].pop("acc,none"))
    assert read(harness_log).warnings == ["tiny_choice/accuracy: not compared: the log has no value"]


@pytest.mark.parametrize("key", ["doc", "arguments", "target"])
def test_an_edited_line_contradicts_its_own_digest(harness_log: Path, tmp_path: Path, key: str) -> None:
    new = {"doc": {"question": "another"}, "arguments": {"gen_args_0": {"arg_0": "x", "arg_1": "y"}}, "target": "7"}[
        key
    ]
    edit_line(samples_file(harness_log, "tiny_choice"), 3, lambda row: row.update({key: new}))
    with pytest.raises(EvidenceInvalid, match=r"line 3: .*it was edited"):
        imported(tmp_path, harness_log)


def test_lines_of_another_run_contradict_the_results(harness_log: Path, tmp_path: Path) -> None:
    shutil.copyfile(samples_file(LOGS / "lm_eval", "tiny_own"), samples_file(harness_log, "tiny_choice"))
    with pytest.raises(EvidenceInvalid, match="task_hashes"):
        imported(tmp_path, harness_log)


def test_a_duplicated_line_is_named(harness_log: Path, tmp_path: Path) -> None:
    file = samples_file(harness_log, "tiny_choice")
    lines = file.read_text("utf-8").splitlines()
    file.write_text("".join(f"{line}\n" for line in [*lines, lines[1]]), "utf-8")
    with pytest.raises(UsageError, match="line 11: item 1 is also on line 2"):
        imported(tmp_path, harness_log)


def test_more_lines_than_the_results_are_on_contradict_them(harness_log: Path) -> None:
    file = samples_file(harness_log, "tiny_choice")
    first = json.loads(file.read_text("utf-8").splitlines()[0])
    file.write_text(f"{file.read_text('utf-8')}{json.dumps(first | {'doc_id': 10})}\n", "utf-8")
    with pytest.raises(EvidenceInvalid, match="it holds 11 items, the results are on 10"):
        read(harness_log)


def second(folder: Path) -> Path:
    """Results of another date in the same folder, without samples."""
    [results] = folder.glob("results_*.json")
    return shutil.copyfile(results, results.with_name("results_2027-01-01T00-00-00.000000.json"))


def test_the_same_task_twice_is_refused(harness_log: Path, tmp_path: Path) -> None:
    second(harness_log)
    with pytest.raises(UsageError, match="task tiny_choice occurs twice"):
        imported(tmp_path, harness_log)


@pytest.mark.parametrize(
    "given", [{"model_name": "0.4.2"}, {"lm_eval_version": "0.4.2"}, {"config": {"model_args": "0.4.2"}}]
)
def test_two_models_or_versions_are_refused(harness_log: Path, tmp_path: Path, given: dict[str, Any]) -> None:
    edit(second(harness_log), lambda plain: plain.update(given))
    with pytest.raises(UsageError, match=r"0\.4\.2, in .*: import them separately"):
        imported(tmp_path, harness_log)


def test_samples_without_results_are_refused(harness_log: Path, tmp_path: Path) -> None:
    file = samples_file(harness_log, "tiny_choice")
    shutil.copyfile(file, file.with_name("samples_tiny_choice_2020-01-01T00-00-00.jsonl"))
    with pytest.raises(UsageError, match="belongs to no results file"):
        imported(tmp_path, harness_log)


def test_results_without_results_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "results_x.json").write_text('{"config": {}}', "utf-8")
    with pytest.raises(UsageError, match=r"results_x\.json: no 'results'"):
        imported(tmp_path, tmp_path)
    with pytest.raises(UsageError, match=rf"^{tmp_path / 'nothing'}: no results_"):
        READER.read([tmp_path / "nothing"], None)  # type: ignore[arg-type]
    for name in ("config", "group_subtasks"):
        with pytest.raises(UsageError, match=rf"^{tmp_path}/results_d\.json: '{name}' is a list$"):
            read_lm_eval(tmp_path, **{name: [1]})


@pytest.mark.slow
def test_a_place_in_memory_is_no_setting(harness_log: Path) -> None:
    [results] = harness_log.glob("results_*.json")
    found = []
    for text in ("<f at 0x7f625067b250>", "<f at 0x7f1707968450>", "<g at 0x7f1707968450>"):
        edit(results, lambda plain, text=text: plain["configs"]["tiny_choice"].update(process_docs=text))
        found.append(read(harness_log).tasks[0].settings["task_file"])
    assert found[0] == found[1] != found[2]


def test_what_the_results_say_of_the_model(tmp_path: Path) -> None:
    config = {
        "model": "hf", "model_args": "a=1", "model_num_parameters": 7, "model_dtype": "torch.bfloat16",
        "model_revision": "main", "model_sha": "s", "device": "cuda:0",
    }  # fmt: skip
    about = {"model_name": "m", "lm_eval_version": "0.4", "transformers_version": "5", "date": 86400.5, "max_length": 9}
    log = read_lm_eval(tmp_path, config=config, **about)
    assert (log.tool, log.model) == ("lm_eval 0.4", "m")
    assert log.identity == {"name": "m"} | {key: value for key, value in config.items() if key != "device"}
    assert log.packages == {"lm_eval": "0.4", "transformers": "5"}
    assert log.about == {"parameter_count": 7, "max_length": 9, "dtype": "bfloat16", "device": "cuda:0"}
    assert log.started == datetime(1970, 1, 2, 0, 0, 0, 500_000, tzinfo=UTC)
    assert [file.name for file in log.files] == ["results_d.json", "samples_t_d.jsonl"]
    bare = read_lm_eval(tmp_path, config={"model": "hf"}, date=0)
    assert (bare.tool, bare.model, bare.about, bare.started) == ("lm_eval unknown", "hf", {}, None)
    assert read_lm_eval(tmp_path).model == "unknown"
    for date in (-1, 1e11, "x", None):
        assert read_lm_eval(tmp_path, date=date, config=None).started is None
    assert [read_lm_eval(tmp_path, date=date).started is None for date in (0.5, 9.95e10)] == [False, False]


def test_what_the_results_say_of_a_task(tmp_path: Path) -> None:
    task_file = {"dataset_path": "data/set", "output_type": "generate_until", "generation_kwargs": {"until": []}}
    places = {"metadata": {"at": 1}, "dataset_kwargs": {"file": "/home"}}
    asked = {"gen_kwargs": {"k": 1}, "limit": 2, "random_seed": 0, "numpy_seed": 1, "torch_seed": 3, "fewshot_seed": 4}
    prompts = {"system_instruction": "S", "chat_template_sha": "c", "fewshot_as_multiturn": True}
    given = {
        "configs": {"t": task_file | places}, "n-shot": {"t": 5}, "versions": {"t": 2}, "config": asked,
        "higher_is_better": {"t": {"exact_match": True}}, "n-samples": {"t": {"original": 9, "effective": 2}},
        "lm_eval_version": "0.4",
    }  # fmt: skip
    (task,) = read_lm_eval(tmp_path, **given, **prompts).tasks
    assert (task.name, task.data, task.available, task.incomplete, task.not_run) == ("t", "data/set", 9, None, None)
    assert task.settings == {
        **asked, **prompts, "shots": 5, "version": 2, "chat_template": "default", "harness": "lm_eval 0.4",
        "generation": {"until": []}, "task_file": digest_of(json.dumps(task_file, sort_keys=True))[:12],
    }  # fmt: skip
    assert [(one.metric, one.value, one.higher_is_better) for one in task.stated] == [("exact_match", 0.5, True)]
    assert task.file == tmp_path / "samples_t_d.jsonl"
    assert [item.answered_by for item in task.items] == ["generation"] * 2
    (bare,) = read_lm_eval(tmp_path, configs={"t": 1}, higher_is_better={"t": 1}, **{"n-samples": {"t": 1}}).tasks
    assert (bare.data, bare.available, bare.stated[0].higher_is_better) == ("t", None, None)
    assert set(bare.settings) == {"chat_template", "harness", "task_file"}
    assert (bare.settings["chat_template"], bare.settings["harness"]) == ("off", "lm_eval unknown")


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([("a", 0), ("a", 1), ("b", 0), ("b", 1)], None),
        ([("b", 0), ("a", 1), ("b", 1)], "samples_t_d.jsonl was truncated: a 1 of 2 items"),
        ([("b", 0), ("a", 1)], "samples_t_d.jsonl was truncated: a 1, b 1 of 2 items"),
    ],
)
def test_each_filter_has_every_item(rows: list[tuple[str, int]], missing: str | None, tmp_path: Path) -> None:
    lines = [{"filter": name, "doc_id": place, "exact_match": 1} for name, place in rows]
    assert read_lm_eval(tmp_path, lines, **{"n-samples": {"t": {"effective": 2}}}).tasks[0].incomplete == missing
    assert read_lm_eval(tmp_path, lines).tasks[0].incomplete is None
    with pytest.raises(EvidenceInvalid, match=rf"d\.jsonl: evidence invalid: it holds {len(rows) // 2} items, .* on 0"):
        read_lm_eval(tmp_path, lines if missing is None else lines[:2], **{"n-samples": {"t": {"effective": 0}}})


def test_one_filter_with_too_many_items_is_enough(tmp_path: Path) -> None:
    lines = [{"filter": name, "doc_id": n, "exact_match": 1} for name, n in (("a", 0), ("b", 0), ("b", 1))]
    with pytest.raises(EvidenceInvalid, match="it holds 2 items, the results are on 1"):
        read_lm_eval(tmp_path, lines, **{"n-samples": {"t": {"effective": 1}}})


def test_an_accuracy_of_last_words_is_checked(tmp_path: Path) -> None:
    rows = [{"doc_id": 0, "metrics": ["acc"], "acc": 1.0, "arguments": [["q", " x"]], "resps": [[["-1", "False"]]]}]
    configs = {"t": {"output_type": "loglikelihood"}}
    with pytest.raises(EvidenceInvalid, match="acc is 1, by its log-likelihoods it is wrong"):
        read_lm_eval(tmp_path, rows, configs=configs)


def test_lines_are_in_the_order_of_their_digest(tmp_path: Path) -> None:
    """Filter by filter in the order of the file, by position; without digests nothing can be said."""
    rows = [{"filter": name, "doc_id": n, "doc_hash": sha("{}"), "prompt_hash": f"{name}{n}"} for name in "ba"
            for n in (0, 1)]  # fmt: skip
    rows = [row | {"arguments": [[[], {}]]} for row in rows]
    stored = {"task_hashes": {"t": sha("".join(f"{row['doc_hash']}{row['prompt_hash']}" for row in rows))}}

    def warned(lines: list[dict[str, Any]], **given: Any) -> list[str]:
        return [one for one in read_lm_eval(tmp_path, lines, **given).warnings if "not compared" not in one]

    assert warned(rows, **stored) == []
    shuffled = [rows[place] for place in (1, 3, 2, 0)]
    warning = "samples_t_d.jsonl: its lines were shuffled; they are read in lm-eval's order"
    assert warned(shuffled, **stored) == [warning]
    with pytest.raises(EvidenceInvalid, match=r"samples_t_d\.jsonl: evidence invalid: its lines are not those that"):
        warned(rows[:3], **stored)
    bare = [{name: value for name, value in row.items() if "hash" not in name} for row in rows[:3]]
    assert warned(bare, **stored) == warned(shuffled, task_hashes={"t": 1}) == []
    assert warned([bare[0], *rows[1:3]], **stored) == []


def test_groups_have_the_tasks_inside_them(tmp_path: Path) -> None:
    """Of groups in groups, once each, and in the order in which they are listed."""
    row = {"acc,none": 0.25, "acc_stderr,none": 1, "f1,none": "x", "f1,other": 1, "alias": "g", "sample_len": 3}
    inside = {"g": ["h", "t", "g", "h"], "h": ["u", "t", "i"], "i": [], "j": 1, "k": ["t"]}
    groups = {"g": row, "j": row, "k": 1}
    better = {"g": {"acc": True, "f1": "x"}}
    rows = {"t": {"exact_match,none": 0.5}, "g": row, "h": {}, "v": 1}
    given = {"results": rows, "groups": groups, "higher_is_better": better, "versions": {"g": 2}}
    log = read_lm_eval(tmp_path, group_subtasks=inside, **given)
    assert [task.name for task in log.tasks] == ["t", "g"]
    group = log.tasks[1]
    assert (group.members, group.data, group.items) == (("t", "u", "i"), "g", ())
    assert group.stated == [
        Stated(metric="accuracy", definition=None, value=0.25, higher_is_better=True),
        Stated(metric="f1", definition=None, value=None),
    ]
    assert set(group.settings) == {"chat_template", "harness", "task_file", "version"}


def test_only_results_and_samples_are_a_log(tmp_path: Path) -> None:
    read_lm_eval(tmp_path)
    results, samples = tmp_path / "results_d.json", tmp_path / "samples_t_d.jsonl"
    for name in ("results_d.txt", "x_results_d.json", "samples_t.txt", "x_samples_t.jsonl"):
        (tmp_path / name).write_text("{}")
        assert not READER.recognises([results, tmp_path / name])
    assert READER.recognises([results, samples])
    assert not READER.recognises([samples])
    with pytest.raises(UsageError, match=r"x_results_d\.json: no results here: leave it out, or give the results_"):
        READER.read([results, tmp_path / "x_results_d.json"], ImportOptions())


def test_of_several_results_one_can_be_chosen(tmp_path: Path) -> None:
    read_lm_eval(tmp_path)
    shutil.copyfile(tmp_path / "results_d.json", tmp_path / "results_e.json")
    stray = shutil.copyfile(tmp_path / "samples_t_d.jsonl", tmp_path / "samples_t_f.jsonl")
    assert [task.not_run for task in READER.read([tmp_path / "results_d.json"], ImportOptions()).tasks] == [None]
    stray.unlink()
    missing = "samples_t_e.jsonl is missing: was lm_eval run with --log_samples?"
    assert [task.not_run for task in READER.read([tmp_path], ImportOptions()).tasks] == [None, missing]


def test_the_first_file_that_belongs_to_no_results_is_named(tmp_path: Path) -> None:
    for folder in "daefcb":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "results_d.json").write_text('{"results": {}}', "utf-8")
        for name in "edafcb":
            (tmp_path / folder / f"samples_{name}.jsonl").touch()
    why = "it belongs to no results file of this folder: add that, or remove it"
    with pytest.raises(UsageError, match=rf"^{tmp_path}/a/samples_a\.jsonl: {why}$"):
        READER.read([tmp_path], ImportOptions())
