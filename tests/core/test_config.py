"""The configuration of a run: merge order, profiles, and faults of people who write YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.core.config import DEFAULT_MODEL, PROFILES, RunConfig, TaskConfig, load_config
from audit.core.errors import ConfigError

TASK_KEYS = ", ".join(TaskConfig.model_fields)


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
    assert config.evals.tasks
    assert config.safety.tasks


def test_nothing_given_is_the_quick_profile_on_the_embedded_checkpoint() -> None:
    config = load_config()
    assert (config.profile, config.model) == ("quick", DEFAULT_MODEL)
    assert config.model_dump(exclude={"evals", "safety", "explain", "profile"}) == RunConfig().model_dump(
        exclude={"evals", "safety", "explain", "profile"}
    )


def test_flags_win_over_the_file_and_the_file_over_the_profile(write: Any) -> None:
    quick = load_config()
    file = write("seed: 7\nsafety: {samples_per_prompt: 9}\nevals: {tasks: [{name: boolq}]}\n")
    config = load_config(file, {"seed": 8, "out": Path("elsewhere"), "dtype": None})
    assert (config.seed, config.out, config.dtype) == (8, Path("elsewhere"), "auto")
    assert config.safety.samples_per_prompt == 9
    assert config.safety.tasks == quick.safety.tasks  # mappings merge key by key
    assert [task.name for task in config.evals.tasks] == ["boolq"]  # lists replace lists
    assert config.explain == quick.explain


def test_flags_that_were_not_given_change_nothing_at_any_depth(write: Any) -> None:
    file = write("seed: 7\nevals: {tasks: [{name: boolq, limit: 3}]}")
    assert load_config(file, {"seed": None, "evals": {"tasks": None}, "safety": {}}) == load_config(file)


def test_a_null_in_the_file_takes_a_value_away(write: Any) -> None:
    assert load_config(write("threads: 2\nevals: {tasks: [{name: boolq, limit: null}]}")).evals.tasks[0].limit is None
    assert load_config(write("threads: null")).threads is None


@pytest.mark.parametrize(("written", "meant"), [("on", "on"), ("off", "off"), ("auto", "auto"), ("'off'", "off")])
def test_a_bare_on_or_off_is_no_boolean_here(write: Any, written: str, meant: str) -> None:
    assert load_config(write(f"chat_template: {written}")).chat_template == meant


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("true", "Input should be a valid integer (found true)"),
        ('"40"', "Input should be a valid integer (found '40')"),
        ("4.0", "Input should be a valid integer (found 4.0)"),
        ("0", "Input should be greater than or equal to 1 (found 0)"),
        ("-1", "Input should be greater than or equal to 1 (found -1)"),
        ("[1]", "Input should be a valid integer (found a list)"),
    ],
)
def test_a_limit_is_a_whole_number_from_1(write: Any, limit: str, message: str) -> None:
    assert fault(write(f"evals: {{tasks: [{{name: boolq, limit: {limit}}}]}}")) == f"evals.tasks.0.limit: {message}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("evals: {tasks: [boolq]}", "evals.tasks.0: Input should be a mapping (found 'boolq')"),
        ("evals: {tasks: boolq}", "evals.tasks: Input should be a valid list (found 'boolq')"),
        ("evals: {tasks: [{limit: 3}]}", "evals.tasks.0.name: this key is required"),
        ("evals:", "evals: Input should be a mapping (found null)"),
        ("model: 7", "model: Input should be a valid string (found 7)"),
        ("offline: 'yes'", "offline: Input should be a valid boolean (found 'yes')"),
        ("seed: -1", "seed: Input should be greater than or equal to 0 (found -1)"),
        ("seed: 4294967296", "seed: Input should be less than 4294967296 (found 4294967296)"),
        ("out: [a]", "out: Input should be a path (found a list)"),
        ("dtype: fp16", "dtype: Input should be 'auto', 'float32', 'bfloat16' or 'float16' (found 'fp16')"),
        ("1: 2", "1: Keys should be text (found 1)"),
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
        ("safety: {tasks: [{name: a, zzz: 3}]}", f"unknown key 'safety.tasks.0.zzz'. Known here: {TASK_KEYS}."),
        ('"\\e[31m": 1\n', "unknown key '\\x1b[31m'. Known here: " + ", ".join(RunConfig.model_fields) + "."),
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
    assert fault(file, {"seed": -1}).startswith("command line: seed: ")
    assert fault(None, {"evals": {"tasks": [{"name": "boolq", "limit": 0}]}}).startswith("command line: evals.tasks.0")
