"""What a configuration says about an architecture: windows, lengths at which something changes, values per layer."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPS = ("final_logit_softcapping", "logits_soft_cap", "output_logit_soft_cap")
"""Fields that bend large logits after the head; a trial's logits may be too small to show it."""
COUNT_COLUMNS = ("attention_layers", "attention_types", "window_size", "alibi", "attn_temperature_tuning")
"""Fields whose windows, biases or scales count columns, not positions (GPT-Neo, MPT, Llama 4)."""
SELECTED = ("index_topk", "indexer_budget", "lsh_attn_chunk_length")
"""Fields for how many positions sparse attention selects: which, where several are equal, depends on the batch."""
TURNING_ROPE = ("dynamic", "longrope")
"""Kinds of rotary embedding whose frequencies depend on the longest position of the call."""


def values_of(config: Any, name: str) -> list[Any]:  # noqa: ANN401 - transformers' configurations differ
    """Distinct values of a field, over all layers if it may differ by layer; none if it is missing."""
    layers = getattr(config, "per_layer_config", None) if getattr(config, "is_heterogeneous", False) else None
    found: list[Any] = []
    for part in layers or (config,):
        value = getattr(part, name, None)
        for entry in value if isinstance(value, list | tuple) else (value,):
            if entry is not None and entry not in found:
                found.append(entry)
    return found


@dataclass(frozen=True)
class Shape:
    """Sizes of a checkpoint's layers, from its configuration."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head: int
    """Dimension of one head."""

    @property
    def cached_numbers(self) -> int:
        """Numbers that the keys and values of one position take in all layers."""
        return 2 * self.layers * self.kv_heads * self.head

    @property
    def live_numbers(self) -> int:
        """Numbers alive while one token passes through a layer: residuals, attention, feed-forward."""
        return 6 * self.hidden + 6 * self.heads * self.head + 4 * self.intermediate


def shape_of(model: Any) -> Shape:  # noqa: ANN401 - transformers' models have no common typed base
    """The sizes that transformers' configurations name; where one does not, what is usual."""
    config = model.config.get_text_config()

    def size(name: str, usual: int) -> int:
        return int(max(values_of(config, name), default=0) or usual)  # one per layer on some architectures

    hidden = size("hidden_size", 64)
    heads = size("num_attention_heads", 1)
    return Shape(
        layers=size("num_hidden_layers", 1),
        hidden=hidden,
        intermediate=size("intermediate_size", 4 * hidden),
        heads=heads,
        kv_heads=size("num_key_value_heads", heads),
        head=size("head_dim", hidden // heads),
    )


def windows_of(config: Any) -> dict[str, int | None]:  # noqa: ANN401 - see above
    """How far back each type of attention layer sees; empty where a type is not known to be softmax attention."""
    parts = (config, getattr(config, "attn_config", None))  # MPT keeps what is about attention apart
    if any(any(values_of(part, name)) for part in parts for name in (*COUNT_COLUMNS, *SELECTED)):
        return {}
    if _turning_length(config) is not None or _differs(config, "sliding_window"):
        return {}
    sliding = getattr(config, "sliding_window", None)
    kinds = set(getattr(config, "layer_types", None) or ())
    if not kinds:
        return {"full_attention": sliding}
    known = {"full_attention": None, "sliding_attention": sliding}
    return {kind: known[kind] for kind in sorted(kinds)} if kinds <= known.keys() else {}


def longest_in_company(config: Any) -> int | None:  # noqa: ANN401 - see above
    """Length beyond which a sequence's scores depend on what else is computed with it; None where there is none."""
    selected = [count for name in SELECTED for count in values_of(config, name)]
    turning = _turning_length(config)
    return min([*selected, *([] if turning is None else [turning])], default=None)


@contextmanager
def narrowed(config: Any, window: int) -> Iterator[None]:  # noqa: ANN401 - see above
    """Sliding windows of this width, so that a short sequence is longer than they are.

    Masks are made from the configuration in each call. Where a layer keeps its window elsewhere, a trial under other
    windows than its own fails: nothing is shared then.
    """
    before = None if _differs(config, "sliding_window") else getattr(config, "sliding_window", None)
    if not isinstance(before, int):
        yield
        return
    config.sliding_window = min(window, before)
    try:
        yield
    finally:
        config.sliding_window = before


def _differs(config: Any, name: str) -> bool:  # noqa: ANN401 - see above
    """Whether a field differs by layer: transformers refuses to read it then."""
    try:
        getattr(config, name, None)
    except RuntimeError:
        return True
    return False


def _turning_length(config: Any) -> int | None:  # noqa: ANN401 - see above
    """Length from which a call's rotary frequencies depend on it: what is cached would not fit what comes after."""
    rope = getattr(config, "rope_parameters", None) or {}
    for part in (rope, *(inner for inner in rope.values() if isinstance(inner, dict))):
        if part.get("rope_type") in TURNING_ROPE:
            return int(part.get("original_max_position_embeddings") or config.max_position_embeddings)
    return None
