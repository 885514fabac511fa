"""The model's side of a pass: masks, keys and values of trunks, and which shortcuts are exact for an architecture.

Only what transformers documents is used: a cache and a four-dimensional mask go in, hidden states come out. Whether an
architecture honours them (a state-space layer does not) is not looked up but tried, once per checkpoint.
"""

from __future__ import annotations

import inspect
import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import DynamicCache

from audit.engine.cost import cost_of, shape_of
from audit.engine.head import tiles_at, tiles_of, whole
from audit.engine.layout import lay_out
from audit.engine.passes import Block, Pass, Trunk
from audit.engine.slots import Slots
from audit.engine.tree import PrefixTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from audit.engine.head import Tile
    from audit.engine.layout import Layout

KeysValues = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of each layer, shape (1, heads, positions, dimension)."""

TRUNK_BYTES = {"cpu": 512 * 2**20, "cuda": 4 * 2**30}
"""Memory for keys and values of trunks that are kept for later passes."""
TRIAL = ((*range(1, 11), *range(20, 68)), (*range(1, 8), 70, 71), (*range(1, 7), 80, 81, 82))
"""Sequences of the trial: they part after the sixth and the seventh token.

The first is long: in a packed row the others' ends lie far from what they follow, so that a fault that grows with the
distance between columns is seen.
"""
TRIAL_IDS = 96
"""The numbers above are parts of the vocabulary: its first ids may all be special tokens that were never trained."""
TRIAL_TRUNK = 4
TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-4}
"""Difference of a position's log-probabilities up to which two ways to compute them are the same.

Root of the mean square, in standard deviations of the logits. A position that is off by one gives 0.5, a mask that is
not honoured 1.
"""
LOW_PRECISION_TOLERANCE = 0.25
"""The same in 16 bits, where rounding alone gives the embedded checkpoint up to 0.04."""
HEAD_TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-5}
"""The same where only the head is computed in another way."""
LOW_PRECISION_HEAD_TOLERANCE = 0.02
CAPS = ("final_logit_softcapping", "logits_soft_cap", "output_logit_soft_cap")
"""Fields of configurations that bend large logits after the head: the trial's may be too small to show it."""
COUNT_COLUMNS = ("attention_layers", "attention_types", "window_size", "alibi", "attn_temperature_tuning")
"""Fields of configurations whose windows, biases or scales count columns, not positions (GPT-Neo, MPT, Llama 4)."""
TURNING_ROPE = ("dynamic", "longrope")
"""Kinds of rotary embedding whose frequencies depend on the longest position of the call."""


