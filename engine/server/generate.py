"""Continuations of prompts from a server: one call per completion, each with its own seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from audit.core.errors import SamplingUnavailable, SettingUnavailable
from audit.core.records import digest_of
from audit.engine.requests import Completion, GenerateRequest, Generation
from audit.engine.server.answer import choice_of, number_of, text_of, trace_of
from audit.engine.settings import check_server
from audit.engine.thinking import Split

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audit.engine.server.client import Call, Reply
    from audit.engine.server.contact import Server
    from audit.engine.server.prompts import Fitted, Prompts
    from audit.engine.thinking import Thinking

STOPS_AT_MOST = 4
"""Maximum number of stop strings that the API accepts; here texts are cut at all of them."""
SEED_RANGE = 2**31
PROBE = "Once upon a time"
PROBE_SETTINGS = {"max_tokens": 16, "temperature": 2.0, "top_p": 1.0}
PROBES = 4
"""Completions at the highest temperature of the API; if all are equal, the server does not sample."""
SHOW_SPECIAL = {"skip_special_tokens": False}
"""The field of vLLM and SGLang that keeps special tokens in the text."""
REFUSED = {400, 422}
"""Statuses for a field that a server does not accept."""
NO_TEXT = "the server's answer contains no text"
TOO_LONG = "the server ignores the token limit: it sent {} tokens, the limit was {}"
SLACK = 1.25
"""Tolerance: tokens counted here per token allowed, because a text may be tokenised differently than it was
generated."""
FILTERED = "the server's content filter withheld the answer"
CHAT = (
    "the server has no /completions: each prompt is sent to /chat/completions as one user message, the server applies "
    "its own chat template, and scores differ from those of a local checkpoint"
)
NO_TOKENIZER = (
    "no tokenizer is known for this server's model: prompts are sent without a chat template, and tasks that need "
    "log-probabilities do not run: name its folder, asset or hub id with --tokenizer"
)


@dataclass(frozen=True)
class Part:
    """One answer of the server."""

    generation: Generation | None = None
    """Empty with an error."""
    prompt_tokens: int = 0
    """Tokens of the prompt, as the server counts them."""
    error: str | None = None


@dataclass(frozen=True)
class Length:
    """Length of an answer."""

    tokens: int
    """Including the reasoning trace."""
    certain: bool
    """Whether the server counted them."""


class ServerGenerator:
    """Generates on a server.

    Args:
        server: The server.
        prompts: Makes prompts fit.
    """

    def __init__(self, server: Server, prompts: Prompts) -> None:
        self.server = server
        self.prompts = prompts
        self._reported: set[str] = set()
        self._samples: bool | None = None
        self._takes_field: bool | None = None
        self._thinks = False

    def work(
        self,
        requests: Sequence[GenerateRequest],
        missing: Collection[int],
        say: Callable[[str], None],
        thinking: Thinking,
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions by index as they arrive, and the number of tokens read and generated for them.

        Args:
            requests: All of a call.
            missing: Indices of those that are asked for.
            say: Receives messages to the user.
            thinking: What is known of the checkpoint's reasoning traces.

        Raises:
            SamplingUnavailable: Sampled text is wanted, and the server does not sample.
            SettingUnavailable: A setting is wanted that the API has no word for, or the server hides the markers of
                reasoning traces.
        """
        self._check([requests[index] for index in missing], thinking)
        if self.server.chat:
            self._tell(say, CHAT)
        elif self.prompts.tokenizer is None:
            self._tell(say, NO_TOKENIZER)
        fitted = {index: self.prompts.fit(requests[index].prompt, requests[index].max_new_tokens) for index in missing}
        copies = {index: _copies(requests[index]) for index in missing}
        parts: dict[int, dict[int, Part]] = {index: {} for index in missing}
        places = [(index, number) for index in missing for number in copies[index]]
        for again in (False, True):
            calls = [
                self._call(requests[index], fitted[index], number, thinking, again=again) for index, number in places
            ]
            late = []
            for position, reply in self.server.client.ask_all(calls):
                index, number = places[position]
                part = self._part(reply, requests[index], fitted[index], calls[position], thinking, again=again)
                if part is None:
                    late.append(places[position])
                    continue
                parts[index][number] = part
                if len(parts[index]) == len(copies[index]):
                    yield self._finished(index, requests[index], parts.pop(index), fitted[index].truncated, say)
            if not (places := late):
                return

    def _check(self, requests: Sequence[GenerateRequest], thinking: Thinking) -> None:
        """Make sure that the server supports the requests."""
        for request in requests:
            check_server(request)
        if any(request.temperature > 0 for request in requests):
            self._check_sampling()
        if self._shows_markers(thinking):
            self._check_markers()

    def _finished(
        self, index: int, request: GenerateRequest, parts: dict[int, Part], truncated: int, say: Callable[[str], None]
    ) -> tuple[dict[int, Completion], int]:
        """The completion of a request with all its answers; each kind of error is reported once."""
        completion = _completion(request, parts, truncated)
        if completion.error:
            self._tell(say, completion.error)
        return {index: completion}, _tokens(parts)

    def _call(self, request: GenerateRequest, fitted: Fitted, number: int, thinking: Thinking, *, again: bool) -> Call:
        """The call for one completion. Fields that not every server knows are only sent if they matter.

        Stop strings are for the answer. A server that thinks would look for them in its thinking too, so it gets none.
        One that is asked again has shown that it thinks.
        """
        thinks = again or self._is_thinking(request, thinking)
        settings: dict[str, Any] = {
            "max_tokens": _bound(request, fitted, thinking.tokens if thinks else 0),
            "temperature": request.temperature,
        }
        if self._shows_markers(thinking):
            settings |= SHOW_SPECIAL
        if request.temperature > 0:
            settings |= {"top_p": request.top_p, "seed": int(digest_of(request.seed, number)[:8], 16) % SEED_RANGE}
            if request.top_k > 0:
                settings["top_k"] = request.top_k
        stops = [word for word in request.stop if word][:STOPS_AT_MOST]
        return self.server.call(fitted.text, settings | ({"stop": stops} if stops and not thinks else {}))

    def _shows_markers(self, thinking: Thinking) -> bool:
        """Whether the text must hold special tokens, because markers of traces are made of them.

        vLLM leaves them out unless it is asked for them, and a trace would look like an answer. A chat endpoint is
        left to keep traces apart itself.
        """
        words = [word for markers in thinking.expected for word in (*markers.starts, markers.end)]
        return not self.server.chat and any(special in word for special in self.prompts.specials for word in words)

    def _is_thinking(self, request: GenerateRequest, thinking: Thinking) -> bool:
        """Whether an answer is likely to follow a reasoning trace.

        Behind a chat endpoint the end of the prompt is out of sight: there the checkpoint's markers decide.
        """
        if self.server.chat:
            return self._thinks or (self.prompts.tokenizer is not None and bool(thinking.expected))
        if thinking.closed_by(request.prompt):
            return False
        return self._thinks or bool(thinking.assumed or thinking.opened_by(request.prompt))

    def _part(
        self, reply: Reply, request: GenerateRequest, fitted: Fitted, call: Call, thinking: Thinking, *, again: bool
    ) -> Part | None:
        """One completion from the server's answer; None if a trace came unexpectedly: ask again, once."""
        if reply.error:
            return Part(error=f"the server gave no answer: {reply.error}")
        choice, usage = choice_of(reply.body), reply.body.get("usage")
        text, trace = text_of(choice), trace_of(choice)
        if text is None:
            return Part(error=NO_TEXT)
        finish = choice.get("finish_reason")
        if finish == "content_filter":
            return Part(error=FILTERED)
        split = self._split(text, trace, request.prompt, thinking, is_cut=finish == "length")
        sent = call.body or {}
        bound, length = int(sent[self.server.bound]), self._length(text, trace, usage)
        if split.thinking is not None:
            self._thinks = True
            short = finish == "length" and bound < _bound(request, fitted, thinking.tokens)
            if not again and (short or (not split.answer and finish != "length" and "stop" in sent)):
                return None
        if (length.certain and length.tokens > bound) or length.tokens > SLACK * bound + 1:
            return Part(error=TOO_LONG.format(f"{length.tokens:,}", f"{bound:,}"))
        answer, is_cut = self._answer(split, request, bound, usage, is_cut=finish == "length")
        tokens = self._thinking_tokens(split.thinking, usage)
        ending: Literal["length", "stop"] = "length" if is_cut else "stop"
        generation = Generation(answer, length.tokens, ending, split.thinking, tokens, split.closed)
        return Part(generation, number_of(usage, "prompt_tokens") or 0)

    def _split(self, text: str, trace: str | None, prompt: str, thinking: Thinking, *, is_cut: bool) -> Split:
        """Trace and answer, whether the server separates them or not, both without special tokens."""
        if trace is not None:
            return Split(text, trace, bool(text) or not is_cut)
        split = thinking.split(text, "" if self.server.chat else prompt, cut=is_cut)
        if not self._shows_markers(thinking):
            return split
        plain = self.prompts.without_specials
        return Split(plain(split.answer), plain(split.thinking or "").strip() or None, split.closed)

    def _answer(
        self, split: Split, request: GenerateRequest, bound: int, usage: object, *, is_cut: bool
    ) -> tuple[str, bool]:
        """An answer up to the first stop string and its token limit, and whether the limit ended it.

        A bound that was sent with room for a trace leaves more than its own to the answer. Without a tokenizer such an
        answer cannot be cut, but it counts as cut where the server has counted it.
        """
        text, most = split.answer, request.max_new_tokens
        cuts = [text.index(word) for word in request.stop if word and word in text]
        text = text[: min(cuts)] if cuts else text
        first = self.prompts.first(text, most) if bound > most else None
        if first is not None:
            return first, True
        unseen = bound > most and self.prompts.tokenizer is None and _answer_tokens(split, usage) > most
        return text, not cuts and (is_cut or unseen)

    def _length(self, text: str, thinking: str | None, usage: object) -> Length:
        """Tokens of an answer including its trace: by the server's count, else counted here."""
        count = number_of(usage, "completion_tokens")
        if count is not None:
            return Length(count, certain=True)
        return Length(self.prompts.count(text) + self.prompts.count(thinking or ""), certain=False)

    def _thinking_tokens(self, thinking: str | None, usage: object) -> int:
        """Tokens of a reasoning trace: by the server's count, else counted here."""
        if thinking is None:
            return 0
        count = _reasoning_tokens(usage)
        return self.prompts.count(thinking) if count is None else count

    def _check_sampling(self) -> None:
        """Ask once whether the temperature has an effect: otherwise a sampling probe would measure greedy answers.

        ``transformers serve`` leaves sampling to the checkpoint's own generation config, for instance.
        """
        if self._samples is None:
            calls = [self.server.call(PROBE, {**PROBE_SETTINGS, "seed": seed}) for seed in range(PROBES)]
            replies = [reply for _, reply in self.server.client.ask_all(calls)]
            if any(reply.error for reply in replies):
                return
            choices = [choice_of(reply.body) for reply in replies]
            self._samples = len({(text_of(choice), trace_of(choice)) for choice in choices}) > 1
        if not self._samples:
            msg = (
                f"{self.server.name}: the server does not sample: {PROBES} completions at temperature 2 are equal: "
                "start it with do_sample in the checkpoint's generation_config.json, or use another server"
            )
            raise SamplingUnavailable(msg)

    def _check_markers(self) -> None:
        """Ask once whether the server accepts the field that keeps special tokens in the text.

        Raises:
            SettingUnavailable: It refuses it, so that its answers could hold traces that nothing marks.
        """
        if self._takes_field is None:
            reply = self.server.client.ask(self.server.call(PROBE, {"max_tokens": 1, "temperature": 0, **SHOW_SPECIAL}))
            if reply.error and reply.status not in REFUSED:
                return
            self._takes_field = not reply.error
        if not self._takes_field:
            msg = (
                f"{self.server.name}: the server hides the markers of reasoning traces: they are special tokens, and "
                "it refuses skip_special_tokens: use a server that accepts it (vLLM, SGLang)"
            )
            raise SettingUnavailable(msg)

    def _tell(self, say: Callable[[str], None], line: str) -> None:
        """Report a line once."""
        if line not in self._reported:
            self._reported.add(line)
            say(line)


