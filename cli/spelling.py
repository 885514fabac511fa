"""What users of lm-eval type after ``audit run``: read as they mean it, or answered with what to type here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

INSTEAD = {
    "--apply-chat-template": "type --chat-template on (or the name of a template); generation tasks use it by default",
    "--batch-size": "leave it out: batches are sized in tokens; batch_tokens in a --config file limits them",
    "--cache-requests": "leave it out",
    "--check-integrity": "leave it out: every audit checks its data",
    "--confirm-run-unsafe-code": "tasks that run generated code are not run here",
    "--enable-thinking": "type --chat-template-args '{\"enable_thinking\": false}'",
    "--hf-hub-log-args": "export a run with audit report RUN --format lm-eval --out DIR",
    "--log-samples": "leave it out: a run keeps every sample",
    "--max-batch-size": "leave it out: batches are sized in tokens; batch_tokens in a --config file limits them",
    "--max-gen-toks": "type --gen-kwargs max_gen_toks=N",
    "--model-args": "type --model PATH and an option for each: --dtype, --revision, --base, --tokenizer, …",
    "--output-path": "type --out DIR for the run folder, or audit report RUN --format lm-eval --out DIR afterwards",
    "--predict-only": "leave it out: a run keeps every output, whatever its score",
    "--show-config": "leave it out: manifest.json holds the configuration",
    "--think-end-token": "type --think-end MARKER",
    "--trackio-args": "export a run with audit report RUN --format json",
    "--use-cache": "leave it out: --resume and --extend answer from a run's journal",
    "--verbosity": "type -v or -q",
    "--wandb-args": "export a run with audit report RUN --format json",
    "--wandb-config-args": "export a run with audit report RUN --format json",
}
"""Options of lm-eval that ``audit run`` does not have, and what to type instead."""
OPTIONAL = {"--chat-template": "on", "--fewshot-as-multiturn": "true"}
"""Options that lm-eval takes without a value, and the value that is meant."""


def spelled(arguments: Sequence[str] | None) -> list[str]:
    """The words of a command line as the parser knows them.

    After ``run``, tasks may be separated by spaces, and ``--chat-template`` and ``--fewshot-as-multiturn`` may stand
    without a value.

    Args:
        arguments: Words after ``audit``; None takes the process's own.

    Raises:
        ConfigError: An option of lm-eval that does not exist here; the message says what to type.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "run" not in words[:2]:
        return words
    read: list[str] = []
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        option = name.replace("_", "-") if name.startswith("--") else ""
        if option in INSTEAD:
            msg = f"{name} is an option of lm-eval: {INSTEAD[option]}"
            raise ConfigError(msg)
        read.append(name if option == "--tasks" else word)
        if option == "--tasks":
            values = [*([value] if equals else []), *_values(words)]
            read += [",".join(value.strip(",") if len(values) > 1 else value for value in values)] if values else []
        elif option in OPTIONAL and not equals and (not words or words[0].startswith("-")):
            read.append(OPTIONAL[option])
    return read


def _values(words: list[str]) -> list[str]:
    """The words up to the next option, taken off the list."""
    values = []
    while words and not words[0].startswith("-"):
        values.append(words.pop(0))
    return values
