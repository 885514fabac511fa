"""A step of generation as one CUDA graph: the host starts it with one call instead of some thousand.

A step computes one token per text, which takes a GPU less time than the host needs to start its kernels one by one. The
kernels of a step are the same as long as the buffers stay where they are, so they are recorded once and replayed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import torch

from audit.core.text import first_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.engine.local.model.slots import Slots

EAGER_STEPS = 2
"""Steps before one is recorded: what is used for the first time allocates memory, which must not be recorded."""

logger = logging.getLogger(__name__)


class StepGraphs:
    """The recorded step of the buffers in use.

    Args:
        compute: From a tensor that holds the state of the slots on the device, the logits of a step. All of its work
            must depend on what the state holds, not on when it is called.

    Attributes:
        works: Whether a step can be recorded, as far as is known.
    """

    def __init__(self, compute: Callable[[Slots, torch.Tensor], torch.Tensor]) -> None:
        self._compute = compute
        self._place: object = None
        self._steps = 0
        self.works = True
        self._graph: torch.cuda.CUDAGraph | None = None
        self._state = self._logits = torch.empty(0)

    def step(self, slots: Slots, state: torch.Tensor) -> torch.Tensor | None:
        """Logits of a step; None while it has to be computed call by call."""
        if slots.place is not self._place:
            self._place, self._steps, self._graph = slots.place, 0, None
        self._steps += 1
        if not self.works or self._steps <= EAGER_STEPS:
            return None
        if self._graph is None and not self._record(slots, state):
            return None
        self._state.copy_(state)
        self.replay()
        return self._logits

    def replay(self) -> None:
        """Compute what was recorded."""
        if self._graph is not None:
            self._graph.replay()

    def _record(self, slots: Slots, state: torch.Tensor) -> bool:
        """Whether the step could be recorded; where the model's code waits for the device it cannot be.

        Raises:
            torch.OutOfMemoryError: Memory is too small for it.
        """
        self._state = state.clone()
        device, before = state.device, torch.cuda.current_stream(state.device)
        graph = torch.cuda.CUDAGraph()
        try:
            # On another card's stream nothing would be recorded, and each replay would leave the logits as they are.
            stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            with torch.cuda.device(device), torch.cuda.graph(graph, stream=stream):
                self._logits = self._compute(slots, self._state)
        except RuntimeError as error:
            torch.cuda.set_stream(before)  # torch stays on the stream of a recording that failed
            if isinstance(error, torch.OutOfMemoryError):
                raise
            logger.debug("a step of generation cannot be recorded: %s", first_line(error))
            self.works = False
            return False
        self._graph = graph
        return True
