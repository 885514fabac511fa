"""The bridge: an lm-eval ``LM`` that asks the audit's engine."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from lm_eval.api.model import TemplateLM
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, postprocess_generated_text
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from audit.engine.requests import GenerateRequest, ScoreRequest
from audit.engine.settings import bound, of_request
from audit.evals.asking import check_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lm_eval.api.instance import Instance
    from transformers import PreTrainedTokenizerBase

    from audit.core.records import Flag
    from audit.engine.engine import Engine
    from audit.engine.requests import Completion, Score

Joining = Literal["exact", "lm_eval"]
"""How to find the tokens of a text that follows another."""
DEFAULT_NEW_TOKENS = 256
"""Maximum generated tokens if the task sets no limit; lm-eval's own default."""
NO_TARGET = "the continuation adds no token to the context"


@dataclass(frozen=True)
class Remark:
    """Information that lm-eval's answer format cannot hold."""

    error: str | None = None
    """Why the answer cannot be used."""
    truncated: int = 0
    """Number of prompt tokens dropped from the left."""
    tokens_in: int = 0
    """Number of prompt tokens; for likelihoods, context and target."""
    tokens_out: int = 0
    """Number of generated tokens."""
    cut: bool = False
    """Whether generation ended at the token limit, or inside the reasoning trace, before an answer was complete."""
    thinking: str | None = None
    """Reasoning trace before the answer; None if there was none."""
    thinking_tokens: int | None = None
    """Number of its tokens; 0 if there was none, None if nobody counted them."""
    unanswered: Flag | None = None
    """``thinking_cut`` or ``thinking_only`` where the text ended inside it."""
    system_merged: bool = False
    """Whether the chat template has no system turn, so that its text opens the user's."""


