"""A trial of a checkpoint: only shortcuts that give the scores of single unpadded sequences are used.

Three short sequences go through the model alone, then in company: a padded batch, packed rows, a shared prefix, one
token at a time. Windows are narrowed meanwhile, so that a short sequence is longer than they are. A model of 16 bits
computes in float32 meanwhile: rounding would hide a small fault, and where experts are chosen it would look like a
large one. What float32 finds equal is tried once more as it will be run, against the rounding that plain batches have.

A trial makes its own forwards, so it has no effect on the one that is used afterwards. An outcome may be kept for the
next process (:mod:`audit.engine.local.model.kept_trial`).
"""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from audit.core.errors import RAISED_BY_OTHERS, CheckpointError
from audit.core.text import first_line
from audit.engine.local.model import closeness, flex
from audit.engine.local.model.closeness import TOLERANCE, Closeness
from audit.engine.local.model.flex_trial import is_faster, lasting
from audit.engine.local.model.forced import forced_logits
from audit.engine.local.model.forward import Forward
from audit.engine.local.model.head import whole
from audit.engine.local.model.kept_trial import is_whole, keep, kept
from audit.engine.local.model.precision import in_float32
from audit.engine.local.model.shortcuts import Generates, Shortcuts
from audit.engine.local.model.slots import Slots
from audit.engine.local.plan.architecture import CAPS, longest_in_company, narrowed, values_of
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import Block, Pass, Trunk
from audit.engine.local.plan.prefix_tree import PrefixTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

Found = TypeVar("Found", Shortcuts, Generates)

logger = logging.getLogger(__name__)

SEQUENCES = ((*range(1, 11), *range(20, 68)), (*range(1, 8), 70, 71), (*range(1, 7), 80, 81, 82))
"""Token ids of the trial, in :data:`PARTS` of the vocabulary; they part after the sixth and the seventh.

The first is long: in a packed row the others' ends lie far from what they follow, so that a fault that grows with the
distance between columns is seen. The others are equally long, so that they differ in nothing but what follows.
"""
PARTS = 96
"""The numbers above are fractions of the vocabulary: its first ids may all be special tokens that were never
trained."""
COMMON = 6
"""Tokens that the short sequences share."""
TRUNK = 4
"""Tokens of the trunk used in the trial."""
WINDOW = 16
"""Width to which sliding windows are narrowed, in tokens."""
PROMPTS, STEPS = (20, 6, 5), 3
"""Tokens of each sequence that are read before tokens are added one at a time, and how many are added."""
NOT_KEPT = "a resumed run might choose otherwise, because the trial's outcome cannot be kept"
UNTRIED = "it could not be tried in float32"
NOT_CAUSAL = "each position sees later ones, so it is not a causal language model and cannot be audited"


def tried_forward(model: Any, device: torch.device, pad_id: int, key: str | None = None) -> Forward:  # noqa: ANN401 - no common typed base
    """Runs passes on a model, with the shortcuts that a trial found exact on it.

    Args:
        model: A causal language model in evaluation mode.
        device: Device of its first layer.
        pad_id: Fills rows.
        key: What the outcome is kept under (:mod:`audit.engine.local.model.kept_trial`); None tries whatever is kept.

    Raises:
        CheckpointError: Nothing can be computed with it, or its positions see what follows them.
    """
    shortcuts = kept(key) if key else None
    if shortcuts is None:
        # By times alone FlexAttention is chosen only where the outcome is kept: a resumed run must choose as before.
        shortcuts = judge_model(model, device, pad_id, flex.is_wanted(device, kept=key is not None))
        first = keep(key, shortcuts) if key else None  # perhaps of another worker
        if first is not None:
            shortcuts = first
        elif shortcuts.flex and flex.setting() == "auto":
            shortcuts = replace(shortcuts, flex=False, no_flex=NOT_KEPT)
    return Forward(model, device, pad_id, shortcuts)


def judge_model(model: Any, device: torch.device, pad_id: int, flexes: bool = False) -> Shortcuts:  # noqa: ANN401 - see above
    """Try which shortcuts are exact on a checkpoint.

    Args:
        model: See :func:`tried_forward`.
        device: See there.
        pad_id: See there.
        flexes: Whether FlexAttention is tried, too.

    Raises:
        CheckpointError: It computes nothing, or its positions see what follows.
    """
    make = functools.partial(Forward, model, device, pad_id)
    untried = Shortcuts(why_not=UNTRIED)
    shortcuts = _in_both_precisions(make, lambda trial: trial.find_shortcuts(flexes=flexes), untried)
    if not shortcuts.causal:
        msg = f"{_name(model)}: {NOT_CAUSAL}: audit a checkpoint that was trained to predict the next token"
        raise CheckpointError(msg)
    if shortcuts.flex and flex.setting() == "auto":
        shortcuts = is_faster(make, shortcuts)
    return shortcuts