def _reasoning_tokens(usage: object) -> int | None:
    """Tokens of a reasoning trace by the server's count."""
    return number_of(usage.get("completion_tokens_details") if isinstance(usage, dict) else None, "reasoning_tokens")


def _answer_tokens(split: Split, usage: object) -> int:
    """Tokens of an answer without its trace by the server's count; 0 if it did not count them separately."""
    trace = _reasoning_tokens(usage)
    if trace is None and split.thinking is not None:
        return 0
    return (number_of(usage, "completion_tokens") or 0) - (trace or 0)


def _bound(request: GenerateRequest, fitted: Fitted, trace: int) -> int:
    """Token limit to request: for the answer, and for a trace if one is expected."""
    wanted = request.max_new_tokens + trace
    return wanted if fitted.room is None else min(wanted, fitted.room)


def _copies(request: GenerateRequest) -> range:
    """Numbers of the requested completions: greedy ones are equal, so one is enough."""
    return range(request.first, request.first + (request.n if request.temperature > 0 else 1))


def _completion(request: GenerateRequest, parts: dict[int, Part], truncated: int) -> Completion:
    """All completions of a request; an error of one is an error of all."""
    ordered = [parts[number] for number in sorted(parts)]
    prompt_tokens = max(part.prompt_tokens for part in ordered)
    error = next((part.error for part in ordered if part.error), None)
    if error:
        return Completion((), prompt_tokens, truncated, error)
    generations = tuple(part.generation for part in ordered if part.generation)
    return Completion(generations if len(parts) == request.n else generations * request.n, prompt_tokens, truncated)


def _tokens(parts: dict[int, Part]) -> int:
    """Tokens that the server read and generated."""
    return sum(part.prompt_tokens + (part.generation.token_count if part.generation else 0) for part in parts.values())
