"""The engine on a server that speaks the OpenAI API: vLLM, llama.cpp, TGI, a hosted model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NoReturn

from audit.core.errors import WhiteBoxUnavailable
from audit.core.records import ModelRecord, digest_of
from audit.engine.answering import Answering, decode_completion, decode_score
from audit.engine.foreign.engine import ForeignEngine
from audit.engine.server.contact import GREETING
from audit.engine.server.generate import ServerGenerator
from audit.engine.server.prompts import Prompts
from audit.engine.server.scoring import ServerScorer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transformers import PreTrainedTokenizerBase

    from audit.core.records import FileDigest
    from audit.engine.requests import Completion, GenerateRequest, Score, ScoreRequest
    from audit.engine.server.contact import Server

UNKNOWN = "unknown"
UNMEASURED_OVERHEAD = 64
"""Tokens of a chat template if the server does not count prompts: more than most templates add to one turn."""


class OpenAIEngine(ForeignEngine):
    """A model behind a server.

    Args:
        server: The server.
        tokenizer: The checkpoint's, where it is at hand: log-probabilities and the chat template need it.
        record: What is known of the model; see :func:`describe`.
        knows_context: Whether the record's context length comes from somewhere; a guess bounds no answer.
    """

    def __init__(
        self,
        server: Server,
        tokenizer: PreTrainedTokenizerBase | None,
        record: ModelRecord,
        *,
        knows_context: bool = True,
    ) -> None:
        super().__init__()
        self.server = server
        self.record = record
        if tokenizer is not None:
            self.tokenizer = tokenizer
        self.chat_template_args = server.template_args
        self._knows_context = knows_context
        overhead = _overhead(server, Prompts(tokenizer, record.max_length)) if server.chat else None
        prompts = Prompts(tokenizer, record.max_length, knows_context, overhead)
        self._scorer = ServerScorer(server, prompts)
        self._generator = ServerGenerator(server, prompts)

    @property
    def model(self) -> NoReturn:
        """Not available for a server.

        Raises:
            WhiteBoxUnavailable: Always.
        """
        msg = f"{self.server.name}: a server shows no weights, gradients or attentions: use a local checkpoint"
        raise WhiteBoxUnavailable(msg)

    @property
    def has_chat_template(self) -> bool:
        """Whether prompts can be put into the checkpoint's chat template here; the chat endpoint applies its own."""
        return not self.server.chat and super().has_chat_template

    @property
    def applies_chat_template(self) -> bool:
        """Whether the endpoint that takes prompts is the one for chats."""
        return self.server.chat

    @property
    def weights(self) -> str:
        """The server's name of the model, which often is a hub id or a folder."""
        return self.server.name.model

    def check_scoring(self) -> None:
        """Ask the server once.

        Raises:
            ScoringUnavailable: It does not return log-probabilities of given tokens, or there is no tokenizer.
        """
        self._scorer.check()

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """Log-probabilities of targets given contexts, in the order of the requests.

        Raises:
            ScoringUnavailable: See :meth:`check_scoring`; or moments are wanted.
        """
        work = Answering(self.identity("score"), self._scorer.work, decode_score)
        return work.answer(requests, self.journal, self.progress, self.share)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """Continuations of prompts, in the order of the requests.

        Raises:
            SamplingUnavailable: Sampled text is wanted, and the server does not sample.
        """
        work = Answering(
            self.identity("generate"), partial(self._generator.work, thinking=self.thinking), decode_completion
        )
        return work.answer(requests, self.journal, self.progress, self.share)

    def _identity(self, kind: str) -> tuple[str, ...]:
        """What decides answers, apart from the request, as far as it can be known.

        Variables of the chat template change the prompt itself, unless the server applies the template. Values of an
        own endpoint and of ``echo`` may differ in rounding, so that they never answer for each other.

        Raises:
            ScoringUnavailable: The connection was lost before the way of scoring was known.
        """
        way = self._scorer.way if kind == "score" else None
        length = str(self.record.max_length) if self._knows_context else "unknown"
        args = self.server.template_args if self.server.chat else {}
        return (kind, self.record.digest, length, *([digest_of(dict(args))] if args else []), *([way] if way else []))


def _overhead(server: Server, prompts: Prompts) -> int:
    """Tokens that the server's chat template adds to a prompt, measured on the greeting; at most, where unsure."""
    if server.greeting_tokens is None:
        return UNMEASURED_OVERHEAD
    return max(0, server.greeting_tokens - prompts.count(GREETING))


def describe(server: Server, name: str, files: Sequence[FileDigest], digest: str, max_length: int) -> ModelRecord:
    """What is known about a model behind a server.

    Args:
        server: An open connection.
        name: For people.
        files: Files of the tokenizer.
        digest: Over everything that is known.
        max_length: Context length in tokens.
    """
    return ModelRecord(
        name=name,
        source=f"openai {server.name.url}",
        digest=digest,
        files=list(files),
        architecture=f"{server.name.model} behind {server.path}",
        parameter_count=0,
        dtype=UNKNOWN,
        max_length=max_length,
        device="server",
    )