class HarnessLM(TemplateLM):  # type: ignore[misc]  # lm-eval is not typed
    """Runs every lm-eval task on an :class:`audit.engine.Engine`.

    Tokens, truncation from the left, greedy flags and stop strings are those of lm-eval's ``HFLM``
    (0.4.13). A request that fails answers NaN or an empty text, which lm-eval would happily score:
    look the item up in :attr:`remarks` before believing its score.

    Args:
        engine: Answers the requests.
        seed: Seeds sampled generations, together with prompt and repeat.
        joining: ``exact`` or ``lm_eval``: how the tokens of a text that follows another are found.

    Attributes:
        remarks: Remarks by (task name, position of the document in lm-eval's iterator).
    """

    def __init__(self, engine: Engine, *, seed: int = 0, joining: Joining = "exact") -> None:
        super().__init__()
        self.engine = engine
        self.seed = seed
        self.joining = joining
        self.remarks: dict[tuple[str | None, int | None], list[Remark]] = defaultdict(list)
        self._system_merged: set[str] = set()

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The checkpoint's tokenizer."""
        return self.engine.tokenizer

    @property
    def eot_token_id(self) -> int | None:
        """The tokenizer's end of sequence; None if a server's tokenizer is not available."""
        if not self.engine.has_tokenizer:
            return None
        token = self.tokenizer.eos_token_id
        return token if isinstance(token, int) else None

    @property
    def prefix_token_id(self) -> int:
        """The token used for an empty context."""
        return self.engine.prefix_token_id

    @property
    def max_length(self) -> int:
        """Context length in tokens."""
        return self.engine.max_length

    @property
    def tokenizer_name(self) -> str:
        """Content digest of the checkpoint, never its path."""
        return self.engine.record.digest

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_: object) -> list[int]:
        """Token ids by the engine's rule for special tokens, which is lm-eval's."""
        return self.engine.encode(string, add_special_tokens=add_special_tokens)

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """A conversation as text, by the engine's rule; an unfinished answer is left open."""
        made = self.engine.chat_text(
            chat_history,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )
        if made.system_merged:
            self._system_merged.add(made.text)
        return made.text

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = True) -> list[tuple[float, bool]]:
        """Log-likelihood (nats) of each continuation and whether greedy decoding would give it."""
        del disable_tqdm
        asked = [self.engine.encode_pair(*instance.args[:2], rule=self.joining) for instance in requests]
        remarks, answers = self._score(asked)
        for instance, remark in zip(requests, remarks, strict=True):
            self._keep(instance, remark)
        return answers

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = True) -> list[float]:
        """Log-likelihood (nats) of whole texts, in windows of the model's context that do not overlap."""
        del disable_tqdm
        windows = [self._windows(instance.args[0]) for instance in requests]
        remarks, answers = self._score([window for text in windows for window in text])
        totals, start = [], 0
        for instance, text in zip(requests, windows, strict=True):
            mine = slice(start, start + len(text))
            start += len(text)
            for remark in remarks[mine]:
                self._keep(instance, remark)
            totals.append(math.fsum(total for total, _ in answers[mine]))
        return totals

    def _loglikelihood_tokens(
        self, requests: list[tuple[tuple[str, str], list[int], list[int]]], **_: object
    ) -> list[tuple[float, bool]]:
        """Requests that are already tokens, as required by lm-eval's base class."""
        return self._score([ScoreRequest(tuple(context), tuple(target)) for _, context, target in requests])[1]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = True) -> list[str]:
        """Continuations of prompts up to the first stop string, the end of text, or the token limit."""
        del disable_tqdm
        asked = self.asked(requests)
        completions = self.completions([request for request, _ in asked])
        texts = []
        for instance, (_, until), completion in zip(requests, asked, completions, strict=True):
            self._keep(instance, _generation_remark(completion))
            raw = completion.generations[0].text if completion.generations else ""
            texts.append(str(postprocess_generated_text(raw, until, None)))
        return texts

    def asked(self, requests: Sequence[Instance]) -> list[tuple[GenerateRequest, list[str]]]:
        """The engine's request and the stop strings of each of lm-eval's; equal prompts have seeds of their own."""
        seen: Counter[str] = Counter()
        asked = []
        for instance in requests:
            prompt, settings = instance.args[:2]
            asked.append(self._generate_request(prompt, settings, repeat=self.repeat_of(seen[prompt])))
            seen[prompt] += 1
        return asked

    def repeat_of(self, earlier: int) -> int:
        """The number that makes a prompt's seed differ from that of the same prompt, asked earlier.

        Args:
            earlier: How often it was asked before.
        """
        return earlier

    def completions(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """The engine's answers."""
        return self.engine.generate(requests)

    def _score(self, asked: Sequence[ScoreRequest]) -> tuple[list[Remark], list[tuple[float, bool]]]:
        """Remarks and answers of likelihood requests; an empty target is a failure, not certainty."""
        remarks, answers = [], []
        for request, score in zip(asked, self.engine.score(asked), strict=True):
            remark = _score_remark(request, score)
            remarks.append(remark)
            answers.append((math.nan, False) if remark.error else (score.total, score.is_greedy))
        return remarks, answers

    def _windows(self, text: str) -> list[ScoreRequest]:
        """A text as windows of the model's context, each token predicted once.

        A beginning-of-sequence token that the tokenizer puts first is the context of the first token and no token of
        the text; lm-eval predicts it, too.
        """
        tokens = self.tok_encode(text)
        if self.joining == "exact" and tokens[:1] == [self.prefix_token_id]:
            tokens = tokens[1:]
        windows = get_rolling_token_windows(
            token_list=tokens,
            prefix_token=self.prefix_token_id,
            max_seq_len=self.max_length,
            context_len=1,
        )
        pairs = [make_disjoint_window(window) for window in windows]
        return [ScoreRequest(tuple(context), tuple(target)) for context, target in pairs]

    def _generate_request(
        self, prompt: str, settings: dict[str, Any], *, repeat: int
    ) -> tuple[GenerateRequest, list[str]]:
        """A request of the engine from lm-eval's generation settings, and its stop strings."""
        check_settings(settings)
        given = {key: value for key, value in settings.items() if value is not None}
        options: dict[str, Any] = dict(normalize_gen_kwargs(given, DEFAULT_NEW_TOKENS))
        end = None if self.eot_token_id is None else str(self.tokenizer.decode([self.eot_token_id]))
        until = handle_stop_sequences(options.get("until"), eos=end)
        chosen = of_request(options)
        request = GenerateRequest(
            prompt=prompt,
            max_new_tokens=bound(options),
            seed=_request_seed(self.seed, prompt, repeat) if chosen.get("temperature") else 0,
            stop=tuple(stop for stop in until if stop),
            **chosen,
        )
        return request, until

    def _keep(self, instance: Instance, remark: Remark) -> None:
        """Store a remark for the document that the request belongs to."""
        if str(instance.args[0]) in self._system_merged:
            remark = replace(remark, system_merged=True)
        self.remarks[instance.task_name, instance.doc_id].append(remark)


def _score_remark(request: ScoreRequest, score: Score) -> Remark:
    """The remark on a likelihood answer."""
    error = score.error or (None if request.target_ids else NO_TARGET)
    return Remark(error, score.truncated, len(request.context_ids) + len(request.target_ids))


def _generation_remark(completion: Completion) -> Remark:
    """The remark on a generated answer."""
    error = completion.error or (None if completion.generations else "the engine returned no text")
    tokens = sum(generation.token_count for generation in completion.generations)
    cut = any(one.finish_reason == "length" for one in completion.generations)
    first = next(iter(completion.generations), None)
    return Remark(
        error,
        completion.truncated,
        completion.prompt_tokens,
        tokens,
        cut,
        thinking=first.thinking if first else None,
        thinking_tokens=first.counted_thinking if first else None,
        unanswered=first.unanswered if first else None,
    )


def _request_seed(seed: int, prompt: str, repeat: int) -> int:
    """Seed of one sampled request, independent of other requests."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{repeat}/{prompt}".encode()).digest()[:4])
