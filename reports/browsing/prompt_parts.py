"""A prompt in the parts that a reader looks for: the question in front, examples and template apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audit.core.formatting import counted

if TYPE_CHECKING:
    from audit.core.records import Sample, Span

TURN = re.compile(
    r"(?:<\|im_start\|>|<start_of_turn>|<\|start_header_id\|>)(?P<role>system|user|assistant|model)"
    r"(?:<\|end_header_id\|>)?[ \t]*\n*"
)
"""Where a turn of a chat begins, in the templates of ChatML, Gemma and Llama 3."""
WORD_END, WORD_START = re.compile(r"\w+\Z"), re.compile(r"\A\w+")
END_OF_TURN = re.compile(r"\s*(?:<\|im_end\|>|<end_of_turn>|<\|eot_id\|>)")


@dataclass(frozen=True)
class PromptParts:
    """A prompt, cut into parts; together they are the prompt, but for white space."""

    before: str
    """System text and template before everything else."""
    examples: str
    """Few-shot examples; empty where there are none."""
    n_examples: int
    """How many."""
    question: str
    """What was asked, with the passage it is about and the template's words around its fields."""
    after: str
    """Template after it."""


def prompt_parts(sample: Sample) -> PromptParts:
    """Cut a prompt by its named parts; one without any by the turns of its chat, else it is a question as a whole."""
    prompt, examples = sample.prompt, [span for span in sample.spans if span.kind == "example"]
    start, end = _question(sample)
    if examples and examples[-1].end <= start:
        first, last = examples[0].start, examples[-1].end
        return PromptParts(prompt[:first], prompt[first:last], len(examples), prompt[last:end].lstrip(), prompt[end:])
    return PromptParts(prompt[:start], "", 0, prompt[start:end], prompt[end:])


def question_text(sample: Sample) -> str:
    """The question alone, for a line in a table: the field of that name, or what was asked as a whole.

    Of sentences that are compared without a prompt it is the sentences.
    """
    if not sample.prompt.strip() and sample.choice is not None:
        return " / ".join(option.strip() for option in sample.choice.options)
    fields = _fields(sample)
    named = [span for span in fields if "question" in span.name.lower()]
    if named or fields:
        span = named[-1] if named else fields[0]
        return sample.prompt[span.start : span.end]
    start, end = _question(sample)
    return sample.prompt[start:end].strip()


def changed_text(sample: Sample) -> str | None:
    """What a perturbation changed in a prompt, a line for each part: ``season → seaskn``; None if nothing.

    A change inside a word is shown with the whole word, and wider gaps are counted.
    """
    changed = [span for span in sample.spans if span.kind == "changed" and span.end <= len(sample.prompt)]
    words = [_with_whole_words(sample.prompt, span) for span in changed]
    lines = [f"{before or '(nothing)'} → {after or '(nothing)'}" for before, after in words if before != after]
    gaps = len(words) - len(lines)
    return "\n".join([*lines, *([counted(gaps, "wider gap")] if gaps else [])]) or None


def _with_whole_words(prompt: str, span: Span) -> tuple[str, str]:
    """What was there before a change and what is there now, without white space, up to the ends of their words."""
    after = prompt[span.start : span.end]
    if not (span.name + after).strip():
        return "", ""
    head, tail = prompt[: span.start], prompt[span.end :]
    start = head[len(WORD_END.sub("", head)) :]
    rest = tail[: len(tail) - len(WORD_START.sub("", tail))]
    return f"{start}{span.name}{rest}".strip(), f"{start}{after}{rest}".strip()


def _fields(sample: Sample) -> list[Span]:
    return [span for span in sample.spans if span.kind == "field" and span.end <= len(sample.prompt)]


def _question(sample: Sample) -> tuple[int, int]:
    """Where what was asked begins and ends."""
    prompt, fields = sample.prompt, _fields(sample)
    turns = [turn for turn in TURN.finditer(prompt) if turn["role"] == "user"]
    start, end = 0, len(prompt)
    if fields:
        start = prompt.rfind("\n", 0, fields[0].start) + 1
    if turns and (not fields or turns[-1].end() <= fields[0].start):
        start = turns[-1].end()
        closed = END_OF_TURN.search(prompt, max(start, fields[-1].end if fields else 0))
        end = closed.start() if closed else end
    examples = [span.end for span in sample.spans if span.kind == "example"]
    return max([start, *(last for last in examples if fields and last <= fields[0].start)]), end
