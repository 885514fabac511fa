"""What a user says to a checkpoint, as the text that it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.engine.chat import uses_chat_template

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.core.records import Sample
    from audit.engine import Completion, Engine


def conversation(engine: Engine, config: RunConfig, user: str, system: str = "") -> str:
    """The prompt of one message, in the checkpoint's chat template where it has one and ``chat_template`` is not off.

    Without a template, system and user message stand below each other, and the answer is to follow. A template that
    knows no system message (Gemma's) gets it at the head of the user's.

    Raises:
        UsageError: ``chat_template`` is on, and there is none.
        TemplateError: The template fails.
    """
    if not uses_chat_template(engine, config.chat_template, generates=True):
        return "".join(f"{part}\n\n" for part in (system, user) if part)
    said = [{"role": "user", "content": user}]
    return engine.apply_chat_template([{"role": "system", "content": system}, *said] if system else said)


def how(engine: Engine, config: RunConfig) -> str:
    """For the metrics: whether the chat template was used."""
    templated = uses_chat_template(engine, config.chat_template, generates=True)
    return "chat template" if templated else "no chat template here"


def answer_of(sample: Sample, completion: Completion) -> Sample:
    """The sample with the one answer that was generated for it, or with the reason why that cannot be judged.

    An empty answer and one to a prompt that was cut off are no answers: neither may pass for a harmless one.
    """
    generation = completion.generations[0] if completion.generations else None
    text = generation.text if generation else ""
    told = {
        "output": text,
        "tokens_in": completion.prompt_tokens,
        "tokens_out": generation.token_count if generation else 0,
        "flags": ["truncated_prompt"] if completion.truncated else [],
    }
    if completion.error or completion.truncated:
        return sample.model_copy(update={**told, "error": completion.error or "the prompt was cut off"})
    if not text.strip():
        return sample.model_copy(update={**told, "error": "the answer is empty", "flags": ["empty_output"]})
    return sample.model_copy(update=told)
