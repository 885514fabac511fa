"""A checkpoint without its weights: what it answered is in the journal, and nothing else is ever answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from transformers import AutoConfig

from audit.core.errors import AnswersMissing, CheckpointError, WhiteBoxUnavailable
from audit.core.names import split_engine
from audit.engine.answering import Answering, decode_completion, decode_score, local_identity
from audit.engine.chat import choose_template, named
from audit.engine.checkpoint.source import find, short_name
from audit.engine.checkpoint.tokenizer import fit_tokenizer, load_tokenizer
from audit.engine.engine import Engine
from audit.engine.load import with_tokenizer
from audit.engine.server_name import is_server
from audit.engine.thinking import thinking_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from transformers import PreTrainedTokenizerBase

    from audit.core.config import RunConfig
    from audit.core.records import ModelRecord
    from audit.engine.requests import Completion, GenerateRequest, Score, ScoreRequest
    from audit.engine.thinking import Thinking


class StoredAnswers(Engine):
    """The answers that a checkpoint has given, by the journal.

    Args:
        tokenizer: The checkpoint's: requests are made with it.
        record: Of the checkpoint, as it was when it answered.
        thinking: What is known of its reasoning traces.
    """

    computes = False

    def __init__(self, tokenizer: PreTrainedTokenizerBase, record: ModelRecord, thinking: Thinking) -> None:
        super().__init__()
        self.tokenizer = tokenizer
        self.record = record
        self.thinking = thinking

    @property
    def model(self) -> NoReturn:
        """Not available.

        Raises:
            WhiteBoxUnavailable: Always.
        """
        msg = f"{self.record.name}: its weights are not loaded"
        raise WhiteBoxUnavailable(msg)

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """Log-probabilities of targets given contexts, in the order of the requests.

        Raises:
            AnswersMissing: The journal lacks some.
        """
        work = Answering(self._identity("score"), _refuse, decode_score)
        return work.answer(requests, self.journal, self.progress)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """Continuations of prompts, in the order of the requests.

        Raises:
            AnswersMissing: The journal lacks some.
        """
        work = Answering((*self._identity("generate"), *self.thinking.identity), _refuse_texts, decode_completion)
        return work.answer(requests, self.journal, self.progress)

    def _identity(self, kind: str) -> tuple[str, ...]:
        """As it was where the answers were computed."""
        return local_identity(kind, self.record, self.record.device.partition(":")[0])


def _refuse(requests: Sequence[ScoreRequest], missing: Collection[int], _say: Callable[[str], None]) -> NoReturn:
    """Compute nothing.

    Raises:
        AnswersMissing: Always.
    """
    raise AnswersMissing(len(missing), len(requests))


def _refuse_texts(
    requests: Sequence[GenerateRequest], missing: Collection[int], _say: Callable[[str], None]
) -> NoReturn:
    """Generate nothing.

    Raises:
        AnswersMissing: Always.
    """
    raise AnswersMissing(len(missing), len(requests))


def stored_answers(config: RunConfig, record: ModelRecord) -> StoredAnswers:
    """The checkpoint of a run without its weights. Its files are read for their digests, and for the tokenizer.

    Args:
        config: Of the run.
        record: The checkpoint as the run recorded it.

    Raises:
        CheckpointError: It is not there, another one, behind a server, or an adapter, whose weights may change the
            tokenizer.
    """
    if split_engine(config.model)[0] is not None:
        msg = f"{config.model}: answers of an engine of others are not read without it: leave out --no-compute"
        raise CheckpointError(msg)
    if is_server(config.model):
        msg = f"{config.model}: a server has no weights to be left alone: leave out --no-compute"
        raise CheckpointError(msg)
    found = find(
        config.model,
        base=config.base,
        revision=config.revision,
        allow_pickle=config.allow_pickle,
        offline=config.offline,
    )
    if found.adapter is not None:
        msg = f"{config.model}: the requests of an adapter cannot be made without its weights: leave out --no-compute"
        raise CheckpointError(msg)
    if config.tokenizer is not None:
        found = with_tokenizer(found, config.tokenizer, offline=config.offline)
    if found.digest != record.digest:
        msg = f"{config.model}: not the checkpoint of the run: digest {found.digest[:12]}, not {record.digest[:12]}"
        raise CheckpointError(msg)
    options = {"trust_remote_code": config.trust_remote_code, "local_files_only": True}
    folder = found.tokenizer or found.folder
    tokenizer = load_tokenizer(folder, options)
    choose_template(tokenizer, named(config.chat_template), short_name(config.model))
    rows = int(AutoConfig.from_pretrained(found.folder, **options).get_text_config().vocab_size)
    fit_tokenizer(tokenizer, rows, folder, found)
    thinking = thinking_of(tokenizer, config.thinking.end, config.thinking.tokens)
    engine = StoredAnswers(tokenizer, record, thinking)
    engine.chat_template_args = dict(config.chat_template_args)
    return engine
