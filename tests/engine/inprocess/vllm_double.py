"""A double of the package vllm, built from the sources of vLLM 0.33.0.

``SamplingParams`` has the names of the source and no others. ``LLM`` computes by the local engine's model, returns
answers in the shapes of ``RequestOutput``, refuses what vLLM's input processor refuses, and fails silently as vLLM
does: model runner V2 returns nothing for a prompt whose cached part goes beyond its first wanted row.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from tests.engine.inprocess.computing import Computing

FIELDS = (
    "n", "presence_penalty", "frequency_penalty", "repetition_penalty", "temperature", "watermarking", "top_p", "top_k",
    "min_p", "seed", "stop", "stop_token_ids", "ignore_eos", "max_tokens", "min_tokens", "logprobs", "prompt_logprobs",
    "prompt_logprob_token_ids", "prompt_logprob_start", "logprob_token_ids", "flat_logprobs", "detokenize",
    "skip_special_tokens", "spaces_between_special_tokens", "include_stop_str_in_output", "output_kind",
    "stream_interval", "skip_clone", "structured_outputs", "logit_bias", "allowed_token_ids", "extra_args", "bad_words",
    "skip_reading_prefix_cache", "thinking_token_budget", "repetition_detection", "routed_experts_prompt_start",
    "trace_decode_token_ids",
)  # fmt: skip
"""Public names of ``vllm.SamplingParams``."""
ENGINE_FIELDS = {
    "model", "tokenizer", "trust_remote_code", "dtype", "seed", "max_model_len", "tensor_parallel_size",
    "enable_prefix_caching", "gpu_memory_utilization", "logprobs_mode", "disable_log_stats", "enforce_eager",
    "generation_config",
}  # fmt: skip
"""Those names of ``vllm.EngineArgs`` that are used."""
MOST_IDS = 128
"""``MAX_LOGPROB_TOKEN_IDS``."""


class SamplingParams:
    """Settings of a request; a name that vLLM does not have is an error."""

    __struct_fields__ = FIELDS

    def __init__(self, **settings: Any) -> None:
        if unknown := settings.keys() - set(FIELDS):
            raise TypeError(f"Unexpected keyword argument {unknown}")
        for name in FIELDS:
            setattr(self, name, settings.get(name))
        if self.skip_reading_prefix_cache is None:  # type: ignore[has-type]
            self.skip_reading_prefix_cache = (
                self.prompt_logprobs is not None or self.prompt_logprob_token_ids is not None  # type: ignore[attr-defined]
            )


class EngineDeadError(Exception):
    """What vLLM raises once its process has ended."""


class LLM(Computing):
    """``vllm.LLM`` on a local engine.

    Args:
        inner: What computes.
        v2: Whether the model runner is V2.
        fault: Spoils answers: ``none``, ``short`` (fewer rows), ``nan``, ``lacking`` (no value for a token), ``dead``,
            ``failing``, ``other`` (of another prompt), ``aborted`` or
            ``early`` (ends where nothing does).
    """

    def __init__(self, inner: Any, *, v2: bool, fault: str = "none") -> None:
        super().__init__(inner, fault)
        self.asked: list[SamplingParams] = []
        self.resets = self.shutdowns = 0
        self.llm_engine = SimpleNamespace(
            vllm_config=SimpleNamespace(use_v2_model_runner=v2), engine_core=SimpleNamespace(shutdown=self._shutdown)
        )

    def _shutdown(self) -> None:
        self.shutdowns += 1
        raise RuntimeError("already ended")

    def reset_prefix_cache(self) -> bool:
        self.resets += 1
        self.held.clear()
        return True

    def generate(self, prompts: Any, sampling_params: Any = None, *, use_tqdm: bool = True) -> list[Any]:
        assert not use_tqdm
        assert len(prompts) == len(sampling_params)
        if self.fault == "dead":
            raise EngineDeadError("EngineCore encountered an issue")
        if self.fault == "failing":
            raise ValueError("a request that cannot be")
        return [
            self._answer(one["prompt_token_ids"], params) for one, params in zip(prompts, sampling_params, strict=True)
        ]

    def _answer(self, prompt: list[int], params: Any) -> Any:
        self.asked.append(params)
        assert len(prompt) + 1 <= self.inner.max_length
        rows = self.rows(prompt)
        made = self._written(prompt, params)
        answer = SimpleNamespace(
            prompt_token_ids=[0] if self.fault == "other" else prompt,
            prompt_logprobs=None,
            prompt_token_id_logprobs=None,
            outputs=[made],
        )
        if params.logprob_token_ids is not None:
            assert 0 < len(params.logprob_token_ids) <= MOST_IDS
            wanted = params.logprob_token_ids[: -1 if self.fault == "lacking" else None]
            made.logprobs = [self._row(rows[-1], [made.token_ids[0], *wanted])]
        if params.prompt_logprobs is not None:
            answer.prompt_logprobs = self._prompt(prompt, rows, params)
        if params.prompt_logprob_token_ids is not None:
            answer.prompt_token_id_logprobs = self._part(prompt, rows, params)
        self.held.append(prompt)
        return answer

    def _prompt(self, prompt: list[int], rows: torch.Tensor, params: Any) -> list[Any]:
        assert params.skip_reading_prefix_cache, "the V1 runner would leave cached rows uninitialised"
        read = zip(prompt[1:], rows, strict=False)
        found: list[Any] = [None, *(self._row(row, [token, int(row.argmax())]) for token, row in read)]
        if self.fault == "lacking":
            found[-1] = {}
        return found[:-1] if self.fault == "short" else found

    def _part(self, prompt: list[int], rows: torch.Tensor, params: Any) -> Any:
        assert self.llm_engine.vllm_config.use_v2_model_runner, "requires the V2 model runner"
        start, ids = params.prompt_logprob_start, params.prompt_logprob_token_ids
        assert len(ids) == len(prompt) - 1 - start
        if not params.skip_reading_prefix_cache and self.cached(prompt) > start:
            return None
        found = rows[start:-1].gather(1, torch.tensor(ids)).float().numpy()
        return found[:-1] if self.fault == "short" else found

    def _row(self, row: torch.Tensor, tokens: list[int]) -> dict[int, Any]:
        return {token: SimpleNamespace(logprob=float(row[token]), rank=None) for token in tokens}

    def _written(self, prompt: list[int], params: Any) -> Any:
        tokens, values, matched = self.text(
            prompt, params.max_tokens, params.stop_token_ids or (), params.stop or (), params.seed, params.temperature
        )
        reason = "abort" if self.fault == "aborted" else "length" if matched is None else "stop"
        return SimpleNamespace(token_ids=tokens, finish_reason=reason, cumulative_logprob=sum(values), logprobs=None)


def package(llm: LLM | None = None, fault: Exception | None = None) -> Any:
    """The module ``vllm``; its ``LLM`` takes the arguments of the source and returns the one given."""
    started: list[dict[str, Any]] = []

    def start(**settings: Any) -> Any:
        assert settings.keys() <= ENGINE_FIELDS
        started.append(settings)
        if fault is not None:
            raise fault
        return llm

    return SimpleNamespace(LLM=start, SamplingParams=SamplingParams, __version__="0.33.0", started=started)
