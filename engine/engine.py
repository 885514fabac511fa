"""The engine: requests go in, log-probabilities and generations come out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from audit.core.errors import ScoringUnavailable, UsageError
from audit.core.progress import Progress, Silent
from audit.engine.chat import check_chosen, render
from audit.engine.requests import Completion, GenerateRequest, Score, ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn
    from transformers import PreTrainedTokenizerBase

    from audit.core.records import ModelRecord
    from audit.engine.chat import ChatText
    from audit.engine.journal import Journal


class Engine(ABC):
    """A loaded checkpoint. Wings know this interface and nothing behind it.

    Attributes:
        record: What was loaded, by content; goes into the manifest.
        progress: Listener of the work; replace it to see what happens.
        journal: Where answers are kept as they arrive; None keeps nothing.
    """

    record: ModelRecord
    progress: Progress
    journal: Journal | None
    _tokenizer: PreTrainedTokenizerBase | None = None

    def __init__(self) -> None:
        """Start silent and without a journal."""
        self.progress = Silent()
        self.journal = None

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The checkpoint's tokenizer.

        Raises:
            ScoringUnavailable: It is a server's model, and its tokenizer is not at hand.
        """
        if self._tokenizer is None:
            msg = f"{self.record.name}: no tokenizer at hand: name a folder, asset or hub id with it by --tokenizer"
            raise ScoringUnavailable(msg)
        return self._tokenizer

    @tokenizer.setter
    def tokenizer(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer

    @property
    def has_tokenizer(self) -> bool:
        """Whether the tokenizer is at hand; only a server's may not be."""
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

    def check_scoring(self) -> None:  # noqa: B027 - a local checkpoint can always score
        """Make sure that :meth:`score` can answer.

        Raises:
            ScoringUnavailable: It is a server's model, and the server does not return log-probabilities.
        """

    @property
    def max_length(self) -> int:
        """Context length in tokens."""
        return self.record.max_length

    @property
    def prefix_token_id(self) -> int:
        """The token that stands for an empty context: beginning of sequence, else end of sequence."""
        for token in (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id):
            if isinstance(token, int):
                return token
        return 0

    def encode(self, text: str, *, add_special_tokens: bool | None = None) -> list[int]:
        """Token ids of ``text``, by lm-eval's rule.

        Special tokens are added as the tokenizer would by default, except where the text (a chat
        template's, say) already starts with the beginning-of-sequence token.
        """
        bos = self.tokenizer.bos_token
        if add_special_tokens is None and isinstance(bos, str) and text.startswith(bos):
            add_special_tokens = False
        options = {} if add_special_tokens is None else {"add_special_tokens": add_special_tokens}
        ids: list[int] = self.tokenizer(text, **options)["input_ids"]
        return ids

    def encode_pair(self, context: str, continuation: str, *, moments: bool = False) -> ScoreRequest:
        """Split ``context + continuation`` into tokens as lm-eval's ``TemplateLM`` does.

        Trailing spaces of the context move to the continuation; an empty context becomes the prefix
        token. Source: ``lm_eval.api.model.TemplateLM._encode_pair`` and ``loglikelihood`` (0.4.13).
        """
        if context == "":
            target = self.encode(continuation, add_special_tokens=False)
            if target and target[0] == self.prefix_token_id:
                return ScoreRequest((target[0],), tuple(target[1:]), moments)
            return ScoreRequest((self.prefix_token_id,), tuple(target), moments)
        spaces = len(context) - len(context.rstrip())
        if spaces:
            continuation = context[-spaces:] + continuation
            context = context[:-spaces]
        if context == "":
            return self.encode_pair("", continuation, moments=moments)
        whole, head = self.encode(context + continuation), self.encode(context)
        return ScoreRequest(tuple(head), tuple(whole[len(head) :]), moments)

    def encode_answer(self, prompt: str, answer: str) -> ScoreRequest:
        """Tokens of an answer behind the prompt that generation was given: nothing of the prompt moves.

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
        """Tokens of a text that follow others unmerged; those that read back as it was written, where there are any."""
        found = [self.encode(text, add_special_tokens=False)]
        # Tokenizers that put a space before a text do not where it stands behind another character.
        for character in "\n.0":
            guard = self.encode(character, add_special_tokens=False)
            guarded = self.encode(character + text, add_special_tokens=False)
            if guarded[: len(guard)] == guard:
                found.append(guarded[len(guard) :])
        wanted = f"{self.tokenizer.decode(head)}{text}"
        return next((ids for ids in found if self.tokenizer.decode([*head, *ids]) == wanted), found[0])

    @property
    def has_chat_template(self) -> bool:
        """Whether the checkpoint brings a chat template."""
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
                )
            )

        return render(apply, messages, self.record.name)

    def apply_chat_template(self, messages: Sequence[dict[str, str]], *, add_generation_prompt: bool = True) -> str:
        """The text of a conversation; see :meth:`chat_text`."""
        return self.chat_text(messages, add_generation_prompt=add_generation_prompt).text
