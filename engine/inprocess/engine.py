"""The engine on an inference engine of others in this process: a local checkpoint, computed by vLLM or SGLang."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, NoReturn

from transformers import AutoConfig, GenerationConfig

from audit.core.errors import CheckpointError, ConfigError, WhiteBoxUnavailable
from audit.core.records import ModelRecord
from audit.engine.answering import Answering, decode_completion, decode_score
from audit.engine.checkpoint.source import short_name
from audit.engine.checkpoint.tokenizer import fit_tokenizer
from audit.engine.context import context_length
from audit.engine.foreign.engine import ForeignEngine
from audit.engine.foreign.targets import EXTRA
from audit.engine.guard import Guard
from audit.engine.inprocess.generate import InProcessGenerator
from audit.engine.inprocess.hosting import EngineEndedError
from audit.engine.inprocess.score import InProcessScorer
from audit.engine.inprocess.sglang import start_sglang
from audit.engine.inprocess.vllm import start_vllm
from audit.engine.local.endings import Endings
from audit.engine.server.native.sglang import SPARE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from audit.core.config import InferenceConfig
    from audit.engine.checkpoint.files import CheckpointFiles
    from audit.engine.inprocess.backend import Backend
    from audit.engine.requests import Completion, GenerateRequest, Score, ScoreRequest
    from audit.engine.thinking import Thinking

STARTS: dict[str, Callable[..., Backend]] = {"vllm": start_vllm, "sglang": start_sglang}
"""What starts each engine, by its name."""
SHORTER = {"vllm": EXTRA, "sglang": EXTRA + SPARE}
"""Tokens of the checkpoint's context that an engine cannot use. The rest is used as the local engine would: contexts
are cut at the same place."""
LEAST_CONTEXT = 2
DEAD = "EngineDeadError"
"""What vLLM raises once its process has ended."""


@dataclass(frozen=True)
class HostedCheckpoint:
    """A checkpoint that an inference engine is to load."""

    engine: str
    """Its name: ``vllm`` or ``sglang``."""
    model: str
    """The checkpoint as the user named it, without the engine."""
    found: CheckpointFiles
    """Its files."""
    tokenizer: PreTrainedTokenizerBase
    """Ours."""
    folder: Path
    """The tokenizer's."""
    dtype: str
    """Number type."""
    revision: str | None = None
    """Revision of a hub id."""
    max_length: int | None = None
    """Use at most this much of the context."""
    trust_remote_code: bool = False
    """Run Python code that comes with the checkpoint."""


class InProcessEngine(ForeignEngine):
    """A local checkpoint in an inference engine.

    Args:
        backend: The engine.
        tokenizer: The checkpoint's, ours: the engine gets token ids.
        record: What was loaded.
        generation: The checkpoint's generation configuration.
        weights: Where the local engine finds the same checkpoint.
        thinking: What is known of its reasoning traces.
    """

    def __init__(
        self,
        backend: Backend,
        tokenizer: PreTrainedTokenizerBase,
        record: ModelRecord,
        generation: GenerationConfig,
        weights: str,
        thinking: Thinking,
    ) -> None:
        super().__init__()
        self.backend = backend
        self.tokenizer = tokenizer
        self.record = record
        self.thinking = thinking
        self._weights = weights
        self._guard = Guard(
            backend.called, lambda error: f"{backend.called} failed on a request" if _has_ended(error) else None
        )
        endings = Endings(SimpleNamespace(generation_config=generation), tokenizer, thinking)
        self._scorer = InProcessScorer(backend, record.max_length)
        self._generator = InProcessGenerator(backend, endings, self._prompt, record.max_length)

    @property
    def model(self) -> NoReturn:
        """Not available.

        Raises:
            WhiteBoxUnavailable: Always.
        """
        name = self.backend.called.partition(" ")[0]
        msg = f"{self.record.name}: {name} shows no weights, gradients or attentions: leave out {name}:"
        raise WhiteBoxUnavailable(msg)

    @property
    def weights(self) -> str:
        """The checkpoint, for the local engine."""
        return self._weights

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        """Log-probabilities of targets given contexts, in the order of the requests.

        Raises:
            ScoringUnavailable: Moments are wanted.
            EngineFault: The engine failed.
        """
        work = Answering(self.identity("score"), self._scorer.work, decode_score)
        with self._guard():
            return work.answer(requests, self.journal, self.progress, self.share)

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        """Continuations of prompts, in the order of the requests.

        Raises:
            SettingUnavailable: A setting is wanted that the engine has no word for.
            EngineFault: The engine failed.
        """
        self._generator.endings.thinking = self.thinking  # which may have been set after loading
        work = Answering(self.identity("generate"), self._generator.work, decode_completion)
        with self._guard():
            return work.answer(requests, self.journal, self.progress, self.share)

    def release(self) -> None:
        """Give back the memory: nothing is asked afterwards."""
        self._guard.close("the engine was closed")
        self.backend.close()

    def close(self) -> None:
        """End the engine; it answers nothing afterwards."""
        self.release()

    def forget(self) -> None:
        """Empty the cache of prefixes."""
        self.backend.forget()

    def _identity(self, kind: str) -> tuple[str, ...]:
        """What decides answers, apart from the request."""
        return (kind, self.record.digest, self.record.dtype, self.backend.called, str(self.record.max_length))

    def _prompt(self, text: str) -> list[int]:
        """Token ids of a prompt; an empty one becomes the token used for an empty context."""
        return self.encode(text) or [self.prefix_token_id]


