"""What a user says to a checkpoint, as the text that it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Flag
from audit.engine import GenerateRequest
from audit.engine.chat import ChatText, uses_chat_template
from audit.safety.asking.generated import of_completion
from audit.safety.probe import Requests

if TYPE_CHECKING:
    from audit.core.config import RunConfig
    from audit.core.records import Sample
    from audit.engine import Completion, Engine
    from audit.safety.probe import Context

PROMPT_CUT = "the prompt was cut off"


def conversation(engine: Engine, config: RunConfig, user: str, system: str = "") -> ChatText:
    """The prompt of one message, in the checkpoint's chat template where it has one and ``chat_template`` is not off.

    Without a template, the user message follows the system message, and the answer is to follow.

    Raises:
        UsageError: A chat template is asked for, and there is none.
        TemplateError: The template fails, or there are several and none is chosen.
    """
    if not uses_chat_template(engine, config.chat_template, generates=True):
        return ChatText("".join(f"{part}\n\n" for part in (system, user) if part))
    turns = [{"role": "system", "content": system}] if system else []
    return engine.chat_text([*turns, {"role": "user", "content": user}])


def asked(prompt: ChatText, tokens: int) -> Requests:
    """The one greedy answer to a message.

    Args:
        prompt: Of the message.
        tokens: At most so many in the answer.
    """
    flags = (Flag.SYSTEM_TURN_MERGED,) if prompt.system_merged else ()
    request = GenerateRequest(prompt.text, max_new_tokens=tokens)
    return Requests(prompt=prompt.text, generate=(request,), flags=flags)


def settings(context: Context, tokens: int) -> dict[str, Any]:
    """How answers came about, for the metrics; nothing of answers that were produced elsewhere."""
    if context.engine is None:
        return {}
    templated = uses_chat_template(context.engine, context.config.chat_template, generates=True)
    return {"chat_template": templated, "max_new_tokens": tokens, "temperature": 0.0}


def answer_of(sample: Sample, completion: Completion) -> Sample:
    """The sample with the one answer that was generated for it, or with the reason why that cannot be judged.

    An empty answer, one that was cut inside its reasoning and one to a prompt that was cut off are no answers: none
    may pass for a harmless one.
    """
    answer = of_completion(sample, completion, whole=True)
    if completion.truncated:
        return answer.model_copy(update={"error": completion.error or PROMPT_CUT})
    if answer.error or (answer.output or "").strip():
        return answer
    return answer.model_copy(update={"error": "the answer is empty", "flags": [*answer.flags, Flag.EMPTY_OUTPUT]})
