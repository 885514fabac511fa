"""The engine: requests go in, log-probabilities and generations come out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from audit.core.errors import ScoringUnavailable, UsageError, WhiteBoxUnavailable
from audit.core.progress import Progress, Silent
from audit.engine.chat import check_chosen, render
from audit.engine.requests import Completion, GenerateRequest, Score, ScoreRequest
from audit.engine.shared_encoding import SharedEncoding, is_separable
from audit.engine.thinking import Thinking

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import nn
    from transformers import PreTrainedTokenizerBase

    from audit.core.records import ModelRecord
    from audit.engine.chat import ChatText
    from audit.engine.journal import Journal
    from audit.engine.requests import Assignment

PROBE = "a"
"""A text that reveals what a tokenizer adds around texts."""


class Engine(ABC):
    """A loaded checkpoint. Suites only know this interface.

    Attributes:
        record: What was loaded, by content; goes into the manifest.
        progress: Receives progress reports; see :meth:`at_work`.
        journal: Where answers are kept as they arrive; None keeps nothing.
        share: What this process, one of several shards, answers of each call; None answers everything.
        thinking: What is known of the checkpoint's reasoning traces.
        chat_template_args: Variables of the chat template, ``enable_thinking`` for instance.
    """

    record: ModelRecord
    progress: Progress
    journal: Journal | None
    share: Assignment | None
    thinking: Thinking
    chat_template_args: Mapping[str, Any]
    computes: ClassVar[bool] = True
    """Whether it can answer what is not in the journal."""
    _tokenizer: PreTrainedTokenizerBase | None = None

    def __init__(self) -> None:
        """Start silent and without a journal."""
        self.progress = Silent()
        self.journal = None
        self.share = None
        self.thinking = Thinking()
        self.chat_template_args = {}

    @contextmanager
    def at_work(
        self, progress: Progress, journal: Journal | None = None, share: Assignment | None = None
    ) -> Iterator[None]:
        """Report progress to a listener and store answers in a journal until the block ends.

        Args:
            progress: Listener of the work.
            journal: Where answers are kept as they arrive, and looked up before they are computed.
            share: What this shard answers of each call, which then ends with
                :class:`~audit.core.errors.AnswersElsewhere`; None answers everything.
        """
        before = self.progress, self.journal, self.share
        self.progress, self.journal, self.share = progress, journal, share
        try:
            yield
        finally:
            self.progress, self.journal, self.share = before

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The checkpoint's tokenizer.

        Raises:
            ScoringUnavailable: It is a server's model, and its tokenizer is not at hand.
        """
        if self._tokenizer is None:
            msg = f"{self.record.name}: no tokenizer: name its folder, asset or hub id with --tokenizer"
            raise ScoringUnavailable(msg)
        return self._tokenizer

    @tokenizer.setter
    def tokenizer(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self.__dict__.pop("_added_tokens", None)
        self.__dict__.pop("_shared", None)

    @property
    def has_tokenizer(self) -> bool:
        """Whether the tokenizer is available; only a server's may be missing."""
        return self._tokenizer is not None

    @abstractmethod
    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """Log-probabilities of targets given contexts, in the order of the requests.

        Contexts longer than the model's lose tokens from the left (``Score.truncated``).
        """

    @abstractmethod
    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """Continuations of prompts, in the order of the requests."""

    @property
    @abstractmethod
    def model(self) -> nn.Module:
        """The torch module, for gradients and attentions.

        Raises:
            WhiteBoxUnavailable: The checkpoint is not local.
        """

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector per text, shape (texts, dimension): see :mod:`audit.engine.local.states.embed`.

        Raises:
            WhiteBoxUnavailable: The checkpoint is not local, or its architecture has no state for each token.
        """
        msg = f"{self.record.name}: hidden states need a local checkpoint ({len(texts):,} texts)"
        raise WhiteBoxUnavailable(msg)

    def logits(self, requests: Sequence[ScoreRequest]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Logits over the whole vocabulary at each target position: see :mod:`audit.engine.local.states.logits`.

        Raises:
            WhiteBoxUnavailable: The checkpoint is not local.
        """
        msg = f"{self.record.name}: whole next-token distributions need a local checkpoint ({len(requests):,} prompts)"
        raise WhiteBoxUnavailable(msg)

    def check_scoring(self) -> None:  # noqa: B027 - a local checkpoint can always score
        """Make sure that :meth:`score` can answer.

        Raises:
            ScoringUnavailable: It is a server's model, and the server does not return log-probabilities.
        """

    def check_sound(self) -> None:  # noqa: B027 - a server's weights cannot be looked at
        """Make sure that the checkpoint computes distributions over the next token.

        Raises:
            CheckpointBroken: It computes NaN, or the same logit for every token, whatever it is asked.
            CheckpointError: It does in its present number type.
        """

    def close(self) -> None:  # noqa: B027 - only workers need it
        """End what the engine has started, such as worker processes; it answers nothing afterwards."""

    @property
    def max_length(self) -> int:
        """Context length in tokens."""
        return self.record.max_length

    @property
    def prefix_token_id(self) -> int:
        """The token used for an empty context: beginning of sequence, else end of sequence."""
        for token in (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id):
            if isinstance(token, int):
                return token
        return 0

    def encode(self, text: str, *, add_special_tokens: bool | None = None) -> list[int]:
        """Token ids of ``text``, by lm-eval's rule and without an end of sequence.

        Special tokens are added as the tokenizer would by default, except where the text (a chat template's, say)
        starts with them already, after white space or not. What the tokenizer would add *after* a text
        (``add_eos_token``) is left out: a prompt goes on, and a target is what was written. ``HFLM`` keeps it and then
        scores the end of sequence in place of the target's first token.
        """
        before, first, behind = self._added_tokens
        if add_special_tokens is None and text.lstrip().startswith(before):
            add_special_tokens = False
        if self._shared is not None:
            own = self._shared.encode(text)
            return own if add_special_tokens is False else [*first, *own]
        options = {} if add_special_tokens is None else {"add_special_tokens": add_special_tokens}
        ids: list[int] = self.tokenizer(text, **options)["input_ids"]
        added = add_special_tokens is not False and behind and ids[-len(behind) :] == behind
        return ids[: -len(behind)] if added else ids

    @cached_property
    def _added_tokens(self) -> tuple[tuple[str, ...], list[int], list[int]]:
        """How a text starts that needs no special tokens, and the ids that the tokenizer puts before and after one."""
        plain: list[int] = self.tokenizer(PROBE, add_special_tokens=False)["input_ids"]
        whole: list[int] = self.tokenizer(PROBE)["input_ids"]
        places = range(len(whole) - len(plain) + 1)
        start = next((place for place in places if whole[place : place + len(plain)] == plain), 0)
        words = [self.tokenizer.bos_token]
        if start and whole[:start] != [self.tokenizer.bos_token_id]:
            words.append(str(self.tokenizer.decode(whole[:start])).strip())
        before = tuple(word for word in words if isinstance(word, str) and word)
        return before, whole[:start], whole[start + len(plain) :]

    @cached_property
    def _shared(self) -> SharedEncoding | None:
        """Encodes what texts share once; None where the tokenizer does not encode pre-tokens one by one."""
        return SharedEncoding(self.tokenizer) if is_separable(self.tokenizer) else None

    def encode_pair(
        self, context: str, continuation: str, *, moments: bool = False, rule: Literal["exact", "lm_eval"] = "exact"
    ) -> ScoreRequest:
        """Split ``context + continuation`` into tokens.

        Both rules move white space at the end of the context to the continuation, whatever the continuation is: all
        options of an item are then scored after the same text, and most tokenizers join a space with the word after
        it. An empty context becomes the prefix token. The target is what the tokens of the whole text have more than
        those of the context.

        They differ where a token spans the join, as in ``The qui|ck brown fox`` or between most Chinese words.
        ``lm_eval`` then cuts at the number of the context's tokens: part of the continuation is lost or moved.
        ``exact`` tokenises the continuation by itself after the context's tokens, as :meth:`encode_answer` does:
        nothing is lost. On all other texts the two are equal.

        Source: ``lm_eval.api.model.TemplateLM._encode_pair`` and ``loglikelihood`` (0.4.13).

        Args:
            context: What the checkpoint sees.
            continuation: What is scored.
            moments: See :class:`ScoreRequest`.
            rule: ``exact``, or ``lm_eval`` for lm-eval's own numbers.
        """
        text = context.rstrip()
        target = context[len(text) :] + continuation
        if not text:
            ids = self.encode(target, add_special_tokens=False)
            if ids and ids[0] == self.prefix_token_id:
                return ScoreRequest((ids[0],), tuple(ids[1:]), moments)
            return ScoreRequest((self.prefix_token_id,), tuple(ids), moments)
        whole, head = self.encode(context + continuation), self.encode(text)
        spans = whole[: len(head)] != head
        tail = self._by_itself(head, target) if spans and rule == "exact" else whole[len(head) :]
        return ScoreRequest(tuple(head), tuple(tail), moments)

    def encode_answer(self, prompt: str, answer: str) -> ScoreRequest:
        """Tokens of an answer after the prompt that generation was given: nothing of the prompt moves.

        Where the end of the prompt would merge with the answer, the answer is tokenised by itself, as it was
        written. :meth:`encode_pair` gives trailing white space of the prompt (a chat template's line break, say) to
        the continuation instead.
        """
        head = self.encode(prompt)
        if not head:
            return self.encode_pair("", answer)
        whole = self.encode(prompt + answer)
        tail = whole[len(head) :] if whole[: len(head)] == head else self._by_itself(head, answer)
        return ScoreRequest(tuple(head), tuple(tail))

    def _by_itself(self, head: list[int], text: str) -> list[int]:
        """Tokens of a text that follow others unmerged; if possible, those that decode to the text as written."""
        found = [self.encode(text, add_special_tokens=False)]
        # Tokenizers that put a space before a text do not where it follows another character.
        for character in "\n.0":
            guard = self.encode(character, add_special_tokens=False)
            guarded = self.encode(character + text, add_special_tokens=False)
            if guarded[: len(guard)] == guard:
                found.append(guarded[len(guard) :])
        before = self._spelled(head)
        return next((ids for ids in found if self._spelled([*head, *ids]) == f"{before}{text}"), found[0])

    def _spelled(self, ids: list[int]) -> str:
        """Text of token ids, spaces as they are."""
        return str(self.tokenizer.decode(ids, clean_up_tokenization_spaces=False))

    @property
    def has_chat_template(self) -> bool:
        """Whether the checkpoint has a chat template, or several named ones."""
        return self._tokenizer is not None and bool(self._tokenizer.chat_template)

    def chat_text(
        self,
        messages: Sequence[dict[str, str]],
        *,
        add_generation_prompt: bool = True,
        continue_final_message: bool = False,
    ) -> ChatText:
        """A conversation as the checkpoint expects it, and whether its system turn had to be moved.

        Args:
            messages: ``{"role": …, "content": …}`` each.
            add_generation_prompt: Open the assistant's turn at the end.
            continue_final_message: Leave the last turn open: an answer that was begun goes on.

        Raises:
            UsageError: The checkpoint has no chat template, or several and none is chosen.
            TemplateError: The template fails on this conversation.
        """
        if not self.has_chat_template:
            msg = f"{self.record.name} has no chat template: set chat_template to 'off'"
            raise UsageError(msg)
        check_chosen(self.tokenizer, self.record.name)

        def apply(turns: list[dict[str, str]]) -> str:
            return str(
                self.tokenizer.apply_chat_template(
                    turns,
                    tokenize=False,
                    add_generation_prompt=add_generation_prompt,
                    continue_final_message=continue_final_message,
                    **self.chat_template_args,
                )
            )

        return render(apply, messages, self.record.name)

    def apply_chat_template(self, messages: Sequence[dict[str, str]], *, add_generation_prompt: bool = True) -> str:
        """The text of a conversation; see :meth:`chat_text`."""
        return self.chat_text(messages, add_generation_prompt=add_generation_prompt).text
