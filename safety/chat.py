"""What a user says to a checkpoint, as the text that it sees."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.errors import AuditError, TemplateError
from audit.core.text import printable
from audit.safety.generated import of_completion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig
    from audit.core.records import Sample
    from audit.engine import Completion, Engine

PROMPT_CUT = "the prompt was cut off"
SYSTEM_TURN_MERGED = "system_turn_merged"
"""Flag: the chat template takes no system turn, so the system prompt begins the user's."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a user says, and what the operator says before, as the checkpoint sees it."""

    prompt: str
    """The text, up to where the answer is to follow."""
    merged: bool = False
    """Whether the system prompt begins the user's turn because the template has no place for it."""

    @property
    def flags(self) -> list[str]:
        """Remarks for the sample."""
        return [SYSTEM_TURN_MERGED] if self.merged else []


def conversation(engine: Engine, config: RunConfig, user: str, system: str = "") -> Conversation:
    """One message in the checkpoint's chat template where it has one and ``chat_template`` is not off.

    Without a template, system and user message stand below each other, and the answer is to follow. A template that
    refuses a system turn, or leaves it out without a word, gets it at the head of the user's.

    Raises:
        UsageError: A chat template is asked for, and there is none.
        TemplateError: The template fails.
    """
    if not _is_templated(engine, config):
        return Conversation("".join(f"{part}\n\n" for part in (system, user) if part))
    said = {"role": "user", "content": user}
    if not system:
        return Conversation(_rendered(engine, [said]))
    with contextlib.suppress(TemplateError):
        text = _rendered(engine, [{"role": "system", "content": system}, said])
        if system.strip() in text:
            return Conversation(text)
    return Conversation(_rendered(engine, [{"role": "user", "content": f"{system}\n\n{user}"}]), merged=True)


def _rendered(engine: Engine, messages: Sequence[dict[str, str]]) -> str:
    """The conversation in the chat template; whatever the template's code raises becomes one line.

    Raises:
        TemplateError: It raises something.
    """
    try:
        return engine.apply_chat_template(messages)
    except AuditError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {printable(str(error), 200)}"
        msg = f"the chat template fails ({reason}): choose another with --chat-template NAME, or set it to 'off'"
        raise TemplateError(msg) from error


def _is_templated(engine: Engine, config: RunConfig) -> bool:
    """Whether the chat template is used: ``on`` and the name of a template ask for it, ``auto`` takes what is there."""
    return config.chat_template != "off" and (config.chat_template != "auto" or engine.has_chat_template)


def how(engine: Engine, config: RunConfig) -> str:
    """For the metrics: whether the chat template was used."""
    return "chat template" if _is_templated(engine, config) else "no chat template here"


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
