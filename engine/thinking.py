"""Reasoning traces: how checkpoints mark them, and where in a text the answer begins.

A trace counts only at the beginning of a text. It is found by the markers in the text itself, or by the end of the
prompt if the chat template has already opened it; the checkpoint's name is never used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Markers:
    """How one family of checkpoints writes a trace."""

    starts: tuple[str, ...]
    """Any of these opens it; empty if only the end is known."""
    end: str
    """Closes it: the answer follows."""
    glue: str = ""
    """Comes between the trace's last word and ``end`` and belongs to neither."""

    @property
    def on_lines(self) -> bool:
        """Whether the markers are written on lines of their own, as checkpoints write those that look like tags."""
        return self.end.startswith("</")


GPT_OSS = Markers(
    ("<|channel|>analysis<|message|>", "<|channel|>commentary<|message|>"),
    "<|channel|>final<|message|>",
    "<|end|><|start|>assistant",
)
"""OpenAI's harmony format: a message per channel; the answer is the one in the channel ``final``."""

FAMILIES: tuple[Markers, ...] = (
    Markers(("<think>",), "</think>"),  # DeepSeek R1, Qwen 3, GLM 4.5, SmolLM3, Nemotron, MiniMax M2, Olmo 3, …
    Markers(("<thinking>",), "</thinking>"),
    Markers(("<thought>",), "</thought>"),  # EXAONE Deep
    Markers(("<Thought>",), "</Thought>"),  # Marco-o1
    Markers(("<reasoning>",), "</reasoning>"),  # Reka Flash 3
    Markers(("<seed:think>",), "</seed:think>"),  # Seed-OSS
    Markers(("[THINK]",), "[/THINK]"),  # Magistral
    Markers(("<|START_THINKING|>",), "<|END_THINKING|>"),  # Command A Reasoning
    Markers(("◁think▷",), "◁/think▷"),  # Kimi
    Markers(("<|begin_of_thought|>",), "<|end_of_thought|>"),  # Sky-T1, OpenThinker
    Markers(("<|inner_prefix|>",), "<|inner_suffix|>"),  # Apertus
    Markers(("<|channel>thought",), "<channel|>"),  # Gemma 4
    GPT_OSS,
)


@dataclass(frozen=True)
class Split:
    """A text in its two parts."""

    answer: str
    """The text after the trace, without leading white space; the whole text if there is no trace."""
    thinking: str | None = None
    """The trace without markers and surrounding white space; None if there is none, or it is empty."""
    closed: bool = True
    """False if the text ends inside the trace; the answer is empty then."""


@dataclass(frozen=True)
class Around:
    """What a checkpoint writes around a trace: for a prompt that has one already, or a part of one."""

    before: str
    """Between prompt and trace."""
    after: str
    """Between trace and answer."""

    def opened(self, prompt: str, trace: str) -> str:
        """A prompt within a trace: what follows goes on with it."""
        return f"{prompt}{self.before}{trace}"

    def closed(self, prompt: str, trace: str) -> str:
        """A prompt behind a trace: the answer follows."""
        return f"{prompt}{self.before}{trace.strip()}{self.after}"


