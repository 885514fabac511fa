"""What users of lm-eval type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from audit.cli import values
from audit.cli.spelling import INSTEAD, spelled
from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

LM_EVAL_ONLY = {
    "--apply_chat_template", "--batch_size", "--cache_requests", "--check_integrity", "--confirm_run_unsafe_code",
    "--hf_hub_log_args", "--log_samples", "--max_batch_size", "--model_args", "--output_path", "--predict_only",
    "--show_config", "--trackio_args", "--use_cache", "--verbosity", "--wandb_args", "--wandb_config_args",
}  # fmt: skip
"""Options of ``lm_eval run`` in 0.4.13 that ``audit run`` does not have."""


def options_of_lm_eval() -> set[str]:
    """The long options of ``lm_eval run``, from its own parser."""
    import argparse

    from lm_eval._cli.run import Run

    parser = Run(argparse.ArgumentParser().add_subparsers())._parser
    return {option for action in parser._actions for option in action.option_strings if option.startswith("--")}


def options_of_run() -> set[str]:
    """The long options of ``audit run``."""
    import typer.main

    from audit.cli.commands import run

    program = typer.Typer()
    run.register(program)
    return {option for parameter in typer.main.get_command(program).params for option in parameter.opts}


def test_every_option_of_lm_eval_works_or_says_what_to_type() -> None:
    known = options_of_run()
    theirs = options_of_lm_eval() - {"--help", "--verbose"}
    assert {option for option in theirs if option.replace("_", "-") not in known} == LM_EVAL_ONLY
    assert {option.replace("_", "-") for option in LM_EVAL_ONLY} <= INSTEAD.keys()
    assert not INSTEAD.keys() & known


@pytest.mark.parametrize("option", sorted(LM_EVAL_ONLY))
@pytest.mark.parametrize("words", [["x"], [], ["--limit", "3"]])
def test_options_that_do_not_exist_say_what_to_type(option: str, words: list[str]) -> None:
    with pytest.raises(ConfigError, match=f"^{option} is an option of lm-eval: "):
        spelled(["run", "--model", "m", option, *words])
    with pytest.raises(ConfigError, match="is an option of lm-eval: "):
        spelled(["run", f"{option.replace('_', '-')}=x"])


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["--tasks", "a", "b", "--limit", "3"], ["--tasks", "a,b", "--limit", "3"]),
        (["--tasks", "a,", "b,", "c"], ["--tasks", "a,b,c"]),
        (["--tasks", "a,b"], ["--tasks", "a,b"]),
        (["--tasks", "a,,b"], ["--tasks", "a,,b"]),
        (["--tasks=a", "--offline"], ["--tasks", "a", "--offline"]),
        (["--tasks=a", "b", "--offline"], ["--tasks", "a,b", "--offline"]),
        (["--chat_template", "--offline"], ["--chat_template", "on", "--offline"]),
        (["--chat-template"], ["--chat-template", "on"]),
        (["--chat-template", "tool_use"], ["--chat-template", "tool_use"]),
        (["--fewshot_as_multiturn"], ["--fewshot_as_multiturn", "true"]),
        (["--fewshot-as-multiturn", "false"], ["--fewshot-as-multiturn", "false"]),
    ],
)
def test_what_lm_evals_users_type_is_read_as_they_mean_it(typed: list[str], read: list[str]) -> None:
    assert spelled(["run", *typed]) == ["run", *read]
    assert spelled(["-q", "run", *typed]) == ["-q", "run", *read]


def test_other_commands_keep_their_words() -> None:
    words = ["score", "xstest", "--tasks", "a", "b", "--output-path", "x"]
    assert spelled(words) == words


@pytest.mark.parametrize(
    ("text", "meant"),
    [("5", 5), ("1", 1), ("0.1", 0.1), (".5", 0.5), ("all", "all"), ("1e3", 1000), (None, None)],
)
def test_limits(text: str | None, meant: Any) -> None:
    assert values.limit(text) == meant
    assert type(values.limit(text)) is type(meant)


@pytest.mark.parametrize("text", ["0", "-3", "1.0", "1.5", "0.0", "nan", "inf", "ten", ""])
def test_limits_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="give a whole number of items from 1"):
        values.limit(text)


def test_settings_are_json_or_pairs() -> None:
    assert values.settings("max_gen_toks=1024,temperature=0.7,do_sample=True,until=END", "--gen-kwargs") == {
        "max_gen_toks": 1024,
        "temperature": 0.7,
        "do_sample": True,
        "until": "END",
    }
    assert values.settings('{"until": ["\\n", "Q:"], "top_k": 5}', "--gen-kwargs") == {
        "until": ["\n", "Q:"],
        "top_k": 5,
    }
    assert values.settings(None, "--gen-kwargs") is None


def test_items_are_json_or_a_list() -> None:
    assert values.samples("0, 3,0a1b2c3d4e5f6789") == [0, 3, "0a1b2c3d4e5f6789"]
    assert values.samples("1234567890123456") == ["1234567890123456"], "sixteen digits are a sample_id"
    assert values.samples('{"boolq": [0, 3], "piqa": ["0a1b2c3d4e5f6789"]}') == {
        "boolq": [0, 3],
        "piqa": ["0a1b2c3d4e5f6789"],
    }
    assert values.samples("[1, 2]") == [1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: values.settings("a", "--gen-kwargs"),
        lambda: values.settings("{a: 1}", "--metadata"),
        lambda: values.settings("=1", "--gen-kwargs"),
        lambda: values.samples('{"boolq": 3}'),
        lambda: values.samples('{"boolq": [true]}'),
        lambda: values.samples("[1"),
        lambda: values.boolean("yes", "--fewshot-as-multiturn"),
    ],
)
def test_wrong_values_are_one_line(wrong: Callable[[], Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        wrong()
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("--")
