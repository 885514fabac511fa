"""The configuration of a run: merge order, profiles, and faults of people who write YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.config import DEFAULT_MODEL, PROFILES, RunConfig, TaskConfig, load_config
from audit.core.errors import ConfigError
from audit.core.names import PROBES, TASKS

TASK_KEYS = ", ".join(TaskConfig.model_fields)
NUMBERS = st.integers(1, 5)
FIELDS: dict[tuple[str, ...], st.SearchStrategy[Any]] = {
    ("profile",): st.sampled_from(PROFILES),
    ("seed",): NUMBERS,
    ("offline",): st.booleans(),
    ("threads",): st.none() | NUMBERS,
    ("server", "concurrency"): NUMBERS,
    ("server", "timeout"): st.sampled_from([1.5, 60.0]),
    ("thinking", "end"): st.none() | st.sampled_from(["</think>", "</reasoning>"]),
    ("evals", "bootstrap_resamples"): st.integers(1000, 1003),
    ("evals", "num_fewshot"): st.none() | NUMBERS,
    ("evals", "tasks"): st.lists(st.sampled_from(["boolq", "piqa", "mmlu"]), max_size=2, unique=True),
    ("safety", "samples_per_prompt"): NUMBERS,
    ("safety", "toxicity_languages"): st.lists(st.sampled_from(["en", "de"]), min_size=1, max_size=2),
    ("explain", "errors"): NUMBERS,
    ("explain", "methods"): st.lists(st.sampled_from(["occlusion", "shapley"]), max_size=2),
}
"""Fields at every depth, with and without a value in the profiles: numbers, text, lists, nulls."""
LAYERS = st.fixed_dictionaries({}, optional=FIELDS)
"""What one place may say: any part of the fields."""


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        file = tmp_path / "audit.yaml"
        file.write_text(text, "utf-8")
        return file

    return write


def fault(file: Path | None, flags: dict[str, Any] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(file, flags)
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix(f"{file}: ")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_is_valid_and_runs_something(profile: str) -> None:
    config = load_config(flags={"profile": profile})
    assert config.profile == profile
    assert bool(config.evals.tasks) is (profile != "safety")
    assert config.safety.tasks


def test_the_profile_of_safety_has_every_probe_that_the_full_one_has() -> None:
    safety, full = (load_config(flags={"profile": profile}) for profile in ("safety", "full"))
    assert [task.name for task in safety.safety.tasks] == [task.name for task in full.safety.tasks]
    assert [task.when_present for task in safety.safety.tasks] == [task.when_present for task in full.safety.tasks]


def test_nothing_given_is_the_quick_profile_on_the_embedded_checkpoint() -> None:
    config = load_config()
    assert (config.profile, config.model) == ("quick", DEFAULT_MODEL)
    of_the_profile = {"evals", "safety", "explain", "profile", "limit"}
    assert config.model_dump(exclude=of_the_profile) == RunConfig().model_dump(exclude=of_the_profile)


def test_flags_win_over_the_file_and_the_file_over_the_profile(write: Any) -> None:
    quick = load_config()
    file = write("seed: 7\nsafety: {samples_per_prompt: 9}\nevals: {tasks: [{name: boolq}]}\n")
    config = load_config(file, {"seed": 8, "out": Path("elsewhere"), "dtype": None})
    assert (config.seed, config.out, config.dtype) == (8, Path("elsewhere"), "auto")
    assert config.safety.samples_per_prompt == 9
    assert config.safety.tasks == quick.safety.tasks  # mappings merge key by key
    assert [task.name for task in config.evals.tasks] == ["boolq"]  # lists replace lists
    assert config.explain == quick.explain


def nested(layer: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    """Fields by their path, as the mapping that a file or the command line gives."""
    values: dict[str, Any] = {}
    for path, value in layer.items():
        inside = values
        for key in path[:-1]:
            inside = inside.setdefault(key, {})
        inside[path[-1]] = value
    return values


def at(config: RunConfig, path: tuple[str, ...]) -> Any:
    """A field of a configuration; tasks by their names."""
    value: Any = config
    for key in path:
        value = getattr(value, key)
    return [task.name for task in value] if path[-1] == "tasks" else value


@pytest.mark.slow
@settings(max_examples=25)
@given(in_file=LAYERS, flags=LAYERS)
def test_every_field_is_the_flags_else_the_files_else_the_profiles(
    in_file: dict[tuple[str, ...], Any], flags: dict[tuple[str, ...], Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("merged") / "audit.yaml"
    file.write_text(yaml.safe_dump(nested(in_file)), "utf-8")
    config = load_config(file, nested(flags))
    said = {path: value for path, value in flags.items() if value is not None}
    profile = load_config(flags={"profile": said.get(("profile",), in_file.get(("profile",), "quick"))})
    for path in FIELDS:
        expected = next((layer[path] for layer in (said, in_file) if path in layer), at(profile, path))
        assert at(config, path) == expected, path


def test_flags_that_were_not_given_change_nothing_at_any_depth(write: Any) -> None:
    file = write("seed: 7\nevals: {tasks: [{name: boolq, limit: 3}]}")
    assert load_config(file, {"seed": None, "evals": {"tasks": None}, "safety": {}}) == load_config(file)


def test_a_null_in_the_file_takes_a_value_away(write: Any) -> None:
    config = load_config(write("threads: 2\nlimit: null\nevals: {tasks: [{name: boolq}, {name: piqa, limit: 3}]}"))
    assert (config.limit, [task.limit for task in config.evals.tasks]) == (None, [None, 3])
    assert load_config(write("threads: null")).threads is None


@pytest.mark.parametrize(("written", "meant"), [("on", "on"), ("off", "off"), ("auto", "auto"), ("'off'", "off")])
def test_a_bare_on_or_off_is_no_boolean_here(write: Any, written: str, meant: str) -> None:
    assert load_config(write(f"chat_template: {written}")).chat_template == meant


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:0", "cuda:11"])
def test_names_of_devices(device: str) -> None:
    """Whether a device is there is seen when the checkpoint is loaded."""
    assert load_config(flags={"device": device}).device == device


@pytest.mark.parametrize("device", ["tpu", "cuda:", "cuda:x", "cuda:-1", "CPU", "cpu,cuda", "", "auto:0"])
def test_a_name_of_no_device_is_refused_before_anything_is_loaded(write: Any, device: str) -> None:
    said = f"must be auto, cpu, cuda or cuda:N (found '{device}')"
    assert fault(None, {"device": device}) == f"command line: --device: {said}"
    assert fault(write(f"device: '{device}'")) == f"device: {said}"


def test_a_device_map_replaces_the_device(write: Any) -> None:
    said = "is used instead of device, which is cpu: remove one of them (found 'balanced')"
    both = {"device": "cpu", "device_map": "balanced"}
    assert fault(None, both) == f"command line: --device-map: {said}"
    file = write("device: cpu\n")
    assert fault(file, {"device_map": "balanced"}) == f"device_map: {said}"
    assert load_config(file, {"device": "auto", "device_map": "balanced"}).device_map == "balanced"
    assert load_config(file, {"device_map": None}).device == "cpu"


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("true", "true"),
        ('"40"', "'40'"),
        ("4.0", "4.0"),
        ("1.0", "1.0"),
        ("0", "0"),
        ("0.0", "0.0"),
        ("-1", "-1"),
        ("[1]", "a list"),
    ],
)
def test_a_limit_is_a_whole_number_from_1_or_a_share_below(write: Any, limit: str, message: str) -> None:
    words = f"must be a whole number of items from 1, a share between 0 and 1, or all (found {message})"
    assert fault(write(f"evals: {{tasks: [{{name: boolq, limit: {limit}}}]}}")) == f"evals.tasks.0.limit: {words}"
    assert fault(write(f"limit: {limit}")) == f"limit: {words}"


@pytest.mark.parametrize(("written", "meant"), [("7", 7), ("0.25", 0.25), ("all", "all")])
def test_the_limit_of_a_run_is_that_of_tasks_without_their_own(write: Any, written: str, meant: Any) -> None:
    tasks = "{tasks: [{name: boolq}, {name: piqa, limit: 3}, {name: mmlu, limit: all}]}"
    config = load_config(write(f"limit: {written}\nevals: {tasks}\nsafety: {{tasks: [{{name: bold}}]}}"))
    assert [task.limit for task in config.evals.tasks] == [meant, 3, "all"]
    assert [task.limit for task in config.safety.tasks] == [meant]


def test_the_tasks_that_the_profiles_ran_whole_are_still_run_whole() -> None:
    standard = load_config(flags={"profile": "standard"})
    whole = {task.name for task in (*standard.evals.tasks, *standard.safety.tasks) if task.limit == "all"}
    assert whole == {"openbookqa", "crows_pairs", "winogender", "counterfactual", "personal_data"}
    full = load_config(flags={"profile": "full"})
    assert {task.limit for task in (*full.evals.tasks, *full.safety.tasks)} == {"all"}


def test_the_chinese_profiles_run_the_same_tasks_and_the_larger_one_all_their_items() -> None:
    small, full = (load_config(flags={"profile": name}) for name in ("chinese", "chinese-full"))
    tasks = [[(task.name, task.when_present) for task in (*p.evals.tasks, *p.safety.tasks)] for p in (small, full)]
    assert tasks[0] == tasks[1]
    assert {task.limit for task in (*full.evals.tasks, *full.safety.tasks)} == {"all"}
    assert {name for name, _ in tasks[0]} <= {*TASKS, *PROBES}


def test_the_profile_of_reasoning_draws_several_answers_and_leaves_room_to_think() -> None:
    config = load_config(flags={"profile": "reasoning"})
    assert config.evals.samples_per_item == 4
    assert config.evals.gen_kwargs == {"temperature": 0.6, "top_p": 0.95}
    assert config.thinking.tokens == 8192
    assert {task.name for task in config.evals.tasks} <= {*TASKS}
    assert {"trace_faithfulness", "harmful_requests"} < {task.name for task in config.safety.tasks} <= {*PROBES}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("evals: {tasks: [3]}", "evals.tasks.0: must be a mapping (found 3)"),
        ("evals: {tasks: boolq}", "evals.tasks: must be a list (found 'boolq')"),
        ("evals: {tasks: [{limit: 3}]}", "evals.tasks.0.name: this key is required"),
        ("evals:", "evals: must be a mapping (found null)"),
        ("model: 7", "model: must be text (found 7)"),
        ("offline: 'yes'", "offline: must be true or false (found 'yes')"),
        ("seed: -1", "seed: must be at least 0 (found -1)"),
        ("seed: 4294967296", "seed: must be below 4294967296 (found 4294967296)"),
        ("out: [a]", "out: must be a path (found a list)"),
        ("dtype: fp16", "dtype: must be 'auto', 'float32', 'bfloat16' or 'float16' (found 'fp16')"),
        ("1: 2", "1: keys must be text (found 1)"),
    ],
)  # fmt: skip
def test_a_wrong_value_says_where_what_and_what_was_found(write: Any, text: str, message: str) -> None:
    assert fault(write(text)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("saftey: {}", "unknown key 'saftey'. Did you mean 'safety'?"),
        ("evals: {task: []}", "unknown key 'evals.task'. Did you mean 'tasks'?"),
        ("evals: {tasks: [{name: a}, {name: b, limt: 3}]}", "unknown key 'evals.tasks.1.limt'. Did you mean 'limit'?"),
        ("evals: {tasks: [{nam: boolq}]}", "unknown key 'evals.tasks.0.nam'. Did you mean 'name'?"),
        ("safety: {tasks: [{name: a, zzz: 3}]}", f"unknown key 'safety.tasks.0.zzz'. Known keys: {TASK_KEYS}."),
        ('"\\e[31m": 1\n', "unknown key '\\x1b[31m'. Known keys: " + ", ".join(RunConfig.model_fields) + "."),
    ],
)  # fmt: skip
def test_an_unknown_key_gets_a_suggestion_at_any_depth(write: Any, text: str, message: str) -> None:
    assert fault(write(text)) == message


@pytest.mark.parametrize("profile", ["quik", "[quick]", "null", "1"])
def test_an_unknown_profile_is_one_line(write: Any, profile: str) -> None:
    assert "unknown profile" in fault(write(f"profile: {profile}"))


def test_a_fault_of_the_flags_is_not_blamed_on_the_file(write: Any) -> None:
    file = write("profile: full")
    assert fault(file, {"profile": "quik"}).startswith("command line: unknown profile 'quik'")
    assert fault(file, {"seed": -1}).startswith("command line: --seed: ")
    assert fault(None, {"evals": {"tasks": [{"name": "boolq", "limit": 0}]}}).startswith("command line: evals.tasks.0")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"quantization": "int9"}, "--quantization: must be 'int8' or 'nf4' (found 'int9')"),
        ({"data_dirs": [Path("a"), ""]}, "--data-dir: is empty: is the variable behind it set? (found '')"),
        ({"thinking": {"tokens": 0}}, "--thinking-tokens: must be at least 1 (found 0)"),
        ({"evals": {"num_fewshot": -1}}, "--num-fewshot: must be at least 0 (found -1)"),
        ({"threads": 0}, "threads: must be at least 1 (found 0)"),
    ],
)
def test_a_fault_of_an_option_names_the_option(flags: dict[str, Any], message: str) -> None:
    assert fault(None, flags) == f"command line: {message}"


def test_tasks_may_be_names_alone(write: Any) -> None:
    config = load_config(write("evals: {tasks: [boolq, {name: piqa, limit: 3}]}\nsafety: {tasks: [toxicity]}"))
    assert [(task.name, task.limit) for task in config.evals.tasks] == [("boolq", 50), ("piqa", 3)]
    assert [task.name for task in config.safety.tasks] == ["toxicity"]


def test_a_date_among_a_templates_variables_is_text(write: Any) -> None:
    config = load_config(write("chat_template_args: {date_string: 2024-07-26, days: [2024-07-26], n: 3, think: true}"))
    assert config.chat_template_args == {"date_string": "2024-07-26", "days": ["2024-07-26"], "n": 3, "think": True}
