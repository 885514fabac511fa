"""An explanation made while a reader waits: by the run's own checkpoint, with the run's own settings.

The checkpoint is loaded as ``audit explain --run`` loads it, from this machine alone. A stored answer is explained as
its run would have explained it; another prompt with the same settings.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from audit.core import assets
from audit.core.errors import ConfigError, UsageError
from audit.core.records import TaskResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig
    from audit.core.progress import Progress
    from audit.core.records import Attribution, Metric, RunManifest, Sample
    from audit.engine.engine import Engine
    from audit.explain.prompt.game import MaskedPrompt
    from audit.explain.run.selected import Selected

LONGEST_PROMPT, LONGEST_TARGET = 6_000, 400
"""Characters that are explained on the spot."""
METHODS = ("occlusion", "shapley", "gradient_x_input", "integrated_gradients", "attention_rollout", "lime")
NAME_ONE = "name a target"


@dataclass(frozen=True)
class Asked:
    """What a reader wants to have explained."""

    prompt: str
    """The exact text that the checkpoint sees, or a user's message."""
    target: str
    """The continuation; empty takes the checkpoint's own answer."""
    against: str
    """What it is compared with; empty explains the target alone."""
    method: str
    """One of :data:`METHODS`."""
    is_message: bool = False
    """Whether the run's chat template, with its system message, makes the text of the prompt."""


def refusal(manifest: RunManifest) -> str | None:
    """Why the run's checkpoint is not loaded here; None where it may be tried."""
    config = manifest.config
    if not config.get("model") or "import" in config:
        return "The run does not say which checkpoint it measured: it was imported from another tool."
    if str(config["model"]).startswith(("openai:", "vllm:", "sglang:")):
        return "The checkpoint was behind a server. Use the command line, where you can name the server:"
    if config.get("trust_remote_code") or config.get("allow_pickle"):
        return "The checkpoint contains its own code, which the app does not run. You can allow it on the command line:"
    return None


def selected_of(sample: Sample, metrics: Sequence[Metric]) -> Selected:
    """What the run would explain of a sample: prompt, target, and the options that it was chosen from.

    Args:
        sample: One that :func:`audit.core.sensitive.not_explainable` has nothing against.
        metrics: Of the run; those of the task say whether higher is better.

    Raises:
        UsageError: It cannot be explained, or is too long to be explained here: a part of it would be another prompt.
    """
    from audit.explain.run.selection import of_sample  # noqa: PLC0415 - only where something is explained

    mine = [metric for metric in metrics if (metric.suite, metric.task) == (sample.suite, sample.task)]
    found = of_sample(TaskResult(suite=sample.suite, task=sample.task, metrics=mine, samples=[]), sample)
    texts = [found.target, *found.options]
    if len(found.prompt) + len(sample.thinking or "") > LONGEST_PROMPT or max(map(len, texts)) > LONGEST_TARGET:
        most = f"{LONGEST_PROMPT:,} characters of a prompt and {LONGEST_TARGET:,} of an answer"
        msg = f"This sample is too long to be explained here: the limit is {most}. Explain it on the command line:"
        raise UsageError(msg)
    return found


def contrast_of(selected: Selected) -> str:
    """The likeliest of the other options, as the run found them; empty where there is none, or it is not known."""
    others = [option for option in selected.options if option != selected.target]
    choice = selected.sample.choice
    if len(others) <= 1 or choice is None or choice.log_likelihoods is None:
        return next(iter(others), "")
    likelihoods = dict(zip(choice.options, choice.log_likelihoods, strict=True))
    return max(others, key=lambda option: likelihoods.get(option, float("-inf")))


def has_chat(manifest: RunManifest) -> bool:
    """Whether a task of the run was asked in the chat template: a reader's prompt is then a message, unless changed."""
    return any(settings.get("chat_template", "off") != "off" for settings in manifest.tasks.values())


def config_of(manifest: RunManifest) -> RunConfig:
    """The run's configuration, for a checkpoint that lies on this machine.

    Raises:
        ConfigError: It is broken.
    """
    from audit.engine.configured import recorded_config  # noqa: PLC0415 - torch takes seconds to import

    return recorded_config(manifest, f"{manifest.run_id}/manifest.json").model_copy(update={"offline": True})


