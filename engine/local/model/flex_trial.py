"""Whether FlexAttention is faster than dense masks on this device, in passes of the size that will be computed."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from audit.core.errors import RAISED_BY_OTHERS
from audit.core.text import first_line
from audit.engine.local.model.head import whole
from audit.engine.local.plan.architecture import values_of
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import Block, Pass, Trunk
from audit.engine.local.plan.prefix_tree import PrefixTree
from audit.engine.local.plan.rates import median_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.engine.local.model.forward import Forward
    from audit.engine.local.model.shortcuts import Shortcuts

TOKENS = 8192
"""Of a pass that is timed."""
OPTIONS = 8
"""Sequences of a row, which share its first half."""
LONGEST_TRUNK = 512
USUAL_CONTEXT = 2048
"""Where the configuration names none."""
GAIN = 0.9
"""Share of the time under dense masks that it may take: less would be a draw."""
SLOWER = "it is no faster than dense masks on this device"

_MEMORY = re.compile(r"(?<!shared )memory", re.IGNORECASE)
"""Not a kernel's shared memory, which the device never has more of."""

logger = logging.getLogger(__name__)


def is_faster(make: Callable[[Shortcuts], Forward], shortcuts: Shortcuts) -> Shortcuts:
    """The same shortcuts, without FlexAttention where it is no faster.

    Args:
        make: A forward of the model with given shortcuts.
        shortcuts: With FlexAttention, which a trial found exact.
    """
    try:
        dense, flexible = (seconds_of(make(replace(shortcuts, flex=flexes))) for flexes in (False, True))
    except RAISED_BY_OTHERS as error:
        logger.debug("FlexAttention failed", exc_info=True)
        reason = f"in passes of the usual size it failed ({first_line(error)})"
        return replace(shortcuts, flex=lasting(error), no_flex=reason)
    logger.debug("packed rows: %.4f s under dense masks, %.4f s by FlexAttention", dense, flexible)
    return shortcuts if flexible <= GAIN * dense else replace(shortcuts, flex=False, no_flex=SLOWER)


def lasting(error: BaseException) -> bool | None:
    """What a failure decides about FlexAttention: False, not to use it; None for want of memory, which passes."""
    of_memory = isinstance(error, torch.OutOfMemoryError | MemoryError) or _MEMORY.search(str(error))
    return None if of_memory else False


def seconds_of(forward: Forward) -> float:
    """Seconds of a pass of packed rows and one of rows on a trunk, medians of several."""
    at = np.zeros(1, dtype=np.int64)
    total = 0.0
    for work, tree in typical_passes(forward):
        layout = lay_out(work, tree, forward.pad_id)
        total += median_seconds(lambda: whole(forward.tiles(work, layout, at, at)), forward.device)  # noqa: B023 - called now
    return total


def typical_passes(forward: Forward) -> Iterator[tuple[Pass, PrefixTree]]:
    """Packed rows as wide as the planner makes them: without a trunk, and with one."""
    lengths = values_of(forward.model.config.get_text_config(), "max_position_embeddings")
    context = min((length for length in lengths if isinstance(length, int) and length > 0), default=USUAL_CONTEXT)
    width = max(2 * OPTIONS, min(forward.cost.capacity, context // 2))
    rows = max(1, min(forward.vocabulary, TOKENS // width))
    for length in (0, min(LONGEST_TRUNK, context // 4)):
        trunk = (0,) * length
        sequences = [
            np.array([*trunk, row, *[0] * (width // 2 - 1), option, *[0] * (width // 2 // OPTIONS - 1)])
            for row in range(rows)
            for option in range(OPTIONS)
        ]
        tree = PrefixTree(sequences, [length] * len(sequences))
        packed = tuple(
            (Block(first, first + OPTIONS, length, tree.size(first, first + OPTIONS, length)),)
            for first in range(0, len(sequences), OPTIONS)
        )
        yield Pass(Trunk(trunk) if trunk else None, packed, length), tree