def judge_generating(model: Any, device: torch.device, pad_id: int) -> Generates:  # noqa: ANN401 - see above
    """Try where transformers' ``generate`` is exact."""
    make = functools.partial(Forward, model, device, pad_id)
    return _in_both_precisions(make, lambda trial: trial.generates(), Generates(prompts=True, single=True))


def _in_both_precisions(
    make: Callable[[Shortcuts], Forward], attempt: Callable[[_Trial], Found], untried: Found
) -> Found:
    """The outcome of an attempt in float32 where that can be, and in the model's own precision if it has another.

    Args:
        make: A forward of the model.
        attempt: What is tried.
        untried: The most that is believed of a model of 16 bits that fails in float32: nothing in company.
    """
    forward = make(Shortcuts())
    model, is_wide = forward.model, forward.dtype.itemsize >= torch.float32.itemsize
    outcome: Found | None = None
    with narrowed(model.config.get_text_config(), WINDOW), torch.inference_mode():
        with in_float32(model) as exact:
            if exact:
                try:
                    outcome = attempt(_Trial(make, exact=True))
                except CheckpointError:
                    if is_wide:
                        raise
                    outcome = untried
        if outcome is None or not is_wide:
            as_it_is = attempt(_Trial(make, exact=False))
            outcome = as_it_is if outcome is None else outcome & as_it_is
    return outcome


