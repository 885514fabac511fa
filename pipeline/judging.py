"""A checkpoint as the judge of a rating project: it reads what raters see, and gives one of the allowed answers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from audit.engine import GenerateRequest
from audit.engine.chat import uses_chat_template
from audit.ratings.judging.storing import JudgeReply
from audit.safety.judges.wording import ALIKE, ANSWER_TOKENS, AROUND, TOO_LONG, control_words, harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Completion, Engine, Score
    from audit.ratings.judging.asking_judges import JudgePrompt
    from audit.safety.judges.wording import By


def replies(engine: Engine, requests: Sequence[JudgePrompt], by: By, chat_template: str) -> list[JudgeReply]:
    """The judge's reply to each request.

    By likelihood, the reply is the likeliest of the allowed letters or numbers, with the probability of each among
    them. By generation, it is read off the text: one of them and nothing else, perhaps with punctuation. What cannot be
    read, or was cut to fit the context, is no reply, and neither are several answers that are equally likely.

    Words that are control tokens to the judge, such as the end of a turn, get a space after their first character:
    rated texts cannot end their own turn.

    Args:
        engine: The judge.
        requests: What it is to answer.
        by: How the reply is found.
        chat_template: ``auto``, ``on``, ``off`` or the name of a template.

    Raises:
        ScoringUnavailable: By likelihood, of a server that gives none.
    """
    chat = uses_chat_template(engine, chat_template, generates=True)
    control = control_words(engine)
    prompts = [_prompt(engine, harmless(one.text, control), chat=chat) for one in requests]
    if by == "generation":
        asked = [GenerateRequest(prompt, max_new_tokens=ANSWER_TOKENS) for prompt in prompts]
        return [_read(one, found) for one, found in zip(requests, engine.generate(asked), strict=True)]
    engine.check_scoring()
    fits = [len(engine.encode(prompt)) < engine.max_length for prompt in prompts]
    scored = [
        engine.encode_answer(prompt, choice) if chat else engine.encode_pair(prompt, f" {choice}")
        for one, prompt, is_short in zip(requests, prompts, fits, strict=True)
        if is_short
        for choice in one.choices
    ]
    scores = iter(engine.score(scored))
    return [
        _likeliest(one, [next(scores) for _ in one.choices]) if is_short else JudgeReply(value=None, why_none=TOO_LONG)
        for one, is_short in zip(requests, fits, strict=True)
    ]


def _prompt(engine: Engine, text: str, *, chat: bool) -> str:
    return engine.apply_chat_template([{"role": "user", "content": text}]) if chat else f"{text}\n\nReply:"


def _likeliest(request: JudgePrompt, scores: Sequence[Score]) -> JudgeReply:
    if any(score.truncated for score in scores):
        return JudgeReply(value=None, why_none=TOO_LONG)
    broken = next((score.error for score in scores if score.error), None)
    if broken is not None:
        return JudgeReply(value=None, why_none=broken)
    totals = [score.total for score in scores]
    weights = [math.exp(total - max(totals)) for total in totals]
    shares = [weight / sum(weights) for weight in weights]
    values = list(request.choices.values())
    best = max(range(len(values)), key=shares.__getitem__)
    probabilities = {str(value): share for value, share in zip(values, shares, strict=True)}
    if sum(math.isclose(share, shares[best]) for share in shares) > 1:
        return JudgeReply(value=None, probabilities=probabilities, why_none=ALIKE)
    return JudgeReply(value=values[best], probabilities=probabilities)


def _read(request: JudgePrompt, found: Completion) -> JudgeReply:
    if found.error or not found.generations:
        return JudgeReply(value=None, why_none=found.error or "no reply")
    if found.truncated:
        return JudgeReply(value=None, why_none=TOO_LONG)
    generation = found.generations[0]
    if not generation.thinking_closed:
        return JudgeReply(value=None, why_none="the reasoning trace did not end")
    text = AROUND.sub("", generation.text)
    if text not in request.choices:
        return JudgeReply(value=None, why_none="the reply is none of the allowed ones")
    return JudgeReply(value=request.choices[text])
