"""A double of the package sglang, built from the sources of SGLang 0.5.23.

Names of parameters are those of the source and no others. ``Engine`` computes by the local engine's model, answers in
the shapes of ``TokenizerManager``, refuses what it refuses, and fails silently as SGLang does: a text's tokens end at
SGLang's own end tokens, the last token of the vocabulary is called 0, −∞ is the least number of its type, and seeds
apply with deterministic inference alone.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from tests.engine.inprocess.computing import Computing

GENERATE = {
    "prompt", "sampling_params", "input_ids", "image_data", "audio_data", "video_data", "mm_hashes",
    "mm_content_hashes", "return_logprob", "logprob_start_len", "top_logprobs_num", "token_ids_logprob", "lora_path",
    "custom_logit_processor", "require_reasoning", "return_hidden_states", "return_routed_experts",
    "routed_experts_start_len", "stream", "bootstrap_host", "bootstrap_port", "bootstrap_room", "routed_dp_rank",
    "disagg_prefill_dp_rank", "kv_hints", "data_parallel_rank", "external_trace_header", "rid", "session_params",
    "priority", "session_id", "cache_salt",
}  # fmt: skip
"""Parameters of ``Engine.generate``."""
SAMPLING = {
    "max_new_tokens", "stop", "stop_token_ids", "stop_regex", "temperature", "top_p", "top_k", "min_p",
    "frequency_penalty", "presence_penalty", "repetition_penalty", "min_new_tokens", "n", "beam_width", "json_schema",
    "regex", "ebnf", "structural_tag", "ignore_eos", "skip_special_tokens", "spaces_between_special_tokens",
    "no_stop_trim", "stream_interval", "logit_bias", "sampling_seed", "custom_params", "watermark",
}  # fmt: skip
"""Fields of ``SamplingParams`` that callers set."""
STARTING = {
    "model_path", "tokenizer_path", "dtype", "context_length", "random_seed", "tp_size", "mem_fraction_static",
    "disable_cuda_graph", "trust_remote_code", "enable_deterministic_inference", "custom_sigquit_handler",
}  # fmt: skip
"""Those fields of ``ServerArgs`` that are used."""
LOST = 6
"""Tokens of the context that a prompt cannot have: one that is kept, five of ``max_req_input_len``."""


class Loop:
    """The event loop: stopped, it ends the wait for an answer."""

    def __init__(self) -> None:
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True

    def wait(self) -> None:
        if self.stopped:
            raise RuntimeError("Event loop stopped before Future completed.")


class Engine(Computing):
    """``sglang.Engine`` on a local engine.

    Args:
        inner: What computes.
        fault: Spoils answers: ``none``, ``short`` (a place less), ``nan``, ``infinite`` (values of −∞), ``lacking`` (no
            value for a token), ``none-value``, ``dead``, ``failing``, ``other`` (of another request), ``aborted``,
            ``dropped`` and ``poisoned`` (what was cached is missing, or NaN), ``outside`` (a token that does not
            exist), ``shifted`` (values of other tokens) or ``early`` (ends where nothing does).
        ends: Tokens at which SGLang ends a text by itself.
        deterministic: Whether seeds apply.
    """

    def __init__(
        self, inner: Any, *, fault: str = "none", ends: tuple[int, ...] = (), deterministic: bool = True
    ) -> None:
        super().__init__(inner, fault)
        self.ends, self.deterministic = ends, deterministic
        self.asked: list[SimpleNamespace] = []
        self.flushes = self.shutdowns = 0
        self.loop = Loop()
        self.context = inner.max_length + LOST
        self.tokenizer_manager = SimpleNamespace(
            model_config=SimpleNamespace(vocab_size=int(inner.model.config.vocab_size)),
            max_req_input_len=inner.max_length,
            signal_handler_class=None,
        )

    def shutdown(self) -> None:
        self.shutdowns += 1

    def flush_cache(self) -> Any:
        self.flushes += 1
        self.held.clear()
        return SimpleNamespace(success=True, message="")

    def generate(self, **given: Any) -> list[dict[str, Any]]:
        if unknown := given.keys() - GENERATE:
            raise TypeError(f"Engine.generate() got an unexpected keyword argument {unknown}")
        if self.fault == "failing":
            raise RuntimeError("a request that cannot be")
        if self.fault == "dead":
            self.tokenizer_manager.signal_handler_class(self.tokenizer_manager).running_phase_sigquit_handler()
        self.loop.wait()
        count = len(given["input_ids"])
        each = {name: value if isinstance(value, list) else [value] * count for name, value in given.items()}
        assert all(len(values) == count for values in each.values())
        return [self._answer(SimpleNamespace(**{name: each[name][i] for name in each})) for i in range(count)]

    def _answer(self, asked: SimpleNamespace) -> dict[str, Any]:
        self.asked.append(asked)
        params, prompt = asked.sampling_params, asked.input_ids
        if unknown := params.keys() - SAMPLING:
            raise TypeError(f"Unexpected keyword argument {unknown}")
        if len(prompt) >= self.context - LOST:
            raise ValueError(f"Input length ({len(prompt)} tokens) exceeds the maximum allowed length")
        assert params["max_new_tokens"] + len(prompt) <= self.context - 2, "would be cut without a word"
        assert 0 < params.get("repetition_penalty", 1.0) <= 2
        assert params.get("top_k", -1) == -1 or params["top_k"] >= 1
        assert params.get("min_new_tokens", 0) <= params["max_new_tokens"]
        assert len(params.get("stop", [])) <= 32
        start = getattr(asked, "logprob_start_len", -1)
        cached = min(self.cached(prompt), len(prompt) if start < 0 else start)
        meta = {
            "id": "another" if self.fault == "other" else asked.rid,
            "prompt_tokens": len(prompt),
            "cached_tokens": cached,
        }
        rows = self.rows(prompt)
        if self.fault == "poisoned" and cached:
            rows = rows * torch.nan
        if self.fault == "infinite":
            rows = torch.full_like(rows, torch.finfo(torch.float32).min)
        meta |= self._of_prompt(prompt, rows, start, cached)
        meta |= self._after(asked, rows)
        tokens = self._written(prompt, params, meta)
        self.held.append(prompt)
        return {"text": self.inner.tokenizer.decode(tokens), "output_ids": tokens, "meta_info": meta}

    def _of_prompt(self, prompt: list[int], rows: torch.Tensor, start: int, cached: int) -> dict[str, Any]:
        if start < 0:
            return {"input_token_logprobs": [], "input_top_logprobs": []}
        read = list(zip(prompt[start + 1 :], rows[start:], strict=False))
        last = self.tokenizer_manager.model_config.vocab_size - 1
        values: list[Any] = [(None, prompt[start], None)]
        values += [(float(row[token]), 0 if token == last else token, None) for token, row in read]
        tops: list[Any] = [None, *([(float(row.max()), int(row.argmax()), None)] for _, row in read)]
        if self.fault == "lacking":
            tops[-1] = None
        if self.fault == "none-value":
            values[-1] = (None, values[-1][1], None)
        if self.fault == "shifted":
            values = [(value, token + 1, text) for value, token, text in values]
        if self.fault == "short" or (self.fault == "dropped" and cached):
            values, tops = values[:-1], tops[:-1]
        return {"input_token_logprobs": values, "input_top_logprobs": tops}

    def _after(self, asked: SimpleNamespace, rows: torch.Tensor) -> dict[str, Any]:
        row = rows[-1]
        found: dict[str, Any] = {}
        if getattr(asked, "top_logprobs_num", 0):
            found["output_top_logprobs"] = [[(float(row.max()), int(row.argmax()), None)]]
        if getattr(asked, "token_ids_logprob", None):
            given = [(float(row[token]), token, None) for token in asked.token_ids_logprob]
            if self.fault == "none-value":
                given = [(None, token, None) for _, token, _ in given]
            found["output_token_ids_logprobs"] = [given[:-1] if self.fault == "lacking" else given]
            if self.fault == "short":
                found["output_token_ids_logprobs"] = []
        return found

    def _written(self, prompt: list[int], params: dict[str, Any], meta: dict[str, Any]) -> list[int]:
        ends = () if params.get("ignore_eos") else {*params.get("stop_token_ids", ()), *self.ends}
        seed = params.get("sampling_seed") if params["temperature"] > 0 and self.deterministic else None
        tokens, values, matched = self.text(
            prompt, params["max_new_tokens"], ends, params.get("stop", ()), seed, params["temperature"]
        )
        meta["output_token_logprobs"] = [(value, token, None) for value, token in zip(values, tokens, strict=True)]
        meta["finish_reason"] = (
            {"type": "length", "length": len(tokens)} if matched is None else {"type": "stop", "matched": matched}
        )
        if self.fault == "aborted":
            meta["finish_reason"] = {"type": "abort", "message": "Aborted", "status_code": None, "err_type": None}
        if self.fault == "outside":
            meta["finish_reason"] = {"type": "stop", "matched": "NaN happened"}
        if self.fault == "shifted":
            meta["output_token_logprobs"] = [
                (value, token + 1, None) for value, token in zip(values, tokens, strict=True)
            ]
        return tokens


def package(engine: Engine | None = None, fault: Exception | None = None, *, falls: bool = False) -> Any:
    """The module ``sglang``; its ``Engine`` takes the arguments of the source and returns the one given."""
    started: list[dict[str, Any]] = []

    def start(**settings: Any) -> Any:
        if unknown := settings.keys() - STARTING:
            raise TypeError(f"Unexpected keyword argument {unknown}")
        started.append(settings)
        if falls:
            settings["custom_sigquit_handler"](3, None)
        if fault is not None:
            raise fault
        return engine

    return SimpleNamespace(Engine=start, __version__="0.5.23", started=started)