class _Trial:
    """One trial in one precision, under narrowed windows.

    Args:
        make: A forward of the model with given shortcuts.
        exact: Whether the model computes in float32 or better meanwhile.
    """

    def __init__(self, make: Callable[[Shortcuts], Forward], *, exact: bool) -> None:
        self.make = make
        self.plain = make(Shortcuts())
        self.close = Closeness(self.plain.dtype, exact=exact)
        model = self.plain.model
        vocabulary = int(model.get_input_embeddings().weight.shape[0])
        longest = _longest(model.config.get_text_config())
        self.sequences = [np.array(ids[:longest]) * vocabulary // PARTS for ids in SEQUENCES]
        self.prompts = [min(length, len(ids) - STEPS) for length, ids in zip(PROMPTS, self.sequences, strict=True)]
        self.truth = [self._alone(ids) for ids in self.sequences]

    def find_shortcuts(self, *, flexes: bool = False) -> Shortcuts:
        """All trials, in an order in which an early failure makes the rest unnecessary; FlexAttention if wanted."""
        if not all(bool(logits.isfinite().all()) for logits in self.truth):
            return Shortcuts(why_not="its logits are not finite")
        first, second = (logits[: COMMON - 1] for logits in self.truth[1:])
        if not self._same(lambda: first, [second]):
            return Shortcuts(causal=False)
        tree = PrefixTree(self.sequences, [TRUNK] * len(self.sequences))
        batch = Pass(None, tuple((Block(i, i + 1, 0, len(ids)),) for i, ids in enumerate(self.sequences)))
        if not self._batch_is_exact(batch, tree):
            return Shortcuts(
                why_not="in a trial, a padded batch gave different log-probabilities from a single sequence"
            )
        splits = self._head_is_exact(tree)
        shortcuts = Shortcuts(batches=True, splits=splits, wide=splits and self._wide_head_is_exact(tree))
        on_card = self.plain.device.type != "cpu"  # where those that share give plain rows a cache, which is tried too
        forward = self.make(replace(shortcuts, shares=on_card, wide=False))  # the truth is rounded as well
        if not forward.windows:
            reason = "its layers are not plain softmax attention, or its positions depend on the length of the call"
            return replace(shortcuts, why_not=reason)
        for name, work in self._ways_to_share(tree):
            if not self._same(functools.partial(self._logits, forward, work, tree), self._from_trunk):
                return replace(shortcuts, why_not=f"in a trial, {name} gave different log-probabilities")
        numbers = sum(part.numel() for layer in forward.keys_values(self._trunk) for part in layer) // TRUNK
        shared = replace(
            shortcuts,
            shares=True,
            decodes=self._same(lambda: self._stepped(forward), self._steps(STEPS, 0)),
            position_bytes=numbers * forward.model.dtype.itemsize,
        )
        return self._with_flex(shared, tree) if flexes else shared

    def _with_flex(self, shortcuts: Shortcuts, tree: PrefixTree) -> Shortcuts:
        """The same with FlexAttention for packed rows, or with the reason why not."""
        forward = self.make(replace(shortcuts, flex=True, wide=False))  # the truth is rounded as well
        if not forward.flex:
            return replace(shortcuts, no_flex="the layers lie on several devices")
        if flex.setting() == "auto" and not is_whole(shortcuts):
            return replace(shortcuts, no_flex=NOT_KEPT)
        for name, work in self._ways_to_share(tree):
            if work.plain:
                continue
            try:
                logits = self._logits(forward, work, tree)
            except flex.AttentionNeedsMoreError as error:
                return replace(shortcuts, no_flex=str(error))
            except RAISED_BY_OTHERS as error:
                logger.debug("%s: FlexAttention failed", _name(self.plain.model), exc_info=True)
                return replace(shortcuts, flex=lasting(error), no_flex=f"in a trial it failed ({first_line(error)})")
            if not self._same(functools.partial(torch.clone, logits), self._from_trunk):
                return replace(shortcuts, no_flex=f"in a trial, {name} gave different log-probabilities with it")
        return replace(shortcuts, flex=True)

    def generates(self) -> Generates:
        """Whether ``generate`` has the true logits where the tokens are forced on it."""
        texts = [
            (ids[:length], ids[length : length + STEPS])
            for ids, length in zip(self.sequences, self.prompts, strict=True)
        ]
        plain = self.plain
        generated = functools.partial(forced_logits, plain.model, plain.device, plain.pad_id)
        alone: list[torch.Tensor] = []

        def one_by_one() -> torch.Tensor:
            alone.extend(generated([text]) for text in texts)
            return torch.cat(alone)

        tolerance = self.close.of_steps
        apart = self._apart(one_by_one, self._steps(STEPS + 1, -1))
        if apart is None or not self.close.is_small(apart, tolerance):
            return Generates()
        self.close.noise = closeness.typical(apart)
        one = [(self.sequences[0][:1], self.sequences[0][1:2])]
        single = self._same(lambda: generated(one), [self.truth[0][:2]], tolerance)  # after another single prompt
        return Generates(prompts=True, batches=self._same(lambda: generated(texts), alone), single=single)

    def _alone(self, ids: NDArray[np.int64]) -> torch.Tensor:
        """Logits of one unpadded sequence, shape (tokens, vocabulary)."""
        plain = self.plain
        rows = torch.from_numpy(ids)[None].to(plain.device)
        try:
            logits: torch.Tensor = plain.model(input_ids=rows, use_cache=False).logits
        except RAISED_BY_OTHERS as error:  # an architecture may raise anything
            fault = f"a forward pass of {len(ids)} tokens failed ({first_line(error)})"
            advice = "try --dtype float32" if plain.dtype.itemsize < 4 else "try another version of transformers"
            msg = f"{_name(plain.model)}: {fault}: it cannot be audited as it is: {advice}"
            raise CheckpointError(msg) from error
        return logits[0].float()

    @property
    def _from_trunk(self) -> list[torch.Tensor]:
        """The truth of every position from the trunk on, per sequence."""
        return [logits[TRUNK:] for logits in self.truth]

    @property
    def _trunk(self) -> Trunk:
        """The tokens that all sequences share."""
        return Trunk(tuple(self.sequences[0][:TRUNK].tolist()))

    def _ways_to_share(self, tree: PrefixTree) -> Iterator[tuple[str, Pass]]:
        """A packed row; packed rows on a trunk; and where there is a GPU, plain rows, which get a cache there."""
        if self.plain.device.type != "cpu":
            rows = tuple((Block(i, i + 1, 0, int(length)),) for i, length in enumerate(tree.lengths))
            yield "a cache that keeps nothing", Pass(None, rows)
        yield "packed rows", Pass(None, ((Block(0, len(tree), 0, tree.size(0, len(tree), 0)),),))
        parts = ((0, 2), (2, len(tree)))
        yield (
            "a shared prefix",
            Pass(self._trunk, tuple((Block(*part, TRUNK, tree.size(*part, TRUNK)),) for part in parts), TRUNK),
        )

    def _batch_is_exact(self, batch: Pass, tree: PrefixTree) -> bool:
        """Whether a padded batch has the logits of lone sequences; how far they are apart is the noise from now on."""
        apart = self._apart(lambda: self._logits(self.plain, batch, tree), self._from_trunk)
        if apart is None:
            return False
        self.close.noise = closeness.typical(apart)
        return self.close.is_small(apart)

    def _wide_head_is_exact(self, tree: PrefixTree) -> bool:
        """Whether the head in float32 differs from the head as it is by rounding alone, in each logit."""
        lone = Pass(None, ((Block(1, 2, 0, int(tree.lengths[1])),),))
        try:
            rounded, wide = (
                self._logits(self.make(Shortcuts(splits=True, wide=wide)), lone, tree) for wide in (False, True)
            )
        except RAISED_BY_OTHERS:  # a device without such a product
            logger.debug("%s: the head in float32 failed", _name(self.plain.model), exc_info=True)
            return False
        return self.close.is_rounding(wide, rounded)

    def _head_is_exact(self, tree: PrefixTree) -> bool:
        """Whether hidden states and the head applied to them give the model's logits."""
        if any(any(values_of(self.plain.model.config.get_text_config(), name)) for name in CAPS):
            return False
        split = self.make(Shortcuts(splits=True))
        lone = Pass(None, ((Block(1, 2, 0, int(tree.lengths[1])),),))
        apart = self._apart(lambda: self._logits(split, lone, tree), [self.truth[1][TRUNK:]])
        return apart is not None and self.close.is_same_head(apart)

    def _steps(self, count: int, first: int) -> list[torch.Tensor]:
        """The true logits of the steps after each prompt."""
        return [logits[n + first : n + first + count] for logits, n in zip(self.truth, self.prompts, strict=True)]

    def _stepped(self, forward: Forward) -> torch.Tensor:
        """Logits of tokens that are added one at a time to prompts of different lengths."""
        prompts = [ids[:length] for ids, length in zip(self.sequences, self.prompts, strict=True)]
        order = sorted(range(len(prompts)), key=lambda place: prompts[place].tolist())
        tree = PrefixTree([prompts[place] for place in order], [0] * len(prompts))
        work = Pass(None, tuple((Block(i, i + 1, 0, int(length)),) for i, length in enumerate(tree.lengths)))
        _, kept = forward.read(work, lay_out(work, tree, forward.pad_id), range(len(tree)))
        slots = Slots()
        slots.add([kept[order.index(place)] for place in range(len(prompts))])
        steps = []
        for step in range(STEPS):
            tokens = [int(ids[length + step]) for ids, length in zip(self.sequences, self.prompts, strict=True)]
            steps.append(forward.step(slots, tokens))
            slots.advance()
        return torch.stack(steps, dim=1).flatten(0, 1)

    def _same(
        self, compute: Callable[[], torch.Tensor], truth: Sequence[torch.Tensor], tolerance: float = TOLERANCE
    ) -> bool:
        """Whether logits equal the true ones up to rounding."""
        apart = self._apart(compute, truth)
        return apart is not None and self.close.is_small(apart, tolerance)

    def _apart(
        self, compute: Callable[[], torch.Tensor], truth: Sequence[torch.Tensor]
    ) -> Sequence[torch.Tensor] | None:
        """Distance of logits from the true ones, per sequence; None if they cannot be computed."""
        try:
            logits = compute()
        except RAISED_BY_OTHERS:
            logger.debug("%s: a trial failed", _name(self.plain.model), exc_info=True)
            return None
        whole_truth = torch.cat(list(truth))
        if logits.shape != whole_truth.shape:
            return None
        return torch.split(closeness.differences(logits, whole_truth), [len(part) for part in truth])

    def _logits(self, forward: Forward, work: Pass, tree: PrefixTree) -> torch.Tensor:
        """Logits of every position from the trunk on, sequence after sequence."""
        layout = lay_out(work, tree, forward.pad_id)
        places = [
            (place.row, int(column))
            for _, place in sorted(layout.places.items())
            for column in place.columns[TRUNK - place.attach :]
        ]
        rows, columns = (np.array(part, dtype=np.int64) for part in zip(*places, strict=True))
        return whole(forward.tiles(work, layout, rows, columns))


def _longest(config: Any) -> int:  # noqa: ANN401 - transformers' configurations differ
    """Maximum tokens of a sequence in the trial: within the context, and too few for batching to have an effect."""
    lengths = values_of(config, "max_position_embeddings")
    context = [length - 2 for length in lengths if isinstance(length, int) and length > 0]  # XLNet says -1
    company = longest_in_company(config)
    longest = min([*context, *([] if company is None else [company])], default=len(SEQUENCES[0]))
    return max(longest, len(SEQUENCES[-1]))


def _name(model: Any) -> str:  # noqa: ANN401 - transformers' models have no common typed base
    """Where a model came from, and what it is."""
    return ": ".join(part for part in (str(getattr(model, "name_or_path", "")), type(model).__name__) if part)
