"""The model's side of a pass: masks, keys and values of trunks.

Only what transformers documents is used: a cache and a four-dimensional mask go in, hidden states come out. Whether an
architecture honours them (a state-space layer does not) is not looked up but tried, once per checkpoint
(:mod:`audit.engine.local.model.trial`).
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import DynamicCache

from audit.engine.local.model.head import tiles_at, tiles_of, whole
from audit.engine.local.model.keys_values import size_of
from audit.engine.local.plan.architecture import longest_in_company, windows_of
from audit.engine.local.plan.cost import cost_of, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from audit.engine.local.model.head import Tile
    from audit.engine.local.model.keys_values import KeysValues
    from audit.engine.local.model.shortcuts import Shortcuts
    from audit.engine.local.model.slots import Slots
    from audit.engine.local.plan.layout import Layout
    from audit.engine.local.plan.passes import Pass, Trunk

TRUNK_BYTES = {"cpu": 512 * 2**20, "cuda": 4 * 2**30}
"""Memory for keys and values of trunks that are kept for later passes."""


class Forward:
    """Runs passes on one transformers model.

    Made by :func:`audit.engine.local.model.trial.tried_forward`, which finds the shortcuts.

    Args:
        model: A causal language model in evaluation mode.
        device: Device of its first layer.
        pad_id: Fills rows; never seen by a token that counts.
        shortcuts: Which shortcuts are exact on it.

    Attributes:
        alone: Length beyond which a sequence is computed by itself, because its scores would depend on its company;
            None where they never do.
        windows: How far back each type of attention layer sees; empty where a type is not known.
        splits: Whether the output head is applied to the target positions alone.
        shares: Whether trunks and packed rows are exact for this architecture.
        why_not: The reason where they are not.
        decodes: Whether texts of different lengths can be generated together, a token at a time.
        cost: What passes cost on it.
        position_bytes: Memory that the keys and values of one position take.
        computed: Tokens that went through the model so far.
        predicted: Positions that went through its output head.
    """

    def __init__(self, model: Any, device: torch.device, pad_id: int, shortcuts: Shortcuts) -> None:  # noqa: ANN401 - no common typed base
        self.model = model
        self.device = device
        self.pad_id = pad_id
        config = model.config.get_text_config()
        self.windows = windows_of(config)
        self.splits, self.shares, self.why_not = shortcuts.splits, shortcuts.shares, shortcuts.why_not
        self.decodes = shortcuts.decodes
        self.alone = longest_in_company(config) if shortcuts.batches else 0
        self.cost = cost_of(model)
        self.position_bytes = shortcuts.position_bytes or shape_of(model).cached_numbers * model.dtype.itemsize
        self.computed = self.predicted = 0
        self._spread = len(set((getattr(model, "hf_device_map", None) or {}).values())) > 1
        self._keeps = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._trunks: OrderedDict[Trunk, KeysValues] = OrderedDict()

    @property
    def dtype(self) -> torch.dtype:
        """Number type of what goes from layer to layer."""
        dtype: torch.dtype = self.model.get_input_embeddings().weight.dtype
        return dtype

    @torch.inference_mode()
    def tiles(
        self,
        work: Pass,
        layout: Layout,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        cache: DynamicCache | None = None,
    ) -> Iterator[Tile]:
        """Float32 logits of the target positions, in tiles.

        Args:
            work: The pass.
            layout: Its arrays.
            rows: Row of each target position.
            columns: Its column.
            cache: Takes the keys and values of the pass; None keeps them only while a trunk needs them.
        """
        at = torch.from_numpy(rows), torch.from_numpy(columns)  # on the CPU: they index tensors of any device
        inputs = self._inputs(work, layout, cache)
        self.computed += layout.tokens
        self.predicted += len(rows)
        if self.splits:
            hidden = self.model.base_model(**inputs).last_hidden_state[at]
            yield from tiles_of(self.model.get_output_embeddings(), hidden, self.device)
            return
        keep: int | torch.Tensor
        if self._spread:  # a tensor would be on the first GPU, what it selects from on the last
            keep = count = layout.ids.shape[1] - int(columns.min())
            places = at[1] - int(columns.min())
        else:
            kept, places = torch.unique(at[1], return_inverse=True)
            keep, count = kept.to(self.device), len(kept)
        logits = self.model(**inputs, **({"logits_to_keep": keep} if self._keeps else {})).logits
        # Some architectures compute all columns whatever is kept.
        yield from tiles_at(logits, at[0], places if logits.shape[1] == count else at[1], self.device)

    @torch.inference_mode()
    def read(self, work: Pass, layout: Layout, members: Sequence[int]) -> tuple[torch.Tensor, list[KeysValues]]:
        """Float32 logits after each of these sequences, shape (sequences, vocabulary), and their keys and values."""
        places = [layout.places[index] for index in members]
        rows = np.array([place.row for place in places])
        last = np.array([place.columns[-1] for place in places])
        cache = self._cache(work, len(layout.ids))
        logits = whole(self.tiles(work, layout, rows, last, cache))
        layers: list[Any] = list(cache.layers)
        kept: list[KeysValues] = []
        for row, attach, columns in places:  # the cache holds the trunk's positions before the row's columns
            at = torch.from_numpy(np.concatenate([np.arange(attach), work.reach + columns]))
            kept.append([(layer.keys[row, None][:, :, at], layer.values[row, None][:, :, at]) for layer in layers])
        return logits, kept

    @torch.inference_mode()
    def step(self, slots: Slots, tokens: Sequence[int]) -> torch.Tensor:
        """Float32 logits after one more token in each slot, shape (slots, vocabulary)."""
        columns = torch.arange(slots.first, slots.end + 1, device=self.device)
        starts = torch.tensor(slots.starts, device=self.device)
        visible = (columns[None, :] >= starts[:, None])[:, None, None]
        masks = self._additive(visible, columns[-1], columns[None, None, None])
        self.computed += len(tokens)
        logits: torch.Tensor = self.model(
            input_ids=torch.tensor(tokens, device=self.device)[:, None],
            position_ids=torch.tensor(slots.lengths, device=self.device)[:, None],
            attention_mask=masks,
            past_key_values=slots.cache(),
            use_cache=True,
            **({"logits_to_keep": 1} if self._keeps else {}),
        ).logits
        return logits[:, -1].float()

    def forget(self) -> bool:
        """Drop the trunks that are kept; whether there were any."""
        kept = bool(self._trunks)
        self._trunks.clear()
        return kept

    def _inputs(self, work: Pass, layout: Layout, cache: DynamicCache | None) -> dict[str, Any]:
        """Arguments of the model's forward for a pass."""
        if cache is None and work.trunk is not None:
            cache = self._cache(work, len(layout.ids))
        inputs: dict[str, Any] = {
            "input_ids": torch.from_numpy(layout.ids).to(self.device),
            "past_key_values": cache,
            "use_cache": cache is not None,
        }
        if layout.visible is not None:
            inputs["position_ids"] = torch.from_numpy(layout.positions).to(self.device)
            inputs["attention_mask"] = self._masks(work, layout)
        return {name: value for name, value in inputs.items() if value is not None}

    def _cache(self, work: Pass, rows: int) -> DynamicCache:
        """A cache that begins, in each row, with what the pass needs of its trunk."""
        if work.trunk is None or not work.reach:
            return DynamicCache()
        kept = self.keys_values(work.trunk)
        return DynamicCache(
            [tuple(part[:, :, : work.reach].expand(rows, -1, -1, -1) for part in layer) for layer in kept]
        )

    def _masks(self, work: Pass, layout: Layout) -> torch.Tensor | dict[str, torch.Tensor]:
        """Additive masks, shape (R, 1, W, T + W): one, or one per type of attention layer."""
        visible = torch.from_numpy(layout.visible).to(self.device)[:, None]
        depths = torch.from_numpy(layout.positions).to(self.device)
        before = torch.arange(work.reach, device=self.device).expand(len(depths), work.reach)
        return self._additive(visible, depths[:, None, :, None], torch.cat([before, depths], dim=1)[:, None, None, :])

    def _additive(
        self, visible: torch.Tensor, at: torch.Tensor, seen_at: torch.Tensor
    ) -> torch.Tensor | dict[str, torch.Tensor]:
        """Masks from what may be seen, the positions that see and those that are seen."""
        masks = {}
        for kind, window in self.windows.items():
            seen = visible if window is None else visible & (at - seen_at < window)
            mask = torch.zeros(seen.shape, dtype=self.dtype, device=self.device)
            masks[kind] = mask.masked_fill_(~seen, torch.finfo(self.dtype).min)
        return masks if len(masks) > 1 else next(iter(masks.values()))

    def keys_values(self, trunk: Trunk) -> KeysValues:
        """Keys and values of a trunk, computed where they are not kept."""
        if trunk in self._trunks:
            self._trunks.move_to_end(trunk)
            return self._trunks[trunk]
        before = self.keys_values(trunk.parent) if trunk.parent else []
        cache = DynamicCache([(k[:, :, : trunk.start], v[:, :, : trunk.start]) for k, v in before])
        ids = torch.tensor([trunk.ids[trunk.start :]], device=self.device)
        positions = torch.arange(trunk.start, len(trunk.ids), device=self.device)[None]
        self.model.base_model(input_ids=ids, position_ids=positions, past_key_values=cache, use_cache=True)
        self.computed += ids.shape[1]
        layers: list[Any] = list(cache.layers)
        kept = [(layer.keys, layer.values) for layer in layers]
        self._trunks[trunk] = kept
        while len(self._trunks) > 1 and sum(map(size_of, self._trunks.values())) > TRUNK_BYTES[self.device.type]:
            self._trunks.popitem(last=False)
        return kept
