"""Keys and values of texts that are generated together, each at its own length.

A *slot* is a row of the buffers. Slots are aligned on the right: one column is written per step, the same for all, and
a mask says for each slot where its own tokens begin. So the text in a slot can be replaced by another at any step::

    slot 0   . . a a a a a a | _ _        starts[0] = 2
    slot 1   . . . . . b b b | _ _        starts[1] = 5
                             end = 8: the next step writes here
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from transformers.cache_utils import Cache, DynamicLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from audit.engine.local.model.keys_values import KeysValues

SPARE_COLUMNS = 64
"""Columns added when a buffer is full."""


class SlotLayer(DynamicLayer):
    """Keys and values of one layer in a buffer with room on the right, shape (slots, heads, columns, dimension)."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dtype, self.device = keys.dtype, keys.device
        self.is_initialized = True
        self.buffers = [keys, values]
        self.first = self.end = 0
        self.column: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write one column; return what any slot may see, or all columns if ``column`` says which one is written."""
        keys, values = self.buffers
        if self.column is not None:
            return keys.index_copy_(2, self.column, key_states), values.index_copy_(2, self.column, value_states)
        keys[:, :, self.end] = key_states[:, :, 0]
        values[:, :, self.end] = value_states[:, :, 0]
        return keys[:, :, self.first : self.end + 1], values[:, :, self.first : self.end + 1]

    def get_seq_length(self) -> int:
        """Columns in use."""
        return self.end - self.first


class Slots:
    """Slots whose texts come and go.

    Attributes:
        starts: Per slot, the column of its first token.
        end: The column that the next step writes.
        place: Another object whenever the buffers have moved.
    """

    def __init__(self) -> None:
        self.layers: list[SlotLayer] = []
        self.starts: list[int] = []
        self.end = 0
        self.place = object()

    def __len__(self) -> int:
        """Number of slots."""
        return len(self.starts)

    @property
    def lengths(self) -> list[int]:
        """Tokens in each slot."""
        return [self.end - start for start in self.starts]

    @property
    def first(self) -> int:
        """The leftmost column that a slot uses."""
        return min(self.starts)

    def add(self, prompts: Sequence[KeysValues]) -> None:
        """Append a slot for each prompt's keys and values, shape (1, heads, tokens, dimension) per layer."""
        if not self.layers:
            self.layers = [SlotLayer(keys[:0], values[:0]) for keys, values in prompts[0]]
        before = len(self)
        lengths = [_length(prompt) for prompt in prompts]
        self._move(range(before), before + len(prompts), max([*lengths, *self.lengths]))
        for slot, (length, prompt) in enumerate(zip(lengths, prompts, strict=True), start=before):
            self.starts.append(self.end - length)
            self._write(slot, prompt)

    def replace(self, slot: int, prompt: KeysValues) -> None:
        """Put a prompt into a slot whose text has ended."""
        length = _length(prompt)
        if length > self.end:
            self._move(range(len(self)), len(self), length)
        self.starts[slot] = self.end - length
        self._write(slot, prompt)

    def clear(self, slot: int) -> None:
        """The text in a slot has ended: the slot is empty until it is replaced."""
        self.starts[slot] = self.end

    def keep(self, slots: Sequence[int]) -> None:
        """Keep only these slots."""
        self.starts = [self.starts[slot] for slot in slots]
        if slots:
            self._move(slots, len(slots), max(self.lengths))

    @property
    def width(self) -> int:
        """Columns of the buffers."""
        return int(self.layers[0].buffers[0].shape[2])

    def cache(self, column: torch.Tensor | None = None) -> Cache:
        """What the model's forward takes; it writes the next column.

        Args:
            column: Number of that column, on the device, shape (1,): the model then sees all columns of the buffers,
                whatever is in use. None takes :attr:`end`.
        """
        for layer in self.layers:
            layer.first, layer.end, layer.column = self.first, self.end, column
        return Cache(layers=list(self.layers))

    def advance(self) -> None:
        """A column has been written."""
        self.end += 1
        if self.end == self.width:
            self._move(range(len(self)), len(self), max(self.lengths))

    def _write(self, slot: int, prompt: KeysValues) -> None:
        """Copy a prompt's keys and values before the next column."""
        for layer, parts in zip(self.layers, prompt, strict=True):
            for buffer, part in zip(layer.buffers, parts, strict=True):
                buffer[slot] = 0.0  # what another prompt left behind: a masked NaN is still a NaN
                buffer[slot, :, self.end - part.shape[2] : self.end] = part[0]

    def _move(self, slots: Sequence[int], count: int, width: int) -> None:
        """Copy these slots to the head of new buffers of ``count`` slots, where the next step writes ``width``.

        Columns move by ``width - end``: to the left where all texts have become shorter than the buffer, to the right
        where a longer one is to come. ``starts`` move along. Example: from ``end`` 8 to a ``width`` of 6::

            . . a a a a a a |            a a a a a a | _ _ _
            . . . . . b b b |     ->     . . . b b b | _ _ _
        """
        self.place = object()
        for layer in self.layers:
            layer.buffers = [self._moved(buffer, slots, count, width) for buffer in layer.buffers]
        self.starts = [start + width - self.end for start in self.starts]
        self.end = width

    def _moved(self, buffer: torch.Tensor, slots: Sequence[int], count: int, width: int) -> torch.Tensor:
        """One buffer of :meth:`_move`."""
        _, heads, _, dimension = buffer.shape
        moved = buffer.new_zeros(count, heads, width + SPARE_COLUMNS, dimension)
        if slots:
            kept = min(width, self.end)
            moved[: len(slots), :, width - kept : width] = buffer[list(slots), :, self.end - kept : self.end]
        return moved


def _length(prompt: KeysValues) -> int:
    """Tokens of a prompt."""
    return int(prompt[0][0].shape[2])
