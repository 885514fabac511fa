"""Whatever ``audit run`` can do to load a checkpoint, ``audit explain`` can; and conversations."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.cli.main import load_command as command_named
from audit.core.records import Attribution
from audit.engine import load
from audit.engine.chat import named

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Audit = Callable[..., tuple[int, str, str]]

NO_FLAG = {"server", "batch_tokens", "inference"}
"""Arguments of ``load`` that only a configuration file sets, or whose fields have options of their own."""
OF_LOAD = {"think_end": "think_end", "thinking_tokens": "thinking_tokens"}


def options_of(name: str) -> dict[str, Any]:
    """The options of a command as the parser has them, by parameter."""
    return {option.name: option for option in command_named(name).params}


def test_both_commands_have_every_loading_option() -> None:
    run, explain = options_of("run"), options_of("explain")
    shared = run.keys() & explain.keys()
    for name in shared:
        assert (run[name].opts, run[name].help) == (explain[name].opts, explain[name].help), name
    assert set(inspect.signature(load).parameters) - {"progress"} <= shared | NO_FLAG
    # What `run` has beyond them is about tasks and the run folder, not about the checkpoint.
    assert run.keys() - shared == {
        "profile", "tasks", "task_file", "columns", "include_path", "limit", "samples", "num_fewshot", "gen_kwargs",
        "samples_per_item",
        "system_instruction", "fewshot_as_multiturn", "metadata", "write_out", "no_explain", "out", "resume", "extend",
        "keep_raw", "database", "budget", "token_budget", "policy", "replay", "until_decided", "baseline",
        "workers", "gpus_per_worker", "ray", "shard", "certify_with",
        "perturb", "perturb_limit", "paraphrases", "contamination", "corpus", "twins", "intended_use", "embed",
        "thinking_budget", "answer_judge", "judge_measured", "answer_labels",
    }  # fmt: skip


def test_every_option_reaches_load(monkeypatch: pytest.MonkeyPatch, audit: Audit, tmp_path: Path) -> None:
    given: dict[str, Any] = {}

    class Enough(Exception):  # noqa: N818 - ends the command
        pass

    def listen(model: str, **options: Any) -> None:
        given.update(options, model=model)
        raise Enough

    monkeypatch.setattr("audit.engine.configured.load", listen)
    config = tmp_path / "config.yaml"
    config.write_text("server: {tries: 2}\ninference: {tensor_parallel: 2}\nbatch_tokens: 77\n")
    words = {
        "model": "m", "base": "b", "revision": "r", "device-map": "auto", "dtype": "float16",
        "quantization": "nf4", "max-length": "99", "tokenizer": "t", "chat-template": "named",
        "chat-template-args": "enable_thinking=false", "thinking-tokens": "5", "think-end": "</end>",
    }  # fmt: skip
    typed = [part for name, value in words.items() for part in (f"--{name}", value)]
    flags = ["--offline", "--trust-remote-code", "--allow-pickle", "--config", config, "--data-dir", tmp_path]
    assert audit("explain", "--chat", "-p", "x", *typed, *flags)[0] == 1
    server, inference = given.pop("server"), given.pop("inference")
    assert server.tries == 2
    assert inference.tensor_parallel == 2
    assert given == {
        "model": "m", "base": "b", "revision": "r", "device": "auto", "device_map": "auto", "dtype": "float16",
        "quantization": "nf4", "max_length": 99, "tokenizer": "t", "chat_template": named("named"),
        "chat_template_args": {"enable_thinking": False}, "thinking_tokens": 5, "think_end": "</end>",
        "offline": True, "trust_remote_code": True, "allow_pickle": True, "batch_tokens": 77,
        "seed": 1234,
    }  # fmt: skip


def made(audit: Audit, *words: object) -> Attribution:
    code, out, err = audit("explain", *words, "--json")
    assert code == 0, err
    return Attribution.model_validate(json.loads(out))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "words", "found"),
    [
        ("kernel_shap", ["--evaluations", "40"], 40),
        ("lime", ["--evaluations", "40"], 40),
        ("surrogate", ["--evaluations", "40"], 40),
    ],
)
def test_a_method_does_as_much_as_is_asked(
    audit: Audit, tiny_model: Path, method: str, words: list[str], found: int
) -> None:
    prompt = "The dog sleeps and the quick brown fox jumps over it, again and again."
    one = made(audit, "-m", tiny_model, "-p", prompt, "--target", " x", "--method", method, *words)
    assert one.evaluations == pytest.approx(found, abs=3)  # whole and empty prompt; a mask that was drawn twice


@pytest.mark.slow
def test_integrated_gradients_take_the_steps_that_are_asked_for(audit: Audit, tiny_model: Path) -> None:
    words = ("-m", tiny_model, "-p", "The dog sleeps.", "--target", " dog", "--method", "integrated_gradients")
    few, many = (made(audit, *words, "--steps", steps) for steps in (2, 200))
    assert [one.settings["steps"] for one in (few, many)] == [2, 200]
    misses = [abs(float(one.faithfulness["completeness_error"] or 0)) for one in (few, many)]
    assert misses[1] < misses[0]


@pytest.mark.slow
def test_more_evaluations_shrink_the_intervals_of_shapley(audit: Audit, tiny_model: Path) -> None:
    words = ("-m", tiny_model, "-p", "The dog sleeps and the quick brown fox jumps over it.", "--target", " x")
    few = made(audit, *words, "--method", "shapley", "--evaluations", "16")
    most = made(audit, *words, "--method", "shapley", "--evaluations", "4000")
    assert few.evaluations < most.evaluations <= 4000
