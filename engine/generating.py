"""Continuations of prompts: by continuous batching, or by transformers' ``generate`` where that is not exact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.engine.batch_generating import BatchGenerator
from audit.engine.decoding import Decoder
from audit.engine.endings import Endings
from audit.engine.requests import Completion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from transformers import PreTrainedTokenizerBase

    from audit.engine.cost import Budget
    from audit.engine.forward import Forward
    from audit.engine.requests import GenerateRequest

NOT_ITS_OWN = "transformers' generate gives other logits than this architecture's forward pass: no text is reported"
HARMLESS = {
    "bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "transformers_version", "do_sample",
    "temperature", "top_k", "top_p", "max_length", "max_new_tokens", "use_cache", "_from_model_config",
}  # fmt: skip
"""Entries of a generation configuration that do not change greedy decoding."""
NEUTRAL = {"repetition_penalty": 1.0, "num_beams": 1, "num_return_sequences": 1, "length_penalty": 1.0}
"""Values of entries with which they do not either, beside none, false and zero."""


class Generator:
    """Generates on one transformers model.

    Args:
        forward: Runs passes and steps on it.
        tokenizer: Its tokenizer.
        encode: Text to token ids, by the engine's rule for special tokens.
        max_length: Context length in tokens.
        rows: Completions at a time at most.
        budget: What fits into a pass that reads prompts.
    """

    def __init__(
        self,
        forward: Forward,
        tokenizer: PreTrainedTokenizerBase,
        encode: Callable[[str], list[int]],
        max_length: int,
        rows: int,
        budget: Budget,
    ) -> None:
        self.forward = forward
        self.encode = encode
        endings = Endings(forward.model, tokenizer)
        self.decoder = Decoder(forward, endings, max_length, rows, budget)
        self.batches = BatchGenerator(
            forward.model, endings, encode, forward.device, max_length, rows, forward.pad_id, forward.generates_alone
        )

    def work(
        self, requests: Sequence[GenerateRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions by index as they arrive, and the number of tokens that were read and generated for them."""
        bent = self._is_bent()
        continuous = [i for i in missing if self.forward.decodes and (requests[i].temperature > 0 or not bent)]
        asked = [(index, requests[index], self.encode(requests[index].prompt)) for index in continuous]
        yield from self.decoder.run(asked, say)
        others = set(missing) - set(continuous)
        unable = {index for index in others if self._is_unable(requests[index])}
        if unable:
            yield {index: Completion(error=NOT_ITS_OWN) for index in unable}, 0
        yield from self.batches.work(requests, others - unable, say)

    def _is_unable(self, request: GenerateRequest) -> bool:
        """Whether transformers' ``generate`` does not continue a prompt as the model's own forward pass does."""
        generates = self.forward.generates
        return not generates.prompts or (not generates.single and len(self.encode(request.prompt)) == 1)

    def _is_bent(self) -> bool:
        """Whether the checkpoint's generation configuration changes greedy decoding.

        Its penalties are kept, by transformers' ``generate``, as lm-eval's ``HFLM`` does; sampled text follows the
        plain distribution, as the probes publish it.
        """
        return any(
            name not in HARMLESS and not name.startswith("output_") and value and value != NEUTRAL.get(name)
            for name, value in self.forward.model.generation_config.to_diff_dict().items()
        )