def loaded(manifest: RunManifest, config: RunConfig) -> Engine:
    """The run's checkpoint, loaded once per process and kept as long as no other is wanted.

    One explanation is made at a time (:data:`audit.app.elements.explaining.ASKED_LOCK`), so that none loses its own.

    Args:
        manifest: Of the run.
        config: From :func:`config_of`.

    Raises:
        CheckpointError: It is not here, cannot be loaded as the run did, or another one is now in its place.
        ConfigError: It cannot have a chat template or length that the run used.
    """
    # A checkpoint by the name of an asset may be in a data folder; one without it needs none.
    assets.configure(data_dirs=[folder for folder in config.data_dirs if folder.is_dir()], offline=True)
    from audit.engine.configured import load_recorded  # noqa: PLC0415 - torch takes seconds to import

    kept, key = _kept(), f"{manifest.model.model_dump_json()} {config.model_dump_json()}"
    if key not in kept:
        kept.clear()  # before the next one is loaded: memory may not hold two
        gc.collect()
        kept[key] = load_recorded(config, manifest)
    return kept[key]


@st.cache_resource
def _kept() -> dict[str, Engine]:
    """The checkpoint that was wanted last, by record and configuration, for all readers; at most one."""
    return {}


def remark_on(manifest: RunManifest, engine: Engine) -> str | None:
    """What keeps values from being exactly those of the run; None where nothing does."""
    from audit.engine.configured import computed_otherwise  # noqa: PLC0415 - torch takes seconds to import

    return computed_otherwise(manifest.model, engine.record)


def explained(
    engine: Engine, config: RunConfig, asked: Asked, selected: Selected | None, progress: Progress
) -> Attribution:
    """One attribution.

    Args:
        engine: From :func:`loaded`.
        config: From :func:`config_of`.
        asked: What is explained.
        selected: The stored answer, where it is explained as it stands; None where anything was changed.
        progress: Listener.

    Raises:
        AuditError: The method cannot explain this, or the checkpoint gave no answer.
    """
    from audit.explain.attempt import Failed, attempt  # noqa: PLC0415 - torch takes seconds to import
    from audit.explain.attribute import How, attribute_one  # noqa: PLC0415 - as above
    from audit.explain.methods.registry import find  # noqa: PLC0415 - as above
    from audit.explain.run.suite import explain_sample  # noqa: PLC0415 - as above

    method = find(asked.method)
    with engine.at_work(progress):
        if selected is not None:
            made = explain_sample(engine, config, [method], selected)[method.name]
        else:
            game = attempt(_game, engine, config, asked)
            made = game if isinstance(game, Failed) else attempt(attribute_one, game, method, How(seed=config.seed))
    if isinstance(made, Failed):
        raise made.error
    return made


def _game(engine: Engine, config: RunConfig, asked: Asked) -> MaskedPrompt:
    """A prompt that was typed, cut as finely as those of the run."""
    from audit.explain.attribute import prepare  # noqa: PLC0415 - torch takes seconds to import
    from audit.explain.own_answer import own_answer  # noqa: PLC0415 - as above
    from audit.explain.run.suite import TOKENS_PER_FEATURE  # noqa: PLC0415 - as above

    prompt = _in_template(engine, config, asked.prompt) if asked.is_message else asked.prompt
    target = asked.target or own_answer(engine, prompt, NAME_ONE)
    most = config.explain.max_features
    return prepare(
        engine, prompt, target, against=asked.against or None, max_features=most, max_tokens=most * TOKENS_PER_FEATURE
    )


def _in_template(engine: Engine, config: RunConfig, message: str) -> str:
    """A user's message as the run asks its benchmarks: in the chat template, after the run's system message.

    Raises:
        ConfigError: There is no chat template.
        TemplateError: It fails on this message.
    """
    if not engine.has_chat_template:
        msg = f"{engine.record.name} has no chat template: choose the exact text"
        raise ConfigError(msg)
    system = config.evals.system_instruction
    first = [{"role": "system", "content": system}] if system else []
    return engine.chat_text([*first, {"role": "user", "content": message}]).text
