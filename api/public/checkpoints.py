"""A checkpoint that answers single questions: strings go in, numbers and strings come out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from audit.core import assets
from audit.core.errors import ConfigError, ScorerError, UsageError, did_you_mean
from audit.engine import GenerateRequest
from audit.engine.configured import engine_of
from audit.public.options import check_texts, configured, texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from audit.core.config import RunConfig
    from audit.engine import Engine

LOADING = (
    "base", "revision", "tokenizer", "device", "device_map", "dtype", "quantization", "trust_remote_code",
    "allow_pickle", "batch_tokens", "max_length", "chat_template", "chat_template_args", "thinking", "offline",
    "data_dirs", "server",
)  # fmt: skip
"""Fields of the configuration that say how a checkpoint is loaded."""


class Checkpoint:
    """A loaded checkpoint.

    Attributes:
        engine: Everything else that can be asked of it: token ids, log-probabilities per token, batches, the weights.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __repr__(self) -> str:
        """Its name, number type and device."""
        record = self.engine.record
        return f"Checkpoint({record.name!r}, {record.dtype}, {record.device})"

    @overload
    def score(self, prompt: str, continuation: str) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def score(self, prompt: str, continuation: Sequence[str]) -> list[float]: ...
    def score(self, prompt: str, continuation: str | Sequence[str]) -> float | list[float]:
        """Log-likelihood of a continuation given a prompt, in nats: the sum over its tokens.

        >>> checkpoint.score("The capital of France is", " Paris") < 0
        True
        >>> len(checkpoint.score("The capital of France is", [" Paris", " Rome"]))
        2

        Args:
            prompt: The exact text that the checkpoint sees; may be empty.
            continuation: What follows, leading space included; or several of which each follows the same prompt.

        Returns:
            One number, or one for each continuation.

        Raises:
            UsageError: A continuation is empty, or a text holds half of a surrogate pair.
            ScorerError: The checkpoint gave no finite number, or the continuation is longer than its context.
        """
        several = texts_of("score", continuation)
        check_texts("score", prompt)
        if not all(several):
            msg = "a continuation is empty: nothing follows the prompt whose likelihood could be computed"
            raise UsageError(msg)
        scores = self.engine.score([self.engine.encode_pair(prompt, one) for one in several])
        failed = next((score.error for score in scores if score.error), None)
        if failed:
            raise ScorerError(failed)
        totals = [score.total for score in scores]
        return totals[0] if isinstance(continuation, str) else totals

    def generate(  # noqa: PLR0913 - what decides a text, by keyword
        self,
        prompt: str,
        *,
        max_tokens: int = 128,
        temperature: float = 0.0,
        top_p: float = 1.0,
        top_k: int = 0,
        seed: int = 0,
        stop: str | Sequence[str] = (),
        chat: bool = False,
        system: str | None = None,
    ) -> str:
        """Text that the checkpoint writes after a prompt, without prompt, reasoning trace and special tokens.

        >>> isinstance(checkpoint.generate("Name a colour.", max_tokens=8, chat=True), str)
        True

        Args:
            prompt: The exact text that the checkpoint sees; with ``chat``, a user's message.
            max_tokens: Tokens of the text at most.
            temperature: 0 decodes greedily.
            top_p: Sample from the smallest set of tokens that holds this much probability.
            top_k: Sample from the k most likely tokens; 0 keeps all.
            seed: The same seed gives the same text.
            stop: The text ends before the first of these strings; or one string.
            chat: Apply the checkpoint's chat template.
            system: System turn before the message; implies ``chat``.

        Raises:
            ConfigError: A number is out of range.
            UsageError: A text holds half of a surrogate pair.
            ScorerError: The checkpoint gave no text.
            TemplateError: ``chat`` was asked for, and the checkpoint has no template or it fails.
        """
        settings = {
            "temperature": temperature,
            "top_p": top_p,
            "top_k": top_k,
            "seed": seed,
            "stop": tuple(texts_of("generate: stop", stop)),
        }
        return self._texts(self._shown(prompt, system, chat=chat), max_new_tokens=max_tokens, **settings)[0]

    def sample(
        self,
        prompt: str,
        n: int,
        *,
        max_tokens: int = 128,
        temperature: float = 1.0,
        top_p: float = 1.0,
        top_k: int = 0,
        seed: int = 0,
        chat: bool = False,
    ) -> list[str]:
        """Several sampled texts after one prompt; the settings are those of :meth:`generate`.

        >>> len(checkpoint.sample("Once upon a time", 3, max_tokens=4))
        3

        Raises:
            ConfigError: A number is out of range.
            UsageError: A text holds half of a surrogate pair.
            ScorerError: The checkpoint gave no text.
            TemplateError: ``chat`` was asked for, and the checkpoint has no template or it fails.
        """
        settings = {"temperature": temperature, "top_p": top_p, "top_k": top_k, "seed": seed, "n": n}
        return self._texts(self._shown(prompt, None, chat=chat), max_new_tokens=max_tokens, **settings)

    def _shown(self, prompt: str, system: str | None, *, chat: bool) -> str:
        """The exact text that the checkpoint sees."""
        check_texts("generate", prompt, *([] if system is None else [system]))
        if not chat and system is None:
            return prompt
        first = [] if system is None else [{"role": "system", "content": system}]
        return self.engine.apply_chat_template([*first, {"role": "user", "content": prompt}])

    def _texts(self, prompt: str, **settings: Any) -> list[str]:  # noqa: ANN401 - fields of GenerateRequest
        """What the engine writes."""
        try:
            request = GenerateRequest(prompt, **settings)
        except (ValueError, TypeError) as error:
            msg = f"cannot generate: {error}"
            raise ConfigError(msg) from error
        completion = self.engine.generate([request])[0]
        if completion.error or not completion.generations:
            msg = f"the checkpoint gave no text: {completion.error or 'no reason is known'}"
            raise ScorerError(msg)
        return [generation.text for generation in completion.generations]


def load(model: str | PathLike[str], **options: object) -> Checkpoint:
    """Load a checkpoint.

    >>> checkpoint = audit.load(model, offline=True)
    >>> checkpoint.score("The capital of France is", " Paris") < 0
    True

    Args:
        model: Folder, hub id, ``.gguf`` file, asset name or ``openai:URL#NAME``.
        options: How it is loaded, by the names of the configuration: ``device="cuda"``, ``dtype="bfloat16"``,
            ``revision=…``, ``offline=True``, ``data_dirs=[…]``.

    Raises:
        CheckpointError: Nothing is there, or it is damaged, not whole, or refused.
        ConfigError: An option is unknown, or its value is wrong.
    """
    return Checkpoint(engine_of(loading_config(model, options, "audit.load")))


def loading_config(model: str | PathLike[str], options: Mapping[str, Any], where: str) -> RunConfig:
    """A configuration that says how one checkpoint is loaded; assets are then looked for as it says.

    Args:
        model: What is loaded.
        options: Fields of the configuration.
        where: What an error begins with.

    Raises:
        ConfigError: An option does not concern loading, or its value is wrong.
    """
    strange = next((name for name in options if name not in LOADING), None)
    if strange is not None:
        hint = did_you_mean(strange, LOADING) or f" Known here: {', '.join(LOADING)}."
        msg = f"{where}: unknown option {strange!r}.{hint}"
        raise ConfigError(msg)
    config = configured({"model": str(model), **options}, where)
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    return config
