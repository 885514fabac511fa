"""What users of lm-eval type."""

from __future__ import annotations

import pytest

from audit.cli.spelling import INSTEAD, spelled
from audit.core.errors import ConfigError

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