class Forward:
    """Runs passes on one transformers model.

    Args:
        model: A causal language model in evaluation mode.
        device: Where its first layer lies.
        pad_id: Fills rows; never seen by a token that counts.

    Attributes:
        turns: Length beyond which sequences may only be computed with others just as long; None where they may always.
        splits: Whether the output head is applied to the asked positions alone.
        shares: Whether trunks and packed rows are exact for this architecture.
        why_not: The reason where they are not.
        decodes: Whether rows of different lengths can be generated together, a token at a time.
        cost: What passes cost on it.
        position_bytes: Memory that the keys and values of one position take.
        computed: Tokens that went through the model so far.
        asked: Positions that went through its output head.
    """

    def __init__(self, model: Any, device: torch.device, pad_id: int) -> None:  # noqa: ANN401 - no common typed base
        self.model = model
        self.device = device
        self.pad_id = pad_id
        self._windows = _windows(model.config.get_text_config())
        self._by_type = len(self._windows) > 1
        self.splits = False
        self._spread = len(set((getattr(model, "hf_device_map", None) or {}).values())) > 1
        self._keeps = "logits_to_keep" in inspect.signature(model.forward).parameters
        self._trunks: OrderedDict[Trunk, KeysValues] = OrderedDict()
        self.cost = cost_of(model)
        self.position_bytes = shape_of(model).cached_numbers * model.dtype.itemsize
        self.computed = self.asked = 0
        self.decodes = False
        self.turns = _turns(model.config.get_text_config())
        self.shares, self.why_not = self._try()

    @torch.inference_mode()
    def tiles(
        self,
        work: Pass,
        layout: Layout,
        rows: NDArray[np.int64],
        columns: NDArray[np.int64],
        cache: DynamicCache | None = None,
    ) -> Iterator[Tile]:
        """Float32 logits of the asked positions, in tiles.

        Args:
            work: The pass.
            layout: Its arrays.
            rows: Row of each asked position.
            columns: Its column.
            cache: Takes the keys and values of the pass; None keeps them only while a trunk needs them.
        """
        at = torch.from_numpy(rows), torch.from_numpy(columns)  # on the CPU: they index tensors of any device
        inputs = self._inputs(work, layout, cache)
        self.computed += layout.tokens
        self.asked += len(rows)
        if self.splits:
            hidden = self.model.base_model(**inputs).last_hidden_state[at]
            yield from tiles_of(self.model.get_output_embeddings(), hidden, self.device)
            return
        keep: int | torch.Tensor
        if self._spread:  # a tensor would lie on the first card, what it chooses from on the last
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
        columns = [layout.columns[index] for index in members]
        rows = np.array([row for row, _, _ in columns])
        last = np.array([path[-1] for _, _, path in columns])
        cache = self._cache(work, len(layout.ids))
        logits = whole(self.tiles(work, layout, rows, last, cache))
        kept: list[KeysValues] = []
        for row, attach, path in columns:
            places = torch.from_numpy(np.concatenate([np.arange(attach), work.reach + path]))
            layers: list[Any] = list(cache.layers)
            kept.append(
                [(layer.keys[row, None][:, :, places], layer.values[row, None][:, :, places]) for layer in layers]
            )
        return logits, kept

    @torch.inference_mode()
    def step(self, slots: Slots, tokens: Sequence[int]) -> torch.Tensor:
        """Float32 logits after one more token in each row, shape (rows, vocabulary)."""
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
        kept = self._keys_values(work.trunk)
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
        for kind, window in self._windows.items():
            seen = visible if window is None else visible & (at - seen_at < window)
            mask = torch.zeros(seen.shape, dtype=self.model.dtype, device=self.device)
            masks[kind] = mask.masked_fill_(~seen, torch.finfo(self.model.dtype).min)
        return masks if self._by_type else next(iter(masks.values()))

    def _keys_values(self, trunk: Trunk) -> KeysValues:
        """Keys and values of a trunk, computed where they are not kept."""
        if trunk in self._trunks:
            self._trunks.move_to_end(trunk)
            return self._trunks[trunk]
        before = self._keys_values(trunk.parent) if trunk.parent else []
        cache = DynamicCache([(k[:, :, : trunk.start], v[:, :, : trunk.start]) for k, v in before])
        ids = torch.tensor([trunk.ids[trunk.start :]], device=self.device)
        positions = torch.arange(trunk.start, len(trunk.ids), device=self.device)[None]
        self.model.base_model(input_ids=ids, position_ids=positions, past_key_values=cache, use_cache=True)
        self.computed += ids.shape[1]
        layers: list[Any] = list(cache.layers)
        kept = [(layer.keys, layer.values) for layer in layers]
        self._trunks[trunk] = kept
        while len(self._trunks) > 1 and sum(map(_size, self._trunks.values())) > TRUNK_BYTES[self.device.type]:
            self._trunks.popitem(last=False)
        return kept

    def _try(self) -> tuple[bool, str]:
        """Compare both ways of sharing, and the head applied alone, with the plain forward pass."""
        vocabulary = int(self.model.get_input_embeddings().weight.shape[0])
        sequences = sorted((np.array(ids) * vocabulary // TRIAL_IDS for ids in TRIAL), key=lambda ids: ids.tolist())
        tree = PrefixTree(sequences, [TRIAL_TRUNK] * len(sequences))
        plain = Pass(None, tuple((Block(i, i + 1, 0, len(ids)),) for i, ids in enumerate(sequences)))
        all_of_it = Block(0, len(tree), 0, tree.size(0, len(tree), 0))
        rest = tuple((Block(*part, TRIAL_TRUNK, tree.size(*part, TRIAL_TRUNK)),) for part in ((0, 2), (2, len(tree))))
        trunk = Trunk(tuple(sequences[0][:TRIAL_TRUNK].tolist()))
        try:
            truth = self._trial(plain, tree)
        except Exception as error:  # noqa: BLE001 - whatever the model raises here it raises again where it is told
            return False, f"{type(error).__name__}"
        self.splits = not any(getattr(self.model.config.get_text_config(), name, None) for name in CAPS)
        if self.splits:
            tolerance = HEAD_TOLERANCE.get(self.model.dtype, LOW_PRECISION_HEAD_TOLERANCE)
            self.splits = self._same(plain, tree, truth, tolerance)
        if not math.isfinite(float(truth.sum())):
            return False, "its logits are not finite"
        if not self._windows:
            return (
                False,
                "its layers are not plain softmax attention, or its positions depend on the length of the call",
            )
        for name, work in {
            "packed rows": Pass(None, ((all_of_it,),)),
            "a shared prefix": Pass(trunk, rest, TRIAL_TRUNK),
        }.items():
            if not self._same(work, tree, truth, TOLERANCE.get(self.model.dtype, LOW_PRECISION_TOLERANCE)):
                return False, f"{name} gave other log-probabilities in a trial"
        self.position_bytes = _size(self._keys_values(trunk)) // TRIAL_TRUNK
        self.forget()
        self.decodes = self._step_is_exact(tree, truth)
        return True, ""

    def _step_is_exact(self, tree: PrefixTree, truth: torch.Tensor) -> bool:
        """Whether rows of different lengths, one token at a time, give the logits of the plain pass."""
        heads = PrefixTree([ids[:-1] for ids in tree.sequences], [0] * len(tree))
        work = Pass(None, tuple((Block(i, i + 1, 0, len(ids)),) for i, ids in enumerate(heads.sequences)))
        ends = np.cumsum([len(ids) - TRIAL_TRUNK for ids in tree.sequences]) - 1
        try:
            _, kept = self.read(work, lay_out(work, heads, self.pad_id), range(len(heads)))
            slots = Slots()
            slots.add(kept)
            logits = self.step(slots, [int(ids[-1]) for ids in tree.sequences])
        except Exception:  # noqa: BLE001 - see above
            return False
        return _equal(logits, truth[ends], TOLERANCE.get(self.model.dtype, LOW_PRECISION_TOLERANCE))

    def _same(self, work: Pass, tree: PrefixTree, truth: torch.Tensor, tolerance: float) -> bool:
        """Whether a pass gives the logits of the plain one."""
        try:
            logits = self._trial(work, tree)
        except Exception:  # noqa: BLE001 - an architecture may raise anything on inputs it does not know
            return False
        return _equal(logits, truth, tolerance)

    def _trial(self, work: Pass, tree: PrefixTree) -> torch.Tensor:
        """Logits of every position from the trunk on, sequence after sequence."""
        layout = lay_out(work, tree, self.pad_id)
        places = [
            (row, int(column))
            for _, (row, attach, path) in sorted(layout.columns.items())
            for column in path[TRIAL_TRUNK - attach :]
        ]
        rows, columns = (np.array(part, dtype=np.int64) for part in zip(*places, strict=True))
        return whole(self.tiles(work, layout, rows, columns))


def _equal(logits: torch.Tensor, truth: torch.Tensor, tolerance: float) -> bool:
    """Whether the log-probabilities of each position are the same but for rounding."""
    return logits.shape == truth.shape and _difference(logits, truth) <= tolerance


def _difference(logits: torch.Tensor, truth: torch.Tensor) -> float:
    """Root mean square of the difference of log-probabilities at the worst position, in deviations of the logits."""
    apart = logits.log_softmax(dim=1) - truth.log_softmax(dim=1)
    return float(apart.square().mean(dim=1).sqrt().max() / truth.std())


def _windows(config: Any) -> dict[str, int | None]:  # noqa: ANN401 - transformers' configurations differ
    """How far back each type of attention layer sees; empty where a type is not known to be softmax attention."""
    parts = (config, getattr(config, "attn_config", None))  # MPT keeps what is about attention apart
    if any(getattr(part, name, None) for part in parts for name in COUNT_COLUMNS) or _turns(config) is not None:
        return {}
    sliding = getattr(config, "sliding_window", None)
    kinds = set(getattr(config, "layer_types", None) or ())
    if not kinds:
        return {"full_attention": sliding}
    known = {"full_attention": None, "sliding_attention": sliding}
    return {kind: known[kind] for kind in sorted(kinds)} if kinds <= known.keys() else {}


def _turns(config: Any) -> int | None:  # noqa: ANN401 - see above
    """Length from which a call's rotary frequencies depend on it: what is cached would not fit what comes after."""
    rope = getattr(config, "rope_parameters", None) or {}
    for part in (rope, *(inner for inner in rope.values() if isinstance(inner, dict))):
        if part.get("rope_type") in TURNING_ROPE:
            return int(part.get("original_max_position_embeddings") or config.max_position_embeddings)
    return None


def _size(kept: KeysValues) -> int:
    """Bytes of keys and values."""
    return sum(part.numel() * part.element_size() for layer in kept for part in layer)
