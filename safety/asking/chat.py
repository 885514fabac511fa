"""What a user says to a checkpoint, as the text that it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.engine.chat import SYSTEM_TURN_MERGED, ChatText, uses_chat_template
from audit.safety.asking.generated import of_completion

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.core.records import Sample
    from audit.engine import Completion, Engine

PROMPT_CUT = "the prompt was cut off"


def conversation(engine: Engine, config: RunConfig, user: str, system: str = "") -> ChatText:
    """The prompt of one message, in the checkpoint's chat template where it has one and ``chat_template`` is not off.

    Without a template, system and user message stand below each other, and the answer is to follow.

    Raises:
        UsageError: A chat template is asked for, and there is none.
        TemplateError: The template fails, or there are several and none is chosen.
    """
    if not uses_chat_template(engine, config.chat_template, generates=True):
        return ChatText("".join(f"{part}\n\n" for part in (system, user) if part))
    turns = [{"role": "system", "content": system}] if system else []
    return engine.chat_text([*turns, {"role": "user", "content": user}])


def flags_of(asked: ChatText) -> list[str]:
    """Remarks on a prompt, for the sample."""
    return [SYSTEM_TURN_MERGED] if asked.system_merged else []


def how(engine: Engine, config: RunConfig) -> str:
    """For the metrics: whether the chat template was used."""
    templated = uses_chat_template(engine, config.chat_template, generates=True)
    return "chat template" if templated else "no chat template here"


def answer_of(sample: Sample, completion: Completion) -> Sample:
    """The sample with the one answer that was generated for it, or with the reason why that cannot be judged.

    An empty answer, one that was cut inside its reasoning and one to a prompt that was cut off are no answers: none
    may pass for a harmless one.
    """
    told = of_completion(sample, completion, whole=True)
    if completion.truncated:
        return told.model_copy(update={"error": completion.error or PROMPT_CUT})
    if told.error or (told.output or "").strip():
        return told
    return told.model_copy(update={"error": "the answer is empty", "flags": [*told.flags, "empty_output"]})
