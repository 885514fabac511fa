"""How a checkpoint is asked: settings of servers, and of reasoning traces."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from audit.core.config.fields import Count, Option, Section

LOADING = ("run", "explain", "judge")
"""Commands that load a checkpoint."""


class ServerConfig(Section):
    """Requests to a model behind a server (``openai:URL#NAME``); no effect on local checkpoints."""

    concurrency: Count = 8
    """Number of concurrent requests."""
    timeout: float = Field(default=120.0, gt=0)
    """Maximum seconds for one request, from end to end."""
    tries: Count = 5
    """Attempts for a request that fails for a temporary reason (429, 5xx, lost connection, broken JSON)."""


class ThinkingConfig(Section):
    """Reasoning traces; no effect on checkpoints that do not write any."""

    tokens: Annotated[
        Count, Option("Maximum length of a reasoning trace, in tokens.", LOADING, name="--thinking-tokens")
    ] = 2048
    """Maximum tokens of a reasoning trace, in addition to the task's limit for the answer."""
    end: Annotated[str | None, Option("Marker that ends a reasoning trace.", LOADING, name="--think-end")] = None
    """Marker that ends a trace; null uses the one from the checkpoint's tokenizer or chat template."""


class InferenceConfig(Section):
    """An inference engine of others in this process (``vllm:``, ``sglang:``); no effect on other checkpoints."""

    tensor_parallel: Annotated[
        Count, Option("GPUs that share each layer, with vllm: or sglang:.", LOADING, name="--tensor-parallel")
    ] = 1
    """GPUs that share each layer."""
    memory_share: Annotated[
        float,
        Field(gt=0, le=1),
        Option("Share of each GPU's memory that vllm: or sglang: takes.", LOADING, name="--memory-share"),
    ] = 0.9
    """Share of each GPU's memory that the engine takes for weights and prefixes."""
    eager: bool = False
    """Compile no graphs: the engine starts sooner and computes slower."""
