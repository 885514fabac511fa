"""Changes to a text's logits before its next token is chosen: the checkpoint's settings and the request's.

Greedy decoding follows ``generation_config.json``, as lm-eval's ``HFLM`` does. Sampled text follows the plain
distribution, changed only by what the request asks for, as published for the probes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from transformers import (
    EncoderNoRepeatNGramLogitsProcessor,
    EncoderRepetitionPenaltyLogitsProcessor,
    ExponentialDecayLengthPenalty,
    ForcedBOSTokenLogitsProcessor,
    ForcedEOSTokenLogitsProcessor,
    GenerationConfig,
    LogitsProcessorList,
    MinLengthLogitsProcessor,
    MinNewTokensLengthLogitsProcessor,
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    SuppressTokensAtBeginLogitsProcessor,
    SuppressTokensLogitsProcessor,
)

from audit.core.errors import SettingUnavailable
from audit.engine.settings import BENT, is_neutral

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.engine.local.endings import Endings
    from audit.engine.requests import GenerateRequest


@dataclass(frozen=True)
class Situation:
    """What transformers' processors need to know about a text."""

    prompt: Any
    """Ids of the prompt, a tensor of shape (1, tokens)."""
    bound: int
    """Maximum tokens of prompt and answer together."""
    ends: list[int]
    """Tokens that end a turn, by the generation configuration."""
    device: str
    vocabulary: int

    @property
    def read(self) -> int:
        """Tokens of the prompt."""
        return int(self.prompt.shape[1])


PROCESSORS: dict[str, Callable[[Any, Situation], Any]] = {
    "sequence_bias": lambda value, _: SequenceBiasLogitsProcessor(value),
    "encoder_repetition_penalty": lambda value, at: EncoderRepetitionPenaltyLogitsProcessor(value, at.prompt),
    "repetition_penalty": lambda value, _: RepetitionPenaltyLogitsProcessor(float(value)),
    "no_repeat_ngram_size": lambda value, _: NoRepeatNGramLogitsProcessor(value),
    "encoder_no_repeat_ngram_size": lambda value, at: EncoderNoRepeatNGramLogitsProcessor(value, at.prompt),
    "bad_words_ids": lambda value, at: NoBadWordsLogitsProcessor(value, at.ends or None),
    "min_length": lambda value, at: MinLengthLogitsProcessor(value, at.ends, at.device),
    "min_new_tokens": lambda value, at: MinNewTokensLengthLogitsProcessor(at.read, value, at.ends, at.device),
    "forced_bos_token_id": lambda value, _: ForcedBOSTokenLogitsProcessor(value),
    "forced_eos_token_id": lambda value, at: ForcedEOSTokenLogitsProcessor(at.bound, value, at.device),
    "exponential_decay_length_penalty": lambda value, at: ExponentialDecayLengthPenalty(value, at.ends, at.read),
    "suppress_tokens": lambda value, at: SuppressTokensLogitsProcessor(value, at.device),
    "begin_suppress_tokens": lambda value, at: SuppressTokensAtBeginLogitsProcessor(value, at.read, at.device),
    "watermarking_config": lambda value, at: value.construct_processor(at.vocabulary, at.device),
}
"""Settings that bend greedy decoding and how, by transformers' own code and in the order of its ``generate``."""
NEED_AN_END = {"min_length", "min_new_tokens", "exponential_decay_length_penalty"}
"""They have no effect if the generation configuration names no token that ends a turn."""

HONOURED = {*PROCESSORS, "stop_strings", "eos_token_id"}
"""Fields of a generation configuration that determine greedy texts."""
HARMLESS = {
    # The call's own: bounds, number of texts, form of the answer.
    "max_length", "max_new_tokens", "max_time", "num_return_sequences", "output_attentions", "output_hidden_states",
    "output_logits", "output_scores", "return_dict_in_generate", "pad_token_id", "bos_token_id",
    "decoder_start_token_id", "transformers_version", "_from_model_config",
    # Of sampling.
    "do_sample", "temperature", "top_k", "top_p", "top_h", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff",
    # Of beam search: without beams they do nothing, and num_beams is refused.
    "early_stopping", "length_penalty",
    # Speed and memory. A quantised cache would change texts a little; ours is exact.
    "use_cache", "cache_implementation", "cache_config", "max_cache_len", "compile_config", "disable_compile",
    "continuous_batching_config", "prefill_chunk_size", "low_memory",
    # Speculative decoding: faster, the same greedy text.
    "use_mtp", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_early_exit",
    "assistant_confidence_threshold", "assistant_ensemble_weight", "assistant_lookbehind", "target_lookbehind",
    "prompt_lookup_num_tokens", "max_matching_ngram_size", "speculation_type",
    # The likeliest token stays the likeliest; a NaN is an error whatever the file says.
    "renormalize_logits", "remove_invalid_values",
}  # fmt: skip
"""Fields of a generation configuration that do not change a greedy text here; they are overridden."""


def of_checkpoint(config: GenerationConfig) -> dict[str, Any]:
    """Settings of a checkpoint's generation configuration that change greedy decoding, unordered.

    Keys that transformers itself does not know are without effect there, and so they are here.

    Raises:
        SettingUnavailable: One of them is not honoured here; the message names it.
    """
    known = vars(GenerationConfig())
    asked = {name: getattr(config, name, None) for name in known if name not in HARMLESS}
    asked = {name: value for name, value in asked.items() if not is_neutral(name, value)}
    refused = next((name for name in asked if name not in HONOURED), None)
    if refused is not None:
        msg = (
            f"generation_config.json sets {refused}: {asked[refused]!r}, which is not supported: remove it from a "
            "copy of the checkpoint and audit that"
        )
        raise SettingUnavailable(msg)
    return {name: value for name, value in asked.items() if name in PROCESSORS}


def processors(request: GenerateRequest, endings: Endings, prompt: Sequence[int], room: int) -> LogitsProcessorList:
    """Changes to the logits of one text before its next token is chosen; empty for plain decoding.

    Args:
        request: Its own settings override the checkpoint's.
        endings: The checkpoint's generation configuration and the tokens that end a turn.
        prompt: Token ids of the prompt as it is read.
        room: Tokens that fit after it.

    Raises:
        SettingUnavailable: Greedy decoding is wanted, and the checkpoint's configuration bends it in an unknown way.
    """
    model = endings.model
    settings = {} if request.temperature > 0 else of_checkpoint(model.generation_config)
    settings |= {name: getattr(request, name) for name in BENT if not is_neutral(name, getattr(request, name))}
    if not settings:
        return LogitsProcessorList()
    situation = Situation(
        torch.tensor([list(prompt)], device=model.device),
        len(prompt) + min(request.max_new_tokens, room),
        endings.named,
        str(model.device),
        model.config.get_text_config().vocab_size,
    )
    wanted = [name for name in PROCESSORS if name in settings and (name not in NEED_AN_END or situation.ends)]
    return LogitsProcessorList([_processor(name, settings[name], situation) for name in wanted])


def _processor(name: str, value: object, situation: Situation) -> Any:  # noqa: ANN401 - transformers' own types
    """The processor of a setting.

    Raises:
        SettingUnavailable: transformers refuses the value.
    """
    try:
        return PROCESSORS[name](value, situation)
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        msg = f"generation setting {name}: {value!r} cannot be applied ({error})"
        raise SettingUnavailable(msg) from error
