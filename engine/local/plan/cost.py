"""What a pass costs, modelled in floating-point operations, so that the cheaper of two plans can be taken.

Copying and reading memory count as the operations that could have been done meanwhile.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from audit.engine.local.plan.architecture import shape_of, values_of
from audit.engine.local.plan.rates import rates_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Count = int | NDArray[np.int64]

ATTENTION_SHARE = 0.15
"""Maximum share of a packed row's work spent on pairs of tokens, most of which do not see each other."""

EXPERTS = ".experts."
"""Part of the names of weights of which a token only uses a share."""
EXPERT_COUNTS = ("num_local_experts", "num_experts", "n_routed_experts")


@dataclass(frozen=True)
class Cost:
    """The cost model of one checkpoint on one device. All fields in FLOP."""

    token: float
    """One token through all layers, without attention and output head: two per weight."""
    pair: float
    """One query-key pair in all layers: four per dimension, head and layer, at attention's lower rate."""
    copy: float
    """Copying keys and values of one cached position in all layers."""
    call: float
    """What a pass costs whatever the number of tokens: all weights are read once, and a GPU waits for the host."""

    @property
    def capacity(self) -> int:
        """Tokens of a packed row beyond which attention between unrelated tokens costs too much."""
        return max(32, int(ATTENTION_SHARE * self.token / self.pair))

    def of_pass(self, rows: Count, width: Count, trunk: int) -> Any:  # noqa: ANN401 - a number, or an array for arrays
        """A pass of ``rows`` x ``width`` tokens, each row on ``trunk`` cached positions."""
        copied = rows * (trunk + width) if trunk else 0.0
        return rows * width * (self.token + self.pair * (trunk + width)) + self.copy * copied + self.call

    def blocks(self, blocks: Sequence[tuple[int, int]], budget: Budget) -> float:
        """Estimate for blocks of (tokens, trunk positions they see), before they are packed."""
        tokens = sum(size for size, _ in blocks)
        pairs = sum(size * (seen + size) for size, seen in blocks)
        widest, deepest = max(size for size, _ in blocks), max(seen for _, seen in blocks)
        copied = deepest * max(1.0, tokens / max(256, widest))
        passes = math.ceil(tokens / budget.tokens)
        return tokens * self.token + pairs * self.pair + copied * self.copy + passes * self.call


@dataclass(frozen=True)
class Budget:
    """How much of a pass fits into memory."""

    tokens: int
    """Rows x columns, filling included: what is alive inside a layer."""
    cached: int
    """Rows x (trunk + columns) where there is a trunk: keys and values of all layers, copied for each row."""
    width: int | None = None
    """Columns that a row may have; None sets no bound. Some architectures raise beyond the context, whatever the
    positions."""

    def rows(self, width: int, trunk: int) -> int:
        """How many rows of ``width`` columns a pass may have; at least one."""
        count = self.tokens // width
        return max(1, min(count, self.cached // (trunk + width)) if trunk else count)


def cost_of(model: Any) -> Cost:  # noqa: ANN401 - see above
    """The cost model of a causal language model, from its weights and configuration."""
    shape = shape_of(model)
    used = _experts_used(model.config.get_text_config())
    weights = {id(p): (p, used if EXPERTS in name else 1.0) for name, p in model.named_parameters()}
    for part in (model.get_input_embeddings(), model.get_output_embeddings()):
        for p in part.parameters() if part is not None else ():
            weights.pop(id(p), None)
    count = sum(share * p.numel() for p, share in weights.values())
    size = sum(p.numel() * p.element_size() for p, _ in weights.values())
    rates = rates_of(model, shape)
    ratio = rates.matrix / rates.memory
    # Written once when the trunk and the new positions are joined, and once per query head where heads share keys.
    repeated = shape.heads if shape.heads != shape.kv_heads else 0
    copied = 2 * shape.layers * shape.head * (shape.kv_heads + repeated) * model.dtype.itemsize
    pair = 4.0 * rates.matrix / rates.attention * shape.heads * shape.head * shape.layers
    return Cost(2.0 * count, pair, ratio * copied, max(ratio * size, rates.matrix * rates.empty))


def _experts_used(config: Any) -> float:  # noqa: ANN401 - see above
    """The share of a layer's experts that one token goes through; 1 where there are none."""
    there = max((count for name in EXPERT_COUNTS for count in values_of(config, name)), default=0)
    chosen = max(values_of(config, "num_experts_per_tok"), default=0)
    return min(1.0, chosen / there) if there and chosen else 1.0