@dataclass(frozen=True)
class Thinking:
    """What is known about a checkpoint's traces before it has written any."""

    families: tuple[Markers, ...] = FAMILIES
    """Markers to look for."""
    expected: tuple[Markers, ...] = ()
    """Those in the tokenizer's added tokens or the chat template; all if neither is available."""
    assumed: Markers | None = None
    """A text is taken to begin inside this trace, because the user has named the marker that ends it. One that ends by
    itself without the marker is an answer."""
    tokens: int = 2048
    """Maximum tokens of a trace, in addition to those of the answer."""

    @property
    def identity(self) -> tuple[str, ...]:
        """What determines texts, for keys of stored answers: settings, and what the chosen template expects."""
        ends = ",".join(markers.end for markers in self.expected)
        return (f"think_end={self.assumed.end if self.assumed else None}", f"thinking_tokens={self.tokens}", ends)

    def opened_by(self, prompt: str) -> Markers | None:
        """The trace that a prompt leaves open at its end, as some chat templates do."""
        end = prompt.rstrip()
        return next((m for m in self.families if any(end.endswith(start) for start in m.starts)), None)

    def closed_by(self, prompt: str) -> bool:
        """Whether a prompt ends with a trace that is closed already (``enable_thinking: false``)."""
        return any(prompt.rstrip().endswith(markers.end) for markers in self.families)

    def around(self, prompt: str) -> Around | None:
        """What comes before and behind a trace after this prompt; None where no marker is known, or none can follow.

        Without tokenizer and template, any family is looked for, and none is known to be the checkpoint's.

        Traces are stored without the white space around them, which differs from checkpoint to checkpoint. Markers
        that look like tags are on lines of their own, with a blank line before the answer, as in the chat templates of
        Qwen 3 and DeepSeek R1; others touch the trace.
        """
        named = () if self.expected == FAMILIES else self.expected  # all are expected where nothing is at hand
        markers = self.opened_by(prompt) or self.assumed or next(iter(named), None)
        if markers is None or self.closed_by(prompt):
            return None
        break_ = "\n" if markers.on_lines else ""
        if self.opened_by(prompt) or not markers.starts:
            before = "" if prompt[-1:].isspace() else break_
        else:
            before = f"{markers.starts[0]}{break_}"
        return Around(before, f"{break_}{markers.glue}{markers.end}{break_ * 2}")

    def begun(self, text: str) -> Markers | None:
        """The trace that a text begins with; an end marker alone counts as an empty one."""
        start = text.lstrip()
        return next((m for m in self.families if start.startswith((*m.starts, m.end))), None)

    def undecided(self, text: str) -> bool:
        """Whether the next characters may still turn the beginning of a text into a marker."""
        start = text.lstrip().removesuffix("\ufffd")  # a character whose other bytes are still to come
        words = (word for m in self.families for word in (*m.starts, m.end))
        return self.begun(text) is None and any(word.startswith(start) for word in words)

    def ended_by(self, text: str) -> Markers | None:
        """The expected family whose end marker a text holds, although nothing opened the trace in sight."""
        return next((markers for markers in self.expected if markers.end in text), None)

    def split(self, text: str, prompt: str = "", *, cut: bool = False) -> Split:
        """Trace and answer of a finished text.

        An end marker without a start (a server's template opened the trace out of sight) ends a trace too.

        Args:
            text: As it was generated, special tokens included where they are at hand.
            prompt: What it continues; empty where it is not known.
            cut: Whether the bound of tokens ended it: inside a trace that is only assumed, that is no answer.
        """
        if self.closed_by(prompt):
            return Split(text)
        markers = self.begun(text) or self.opened_by(prompt) or self.ended_by(text) or (self.assumed if cut else None)
        if markers is None:
            return Split(text)
        trace, end, answer = text.partition(markers.end)
        return Split(answer.lstrip() if end else "", clean(trace, markers), bool(end))


def thinking_of(tokenizer: PreTrainedTokenizerBase | None, end: str | None = None, tokens: int = 2048) -> Thinking:
    """What a tokenizer and its chat template say about a checkpoint's traces.

    Args:
        tokenizer: The checkpoint's; None where it is not at hand.
        end: Marker that ends a trace, from the user; None takes the known families.
        tokens: Tokens that a trace may take.
    """
    if end:
        known = next((markers for markers in FAMILIES if markers.end == end), Markers((), end))
        return Thinking((known,), (known,), known, tokens)
    if tokenizer is None:
        return Thinking(expected=FAMILIES, tokens=tokens)
    template = getattr(tokenizer, "chat_template", None) or ""
    texts = [*(template.values() if isinstance(template, dict) else [template])]
    added: dict[str, int] = getattr(tokenizer, "get_added_vocab", dict)()
    expected = [m for m in FAMILIES if m.end in added or any(m.end in text for text in texts) or _harmony(m, added)]
    return Thinking(expected=tuple(expected), tokens=tokens)


def _harmony(markers: Markers, added: dict[str, int]) -> bool:
    """Whether these are gpt-oss's markers, which consist of several tokens, and the tokenizer has them."""
    return markers is GPT_OSS and {"<|channel|>", "<|message|>"} <= added.keys()


def clean(trace: str, markers: Markers) -> str | None:
    """A trace without its markers and the white space around it; None for an empty one."""
    text = trace.strip()
    start = next((word for word in markers.starts if text.startswith(word)), "")
    return text.removeprefix(start).removesuffix(markers.glue).strip() or None
