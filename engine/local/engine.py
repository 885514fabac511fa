"""The engine on transformers: any local causal language model, CPU or CUDA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from audit.core.errors import CheckpointError
from audit.engine.answering import Answering, decode_completion, decode_score, local_identity
from audit.engine.engine import Engine
from audit.engine.local.faults import guard_of
from audit.engine.local.generate import Generator
from audit.engine.local.memory import CACHED_PER_TOKEN, MemoryRoom
from audit.engine.local.model.flex import VARIABLE
from audit.engine.local.model.forward import TRUNK_BYTES
from audit.engine.local.model.kept_trial import key_of_trial
from audit.engine.local.model.trial import tried_forward
from audit.engine.local.plan.architecture import shape_of
from audit.engine.local.plan.cost import Budget
from audit.engine.local.score import Scorer
from audit.engine.local.soundness import check_sound
from audit.engine.local.states.embed import embed
from audit.engine.local.states.logits import logits_of
from audit.engine.thinking import thinking_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from numpy.typing import NDArray
    from torch import nn
    from transformers import PreTrainedTokenizerBase

    from audit.core.records import ModelRecord
    from audit.engine.local.scoring_plan import Planning
    from audit.engine.requests import Completion, GenerateRequest, Score, ScoreRequest
    from audit.engine.thinking import Thinking

BATCH_TOKENS = {"cpu": 1024, "cuda": 32768}
BATCH_ROWS = {"cpu": 128, "cuda": 512}
"""Texts that are generated together, if they fit into memory: a GPU computes some hundred in the time of one."""
LOGIT_TOKENS = 2048
"""Input tokens of a pass whose logits are kept: 1.2 GB at most with a vocabulary of 150,000."""
EMBEDDED_TOKENS = 256
"""Last tokens of a text that its vector is the mean of."""


class TransformersEngine(Engine):
    """A causal language model of transformers.

    Args:
        model: In evaluation mode, on its device.
        tokenizer: The checkpoint's.
        record: Identity of the checkpoint.
        batch_tokens: Input tokens per scoring batch; None chooses by device.
        thinking: What is known of the checkpoint's reasoning traces; None looks at its tokenizer.
        called: The checkpoint as the user named it, for messages; None takes the record's name.
        keeps_trial: Whether the record's digest is that of the files the model came from, so that what a trial finds
            out may be kept for the next process.
    """

    def __init__(
        self,
        model: Any,  # noqa: ANN401 - transformers' models and generation mixin have no common typed base
        tokenizer: PreTrainedTokenizerBase,
        record: ModelRecord,
        *,
        batch_tokens: int | None = None,
        thinking: Thinking | None = None,
        called: str | None = None,
        keeps_trial: bool = False,
    ) -> None:
        super().__init__()
        self._model = model
        self.tokenizer = tokenizer
        self.record = record
        self._called = called or record.name
        self.thinking = thinking or thinking_of(tokenizer)
        device = torch.device(model.device)
        self._guard = guard_of(device)
        pad = tokenizer.pad_token_id if isinstance(tokenizer.pad_token_id, int) else 0
        key = key_of_trial(record, model, pad) if keeps_trial else None
        self._forward = tried_forward(model, device, pad, key)
        self._note_ways()
        shape = shape_of(model)
        numbers = shape.live_numbers
        if self._forward.flex:  # what attention takes and gives, filled up to twice as much
            numbers += 4 * (shape.heads + shape.kv_heads) * shape.head
        if not self._forward.splits:  # logits of all columns with a target in any row, and a copy
            numbers += 2 * int(model.get_input_embeddings().weight.shape[0])
        self._room = MemoryRoom(
            self._forward.devices,
            batch_tokens or BATCH_TOKENS[device.type],
            numbers * model.dtype.itemsize,
            self._forward.position_bytes,
            TRUNK_BYTES[device.type],
            fixed=batch_tokens is not None,
        )
        self._follows = False
        self._forward.keep_at_most(self._room.kept_bytes)
        budget = Budget(self._room.tokens, self._room.cached, record.max_length)
        self._scorer = Scorer(self._forward, record.max_length, budget)
        self._generator = Generator(
            self._forward, tokenizer, self._prompt, record.max_length, BATCH_ROWS[device.type], budget, self.thinking
        )

    @property
    def model(self) -> nn.Module:
        """The torch module, for gradients and attentions."""
        module: nn.Module = self._model
        return module

    def check_sound(self) -> None:
        """Run two short texts.

        Raises:
            CheckpointBroken: The checkpoint computes NaN, or the same logit for every token.
            CheckpointError: Its hidden states are too large for float16.
        """
        check_sound(self._model, self._prompt, self._called)

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """Log-probabilities of targets given contexts, in the order of the requests.

        Raises:
            EngineFault: The model failed on a request; see :class:`~audit.engine.guard.Guard`.
        """
        # A CPU's plan follows from the requests; a GPU's from rates and memory, which differ between machines.
        batches = self._scorer.planning.batches if self._forward.device.type == "cpu" else None
        work = Answering(self._identity("score"), self._scorer.work, decode_score, batches)
        with self._guard():
            self._fit()
            return work.answer(requests, self.journal, self.progress, self.share)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """Continuations of prompts, in the order of the requests.

        Raises:
            SettingUnavailable: Greedy text is wanted, and the checkpoint's generation configuration bends it in a way
                that is not honoured here.
            EngineFault: The model failed on a request; see :class:`~audit.engine.guard.Guard`.
        """
        identity = (*self._identity("generate"), *self.thinking.identity)
        work = Answering(identity, self._texts.work, decode_completion)
        with self._guard():
            self._fit()
            return work.answer(requests, self.journal, self.progress, self.share)

    @property
    def device_type(self) -> str:
        """``cpu`` or ``cuda``."""
        return str(self._model.device.type)

    @property
    def vocabulary(self) -> int:
        """Rows of the embedding."""
        return int(self._model.get_input_embeddings().weight.shape[0])

    @property
    def planning(self) -> Planning:
        """What its scoring plans depend on, apart from the requests."""
        return self._scorer.planning

    @property
    def texts(self) -> int:
        """Texts that it generates together at most."""
        return self._generator.decoder.slots

    def plan_as(self, planning: Planning) -> None:
        """Plan as another process does that has the same checkpoint, so that both compute the same passes.

        Raises:
            CheckpointError: Its trial found that this checkpoint may share what it may not share here, or the reverse,
                or that its logits need no rounding, as they do here, or that FlexAttention may be used.
        """
        own = self.planning
        if (own.shares, own.alone, own.max_length) != (planning.shares, planning.alone, planning.max_length):
            msg = f"{self._called}: prefixes can be shared on one device and not on another: use equal devices"
            raise CheckpointError(msg)
        if planning.wide and not own.wide:
            msg = f"{self._called}: logits are rounded to 16 bits on one device and not on another: use equal devices"
            raise CheckpointError(msg)
        if planning.flex and not own.flex:
            msg = f"{self._called}: FlexAttention is used on one device and not on another: set {VARIABLE}=off"
            raise CheckpointError(msg)
        self._forward.wide, self._forward.flex = planning.wide, planning.flex
        self._note_ways()
        self._forward.cost = planning.cost
        self._follows = True
        self._scorer.budget = self._generator.decoder.budget = planning.budget

    def score_work(
        self, requests: Sequence[ScoreRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Score], int]]:
        """Scores of some requests of a call, without journal and progress; see :class:`Answering`."""
        with self._guard():
            self._fit()
            yield from self._scorer.work(requests, missing, say)

    def generate_work(
        self, requests: Sequence[GenerateRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions of some requests of a call, without journal and progress; see :class:`Answering`."""
        with self._guard():
            self._fit()
            yield from self._texts.work(requests, missing, say)

    @property
    def _texts(self) -> Generator:
        """What generates, with :attr:`thinking` as it is now: it may have been set after loading."""
        self._generator.endings.thinking = self.thinking
        return self._generator

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One vector per text, shape (texts, dimension): the mean of the states of its last 256 tokens.

        The text stands behind the beginning of sequence alone. A text without tokens, or for which memory is too small,
        has a vector of NaN.

        Raises:
            WhiteBoxUnavailable: The architecture has no state for each token.
            EngineFault: The model failed on a text; see :class:`~audit.engine.guard.Guard`.
        """
        most = min(EMBEDDED_TOKENS, self.max_length - 1)
        ids = [self.encode(text, add_special_tokens=False)[-most:] for text in texts]
        places = [place for place, tokens in enumerate(ids) if tokens]
        if not places:
            return np.empty((len(texts), 0), dtype=np.float32)
        with self._guard():
            self._fit()
            sequences = [[self.prefix_token_id, *ids[place]] for place in places]
            means = embed(self._forward, sequences, self._room.tokens, self.progress)
        found = np.full((len(texts), means.shape[1]), np.nan, dtype=np.float32)
        found[places] = means
        return found

    def logits(self, requests: Sequence[ScoreRequest]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Index of a request and the float32 logits at its target positions, shape (targets, vocabulary).

        They come in any order, a pass at a time, and are kept nowhere. A request that does not fit into the context is
        left out.

        Raises:
            EngineFault: The model failed on a request; see :class:`~audit.engine.guard.Guard`.
        """
        with self._guard():
            self._fit()
        tokens = min(self._room.tokens, LOGIT_TOKENS)
        budget = Budget(tokens, CACHED_PER_TOKEN * tokens, self.max_length)
        found = logits_of(self._forward, requests, self.max_length, budget)
        while True:
            with self._guard():  # around each pass alone: what is done with its logits is no fault of the model
                one = next(found, None)
            if one is None:
                return
            yield one
            self.progress.advance(0, len(requests[one[0]].target_ids))

    def _note_ways(self) -> None:
        """Record how scores are computed: it decides their last digits."""
        self.record = self.record.model_copy(update={"ways": self._forward.ways})

    def _fit(self) -> None:
        """Passes of a size that fits now: other models may have been loaded since the last call."""
        room = self._room
        if not room.ask(self._forward.kept):
            return
        self._forward.keep_at_most(room.kept_bytes)
        if not self._follows:  # a worker plans as the others do
            budget = Budget(room.tokens, room.cached, self.record.max_length)
            self._scorer.budget = self._generator.decoder.budget = budget
            self._scorer.allowance.allow(room.tokens)

    def _prompt(self, text: str) -> list[int]:
        """Token ids of a prompt; an empty one becomes the token used for an empty context."""
        return self.encode(text) or [self.prefix_token_id]

    def _identity(self, kind: str) -> tuple[str, ...]:
        """What determines answers, apart from the request; only content, never a path or a name."""
        return local_identity(kind, self.record, self.device_type)