def load_hosted(wanted: HostedCheckpoint, settings: InferenceConfig, seed: int, thinking: Thinking) -> InProcessEngine:
    """Load a checkpoint into an inference engine; everything that can be refused before is refused first.

    Args:
        wanted: The checkpoint.
        settings: GPUs and memory.
        seed: Of the engine; each request has its own.
        thinking: What is known of its reasoning traces.

    Raises:
        CheckpointError: The engine is not installed or cannot load it, or the tokenizer is another model's.
        ConfigError: The context is too short.
    """
    found, name = wanted.found, f"{wanted.engine}:{wanted.model}"
    if found.adapter is not None:
        msg = f"{name}: an adapter: merge it into its base and name the folder, or leave out {wanted.engine}:"
        raise CheckpointError(msg)
    options = {"trust_remote_code": wanted.trust_remote_code, "local_files_only": True}
    config = AutoConfig.from_pretrained(found.folder, **options)
    text = config.get_text_config()
    remarks = fit_tokenizer(wanted.tokenizer, int(text.vocab_size), wanted.folder, found)
    context = context_length(config, wanted.tokenizer) - SHORTER[wanted.engine]
    length = min(context, wanted.max_length or context)
    if length < LEAST_CONTEXT:
        msg = f"{name}: a context of {length} token(s): a prompt and an answer need at least {LEAST_CONTEXT}"
        raise ConfigError(msg)
    backend = STARTS[wanted.engine](
        found.folder,
        dtype=wanted.dtype,
        max_length=length,
        seed=seed,
        settings=settings,
        trust_remote_code=wanted.trust_remote_code,
    )
    record = ModelRecord(
        name=short_name(wanted.model),
        source=found.source,
        revision=wanted.revision,
        digest=found.digest,
        files=list(found.files),
        architecture=", ".join(found.config.get("architectures") or [type(config).__name__]),
        parameter_count=0,
        dtype=wanted.dtype,
        quantization=found.quantization,
        max_length=length,
        device=backend.called,
        remarks=[*found.remarks, *remarks],
    )
    weights = wanted.model if wanted.revision is None else str(found.folder)
    return InProcessEngine(backend, wanted.tokenizer, record, _generation(found.folder, config), weights, thinking)


def _has_ended(error: BaseException) -> bool:
    """Whether the process that computes has ended, by what the engine raised."""
    return isinstance(error, EngineEndedError) or type(error).__name__ == DEAD


def _generation(folder: Path, config: object) -> GenerationConfig:
    """The generation configuration of a checkpoint, as transformers finds it."""
    if (folder / "generation_config.json").is_file():
        return GenerationConfig.from_pretrained(folder, local_files_only=True)
    return GenerationConfig.from_model_config(config)  # type: ignore[arg-type]
