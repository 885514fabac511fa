"""Continuations of prompts: by continuous batching, or by transformers' ``generate`` where that is not exact."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from audit.engine.local.batch_generate import BatchGenerator
from audit.engine.local.continuous_batching import Decoder
from audit.engine.local.endings import Endings
from audit.engine.local.model.trial import judge_generating
from audit.engine.local.processors import of_checkpoint
from audit.engine.requests import Completion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from transformers import PreTrainedTokenizerBase

    from audit.engine.local.model.forward import Forward
    from audit.engine.local.model.shortcuts import Generates
    from audit.engine.local.plan.cost import Budget
    from audit.engine.requests import GenerateRequest
    from audit.engine.thinking import Thinking

STATIC_ROWS = 128
"""Texts that transformers' own ``generate`` makes together at most: all of them wait for the longest."""
NOT_ITS_OWN = "transformers' generate gives different logits from this architecture's forward pass: no text is reported"


class Generator:
    """Generates on one transformers model.

    Args:
        forward: Runs passes and steps on it.
        tokenizer: Its tokenizer.
        encode: Text to token ids, by the engine's rule for special tokens.
        max_length: Context length in tokens.
        rows: Completions at a time at most.
        budget: What fits into a pass that reads prompts.
        thinking: What is known of the checkpoint's reasoning traces.
    """

    def __init__(
        self,
        forward: Forward,
        tokenizer: PreTrainedTokenizerBase,
        encode: Callable[[str], list[int]],
        max_length: int,
        rows: int,
        budget: Budget,
        thinking: Thinking,
    ) -> None:
        self.forward = forward
        self.encode = encode
        self.endings = endings = Endings(forward.model, tokenizer, thinking)
        self.decoder = Decoder(forward, endings, max_length, rows, budget)
        self.batches = BatchGenerator(
            forward.model,
            endings,
            encode,
            forward.device,
            max_length,
            min(rows, STATIC_ROWS),
            forward.pad_id,
            forward.forget,
            self.is_alone,
        )

    def work(
        self, requests: Sequence[GenerateRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Completion], int]]:
        """Completions by index as they arrive, and the number of tokens read and generated for them.

        Raises:
            SettingUnavailable: The checkpoint's generation configuration bends greedy decoding in a way that is not
                honoured here.
        """
        for index in missing:
            if requests[index].temperature == 0:
                of_checkpoint(self.forward.model.generation_config)
                break
        if not self.forward.decodes:  # the trial failed: sequences are batched whole
            unable = {index for index in missing if self._is_unable(requests[index])}
            if unable:
                yield {index: Completion(error=NOT_ITS_OWN) for index in unable}, 0
            yield from self.batches.work(requests, set(missing) - unable, say)
            return
        wanted = [(index, requests[index], self.encode(requests[index].prompt)) for index in missing]
        yield from self.decoder.completions(wanted, say)

    @cached_property
    def generates(self) -> Generates:
        """Where transformers' ``generate`` has this model's own logits; tried when first needed."""
        return judge_generating(self.forward.model, self.forward.device, self.forward.pad_id)

    def is_alone(self, length: int) -> bool:
        """Whether ``generate`` must get texts that become this long one at a time."""
        alone = self.forward.alone
        return not self.generates.batches or (alone is not None and length > alone)

    def _is_unable(self, request: GenerateRequest) -> bool:
        """Whether transformers' ``generate`` continues a prompt differently from the model's own forward pass."""
        generates = self.generates
        return not generates.prompts or (not generates.single and len(self.encode(request.prompt)) == 1)
