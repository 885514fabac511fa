"""Continuations of prompts from a server: one call per completion, each with a seed of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.core.errors import SamplingUnavailable
from audit.core.records import digest_of
from audit.engine.requests import Completion, GenerateRequest, Generation
from audit.engine.settings import check_server

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from audit.engine.openai_client import Call, Reply
    from audit.engine.openai_prompts import Prompts
    from audit.engine.openai_server import Server

STOPS_AT_MOST = 4
"""Stop strings that the API takes; texts are cut at all of them here."""
SEED_RANGE = 2**31
PROBE = "Once upon a time"
PROBE_SETTINGS = {"max_tokens": 16, "temperature": 2.0, "top_p": 1.0}
PROBES = 4
"""Completions of the hottest temperature that the API knows; all equal, and the server does not sample."""
NO_TEXT = "the server's answer holds no text"
FILTERED = "the server's content filter withheld the answer"
CHAT = (
    "the server has no /completions: each prompt is sent to /chat/completions as one user message, the server applies "
    "its own chat template, and scores differ from those of a local checkpoint"
)
NO_TOKENIZER = (
    "no tokenizer is at hand for this server's model: prompts are sent without chat template, and tasks that need "
    "log-probabilities do not run: name a folder, asset or hub id with it by --tokenizer"
)


@dataclass(frozen=True)
class Part:
    """One answer of the server."""

    generation: Generation | None = None
    """None with an error."""
    prompt_tokens: int = 0
    """Tokens of the prompt, by the server's count."""
    error: str | None = None


class ServerGenerator:
    """Generates on a server.

    Args:
        server: Answers.
        prompts: Makes prompts fit.
    """

    def __init__(self, server: Server, prompts: Prompts) -> None:
        self.server = server
        self.prompts = prompts
        self._told: set[str] = set()
        self._samples: bool | None = None

    def work(
        self, requests: Sequence[GenerateRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions by index as they arrive, and the number of tokens that were read and generated for them.

        Raises:
            SamplingUnavailable: Sampled text is wanted, and the server does not sample.
            SettingUnavailable: A setting is wanted that the API has no word for.
        """
        for index in missing:
            check_server(requests[index])
        if any(requests[index].temperature > 0 for index in missing):
            self._check_sampling()
        if self.server.chat:
            self._tell(say, CHAT)
        elif self.prompts.tokenizer is None:
            self._tell(say, NO_TOKENIZER)
        fitted = {index: self.prompts.fit(requests[index].prompt, requests[index].max_new_tokens) for index in missing}
        copies = {index: _copies(requests[index]) for index in missing}
        places = [(index, number) for index in missing for number in copies[index]]
        calls = [self._call(requests[index], fitted[index].text, number) for index, number in places]
        parts: dict[int, dict[int, Part]] = {index: {} for index in missing}
        for position, reply in self.server.client.ask_all(calls):
            index, number = places[position]
            parts[index][number] = self._part(reply, requests[index])
            if len(parts[index]) == len(copies[index]):
                done = parts.pop(index)
                completion = _completion(requests[index], done, fitted[index].truncated)
                if completion.error:
                    self._tell(say, completion.error)
                yield {index: completion}, _tokens(done)

    def _call(self, request: GenerateRequest, prompt: str, number: int) -> Call:
        """The question for one completion. Fields that not every server knows are sent only where they matter."""
        settings: dict[str, Any] = {
            "max_tokens": self.prompts.new_tokens(request.max_new_tokens),
            "temperature": request.temperature,
        }
        if request.temperature > 0:
            settings |= {"top_p": request.top_p, "seed": int(digest_of(request.seed, number)[:8], 16) % SEED_RANGE}
            if request.top_k > 0:
                settings["top_k"] = request.top_k
        stops = [word for word in request.stop if word][:STOPS_AT_MOST]
        return self.server.call(prompt, settings | ({"stop": stops} if stops else {}))

    def _part(self, reply: Reply, request: GenerateRequest) -> Part:
        """One completion from the server's answer."""
        if reply.error:
            return Part(error=f"the server gave no answer: {reply.error}")
        choice, usage = _choice(reply.body), reply.body.get("usage")
        text = _text(choice)
        if text is None:
            return Part(error=NO_TEXT)
        text = text.encode("utf-16", "surrogatepass").decode(
            "utf-16", "replace"
        )  # half a pair cannot be written to disk
        if choice.get("finish_reason") == "content_filter":
            return Part(error=FILTERED)
        cuts = [text.index(word) for word in request.stop if word and word in text]
        reason = "length" if choice.get("finish_reason") == "length" and not cuts else "stop"
        count = _number(usage, "completion_tokens")
        generation = Generation(
            text[: min(cuts)] if cuts else text, self.prompts.count(text) if count is None else count, reason
        )
        return Part(generation, _number(usage, "prompt_tokens") or 0)

    def _check_sampling(self) -> None:
        """Ask once whether the temperature does anything: a probe that samples would measure greedy answers.

        ``transformers serve`` leaves sampling to the checkpoint's own generation config, for instance.
        """
        if self._samples is None:
            calls = [self.server.call(PROBE, {**PROBE_SETTINGS, "seed": seed}) for seed in range(PROBES)]
            replies = [reply for _, reply in self.server.client.ask_all(calls)]
            if any(reply.error for reply in replies):
                return
            self._samples = len({_text(_choice(reply.body)) for reply in replies}) > 1
        if not self._samples:
            msg = (
                f"{self.server.name}: the server does not sample: {PROBES} completions at temperature 2 were equal: "
                "start it with do_sample in the checkpoint's generation_config.json, or use another server"
            )
            raise SamplingUnavailable(msg)

    def _tell(self, say: Callable[[str], None], line: str) -> None:
        """Say a line once."""
        if line not in self._told:
            self._told.add(line)
            say(line)


def _copies(request: GenerateRequest) -> range:
    """Numbers of the completions that are asked for: greedy ones are equal, one is enough."""
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


def _choice(body: dict[str, Any]) -> dict[str, Any]:
    """The first choice of an answer; empty where there is none."""
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else {}


def _text(choice: dict[str, Any]) -> str | None:
    """The text of a choice, of either endpoint; a refusal is a text too. None where there is no place for one."""
    message = choice.get("message", choice)
    if not isinstance(message, dict) or not ({"text", "content", "refusal"} & message.keys()):
        return None
    said = message.get("text") or message.get("content") or message.get("refusal") or ""
    return said if isinstance(said, str) else None


def _number(usage: object, name: str) -> int | None:
    """A count of the answer's ``usage``."""
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and value >= 0 else None
