"""Keys and values of rows that are generated together, each row at its own length.

Rows are aligned on the right: one column is written per step, the same for all rows, and a mask tells each row where
its own tokens begin. So a row can be replaced by another prompt at any step, and room is made in place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers.cache_utils import Cache, DynamicLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from audit.engine.local.model.forward import KeysValues

SPARE_COLUMNS = 64
"""Columns that are added when a buffer is full."""


class SlotLayer(DynamicLayer):
    """Keys and values of one layer in a buffer with room on the right, shape (rows, heads, columns, dimension)."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True
        self.buffers = [keys, values]
        self.first = self.end = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one column; return what any row may see."""
        keys, values = self.buffers
        keys[:, :, self.end] = key_states[:, :, 0]
        values[:, :, self.end] = value_states[:, :, 0]
        return keys[:, :, self.first : self.end + 1], values[:, :, self.first : self.end + 1]

    def get_seq_length(self) -> int:
        """Columns in use."""
        return self.end - self.first


class Slots:
    """Rows of a batch that come and go.

    Attributes:
        starts: Per row, the column of its first token.
        end: The column that the next step writes.
    """

    def __init__(self) -> None:
        self.layers: list[SlotLayer] = []
        self.starts: list[int] = []
        self.end = 0

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.starts)

    @property
    def lengths(self) -> list[int]:
        """Tokens of each row."""
        return [self.end - start for start in self.starts]

    @property
    def first(self) -> int:
        """The leftmost column that a row uses."""
        return min(self.starts)

    def add(self, prompts: Sequence[KeysValues]) -> None:
        """Append a row for each prompt's keys and values, shape (1, heads, tokens, dimension) per layer."""
        lengths = [prompt[0][0].shape[2] for prompt in prompts]
        before = len(self)
        self._reshape(list(range(before)), before + len(prompts), max([*lengths, *self.lengths]), prompts[0])
        for row, (length, prompt) in enumerate(zip(lengths, prompts, strict=True), start=before):
            self.starts.append(self.end - length)
            self._write(row, prompt)

    def replace(self, row: int, prompt: KeysValues) -> None:
        """Put a prompt into a row that has ended."""
        length = prompt[0][0].shape[2]
        if length > self.end:
            self._reshape(list(range(len(self))), len(self), length, prompt)
        self.starts[row] = self.end - length
        self._write(row, prompt)

    def clear(self, row: int) -> None:
        """A row has ended: it holds nothing until it is replaced."""
        self.starts[row] = self.end

    def keep(self, rows: Sequence[int]) -> None:
        """Keep these rows only."""
        self.starts = [self.starts[row] for row in rows]
        if rows:
            self._reshape(list(rows), len(rows), max(self.lengths), None)

    def cache(self) -> Cache:
        """What the model's forward takes; it writes the next column."""
        for layer in self.layers:
            layer.first, layer.end = self.first, self.end
        return Cache(layers=list(self.layers))

    def advance(self) -> None:
        """A column has been written."""
        self.end += 1
        if self.end == self.layers[0].buffers[0].shape[2]:
            self._reshape(list(range(len(self))), len(self), max(self.lengths), None)

    def _write(self, row: int, prompt: KeysValues) -> None:
        """Copy a prompt's keys and values before the next column."""
        for layer, parts in zip(self.layers, prompt, strict=True):
            for buffer, part in zip(layer.buffers, parts, strict=True):
                buffer[row] = 0.0  # what another prompt left behind: a masked NaN is still a NaN
                buffer[row, :, self.end - part.shape[2] : self.end] = part[0]

    def _reshape(self, rows: list[int], count: int, width: int, like: KeysValues | None) -> None:
        """New buffers of ``count`` rows whose longest has ``width`` tokens; ``rows`` of the old ones come first."""
        old = [layer.buffers for layer in self.layers]
        shapes: Any = like if like is not None else old
        self.layers = []
        kept = min(width, self.end)
        for place, parts in enumerate(shapes):
            buffers = []
            for side, part in enumerate(parts):
                _, heads, _, dimension = part.shape
                buffer = part.new_zeros(count, heads, width + SPARE_COLUMNS, dimension)
                if old and rows:
                    buffer[: len(rows), :, width - kept : width] = old[place][side][rows, :, self.end - kept : self.end]
                buffers.append(buffer)
            self.layers.append(SlotLayer(*buffers))
        self.starts = [start + width - self.end for start in self.starts]
        self.end = width
