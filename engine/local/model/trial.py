"""A trial of a checkpoint: what gives the scores of one unpadded sequence at a time is used, what does not is not.

Three short sequences go through the model alone, then in company: a padded batch, packed rows, a shared prefix, one
token at a time. Windows are narrowed meanwhile, so that a short sequence is longer than they are. A model of 16 bits
computes in float32 meanwhile: rounding would hide a small fault, and where experts are chosen it would look like a
large one. What float32 finds equal is tried once more as it will be run, against the rounding that plain batches have.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from transformers import GenerationConfig, LogitsProcessorList

from audit.core.errors import CheckpointError
from audit.engine.local.model.head import whole
from audit.engine.local.model.precision import in_float32
from audit.engine.local.model.slots import Slots
from audit.engine.local.plan.architecture import CAPS, longest_in_company, narrowed, values_of, windows_of
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import Block, Pass, Trunk
from audit.engine.local.plan.prefix_tree import PrefixTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from audit.engine.local.model.forward import Forward

Found = TypeVar("Found", "Verdict", "Generates")

SEQUENCES = ((*range(1, 11), *range(20, 68)), (*range(1, 8), 70, 71), (*range(1, 7), 80, 81, 82))
"""Token ids of the trial, in :data:`PARTS` of the vocabulary; they part after the sixth and the seventh.

The first is long: in a packed row the others' ends lie far from what they follow, so that a fault that grows with the
distance between columns is seen. The others are equally long, so that nothing but what follows tells them apart.
"""
PARTS = 96
"""The numbers above are parts of the vocabulary: its first ids may all be special tokens that were never trained."""
COMMON = 6
"""Tokens that the short sequences share."""
TRUNK = 4
WINDOW = 16
"""Tokens that a sliding window is narrowed to."""
HEADS, STEPS = (20, 6, 5), 3
"""Tokens of each sequence that are read before tokens are added one at a time, and how many are added."""
TOLERANCE = 1e-4
"""Difference of a position's log-probabilities up to which two ways to compute them in float32 are the same.

Root of the mean square, in standard deviations of the logits. A position that is off by one gives 0.5, a mask that is
not honoured 1.
"""
HEAD_TOLERANCE = 1e-5
"""The same where only the head is computed in another way."""
STEP_TOLERANCE = 0.02
"""How far ``generate`` may be from the forward pass: transformers itself computes cached steps of some architectures in
another way (Mamba 2 in Nemotron-H and Zamba 2: 0.0006). Positions that are off gave 0.2 and more."""
NOISE_FACTOR = 3.0
"""In less than float32: how far away the median position may be; a padded batch from a lone sequence counts 1."""
LARGEST_NOISE = 0.25
"""The most that counts as rounding at the median position."""
LOW_PRECISION_HEAD_TOLERANCE = 0.02
UNTRIED = "it could not be tried in float32"
NOT_CAUSAL = "each position sees what follows: it is no causal language model and cannot be audited"


@dataclass(frozen=True)
class Verdict:
    """What is exact on a checkpoint."""

    causal: bool = True
    """Whether what follows leaves a position's logits alone."""
    batches: bool = False
    """Whether sequences in a padded batch have the log-probabilities that each has alone."""
    splits: bool = False
    """Whether the output head may be applied to chosen positions alone."""
    shares: bool = False
    """Whether trunks and packed rows are exact."""
    why_not: str = ""
    """The reason where they are not."""
    decodes: bool = False
    """Whether rows of different lengths can be continued together, a token at a time."""
    position_bytes: int = 0
    """Memory that the keys and values of one position take; 0 where it was not measured."""

    def __and__(self, other: Verdict) -> Verdict:
        """What both find exact."""
        return replace(
            self,
            causal=self.causal and other.causal,
            batches=self.batches and other.batches,
            splits=self.splits and other.splits,
            shares=self.shares and other.shares,
            why_not=self.why_not or other.why_not,
            decodes=self.decodes and other.decodes,
        )


@dataclass(frozen=True)
class Generates:
    """Where transformers' ``generate`` has the logits of the model's own forward pass."""

    prompts: bool = False
    """On one prompt at a time."""
    batches: bool = False
    """On a left-padded batch of prompts."""
    single: bool = False
    """On a prompt of one token, which some recurrent layers take for the next token of what came before."""

    def __and__(self, other: Generates) -> Generates:
        """What both find exact."""
        return Generates(self.prompts and other.prompts, self.batches and other.batches, self.single and other.single)


def judge(forward: Forward) -> Verdict:
    """Try what is exact on a checkpoint.

    Raises:
        CheckpointError: It computes nothing, or its positions see what follows.
    """
    verdict = _in_both_precisions(forward, lambda trial: trial.run(), Verdict(why_not=UNTRIED))
    if not verdict.causal:
        msg = f"{_name(forward.model)}: {NOT_CAUSAL}: audit a checkpoint that was trained to predict the next token"
        raise CheckpointError(msg)
    return verdict


def judge_generating(forward: Forward) -> Generates:
    """Try what ``generate`` is exact on."""
    return _in_both_precisions(forward, lambda trial: trial.generates(), Generates(prompts=True, single=True))


def _in_both_precisions(forward: Forward, attempt: Callable[[_Trial], Found], untried: Found) -> Found:
    """The outcome of an attempt in float32 where that can be, and in the model's own precision if it has another.

    Args:
        forward: Of the model.
        attempt: What is tried.
        untried: The most that is believed of a model of 16 bits that fails in float32: nothing in company.
    """
    model = forward.model
    outcome: Found | None = None
    with _apart(forward), torch.inference_mode():
        is_wide = forward.dtype.itemsize >= torch.float32.itemsize
        with in_float32(model) as exact:
            if exact:
                try:
                    outcome = attempt(_Trial(forward, exact=True))
                except CheckpointError:
                    if is_wide:
                        raise
                    outcome = untried
        forward.forget()  # trunks in float32
        if outcome is None or not is_wide:
            as_it_is = attempt(_Trial(forward, exact=False))
            outcome = as_it_is if outcome is None else outcome & as_it_is
    return outcome


@contextmanager
def _apart(forward: Forward) -> Iterator[None]:
    """A trial leaves nothing behind: narrow windows, trunks, counted tokens."""
    config = forward.model.config.get_text_config()
    counted = forward.computed, forward.asked
    try:
        with narrowed(config, WINDOW):
            forward.windows = windows_of(config)
            yield
    finally:
        forward.windows = windows_of(config)
        forward.computed, forward.asked = counted
        forward.forget()


class _Trial:
    """One trial in one precision."""

    def __init__(self, forward: Forward, *, exact: bool) -> None:
        self.forward = forward
        self.exact = exact
        self.noise = 0.0
        model = forward.model
        vocabulary = int(model.get_input_embeddings().weight.shape[0])
        longest = _longest(model.config.get_text_config())
        self.sequences = [np.array(ids[:longest]) * vocabulary // PARTS for ids in SEQUENCES]
        self.heads = [min(length, len(ids) - STEPS) for length, ids in zip(HEADS, self.sequences, strict=True)]
        self.truth = [self._alone(ids) for ids in self.sequences]

    def run(self) -> Verdict:
        """Everything that is tried, in an order in which what fails first makes the rest needless."""
        if not all(bool(logits.isfinite().all()) for logits in self.truth):
            return Verdict(why_not="its logits are not finite")
        first, second = (logits[: COMMON - 1] for logits in self.truth[1:])
        if not self._same(lambda: first, [second]):
            return Verdict(causal=False)
        tree = PrefixTree(self.sequences, [TRUNK] * len(self.sequences))
        forward = self.forward
        batch = Pass(None, tuple((Block(i, i + 1, 0, len(ids)),) for i, ids in enumerate(self.sequences)))
        forward.splits = False
        if not self._batch_is_exact(batch, tree):
            return Verdict(why_not="a padded batch gave other log-probabilities than a lone sequence in a trial")
        forward.splits = self._head_is_exact(tree)
        verdict = Verdict(batches=True, splits=forward.splits)
        if not forward.windows:
            reason = "its layers are not plain softmax attention, or its positions depend on the length of the call"
            return replace(verdict, why_not=reason)
        for name, work in self._ways_to_share(tree):
            if not self._same(functools.partial(self._logits, work, tree), self._from_trunk):
                return replace(verdict, why_not=f"{name} gave other log-probabilities in a trial")
        numbers = sum(part.numel() for layer in forward.keys_values(self._trunk) for part in layer) // TRUNK
        return replace(
            verdict, shares=True, decodes=self._steps_are_exact(), position_bytes=numbers * forward.model.dtype.itemsize
        )

    def generates(self) -> Generates:
        """Whether ``generate`` has the true logits where the tokens are forced on it."""
        rows = [
            (ids[:length], ids[length : length + STEPS]) for ids, length in zip(self.sequences, self.heads, strict=True)
        ]
        tolerance = STEP_TOLERANCE if self.exact else LARGEST_NOISE
        alone: list[torch.Tensor] = []

        def one_by_one() -> torch.Tensor:
            alone.extend(self._generated([row]) for row in rows)
            return torch.cat(alone)

        apart = self._apart(one_by_one, self._steps(STEPS + 1, -1))
        if apart is None or not self._is_small(apart, tolerance):
            return Generates()
        self.noise = _typical(apart)
        one = [(self.sequences[0][:1], self.sequences[0][1:2])]
        single = self._same(lambda: self._generated(one), [self.truth[0][:2]], tolerance)  # behind another lone prompt
        return Generates(prompts=True, batches=self._same(lambda: self._generated(rows), alone), single=single)

    def _generated(self, rows: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> torch.Tensor:
        """Logits of ``generate`` at each step, row after row, of left-padded (head, tokens behind it)."""
        width = max(len(head) for head, _ in rows)
        ids = np.stack([np.pad(head, (width - len(head), 0), constant_values=self.forward.pad_id) for head, _ in rows])
        mask = np.stack([np.arange(width) >= width - len(head) for head, _ in rows]).astype(np.int64)
        forced = np.stack([tokens for _, tokens in rows])

        def force(seen: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            step = min(seen.shape[1] - width, forced.shape[1] - 1)
            chosen = torch.from_numpy(forced[:, step]).to(scores.device)
            return torch.full_like(scores, -torch.inf).scatter(1, chosen[:, None], 0.0)

        device, model = self.forward.device, self.forward.model
        own, model.generation_config = model.generation_config, GenerationConfig(pad_token_id=self.forward.pad_id)
        try:
            answer = model.generate(
                input_ids=torch.from_numpy(ids).to(device),
                attention_mask=torch.from_numpy(mask).to(device),
                logits_processor=LogitsProcessorList([force]),
                max_new_tokens=forced.shape[1] + 1,
                output_logits=True,
                return_dict_in_generate=True,
            )
        finally:
            model.generation_config = own
        return torch.stack(answer.logits, dim=1).flatten(0, 1).float()

    def _alone(self, ids: NDArray[np.int64]) -> torch.Tensor:
        """Logits of one unpadded sequence, shape (tokens, vocabulary)."""
        rows = torch.from_numpy(ids)[None].to(self.forward.device)
        try:
            logits: torch.Tensor = self.forward.model(input_ids=rows, use_cache=False).logits
        except Exception as error:  # an architecture may raise anything
            first = (str(error).strip().splitlines() or [""])[0][:200]
            fault = f"a forward pass of {len(ids)} tokens failed ({type(error).__name__}: {first})"
            advice = "try --dtype float32" if self.forward.dtype.itemsize < 4 else "try another version of transformers"
            msg = f"{_name(self.forward.model)}: {fault}: it cannot be audited as it is: {advice}"
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
        """A packed row; and packed rows on a trunk."""
        yield "packed rows", Pass(None, ((Block(0, len(tree), 0, tree.size(0, len(tree), 0)),),))
        parts = ((0, 2), (2, len(tree)))
        yield (
            "a shared prefix",
            Pass(self._trunk, tuple((Block(*part, TRUNK, tree.size(*part, TRUNK)),) for part in parts), TRUNK),
        )

    def _batch_is_exact(self, batch: Pass, tree: PrefixTree) -> bool:
        """Whether a padded batch has the logits of lone sequences; how far they are apart is the noise from now on."""
        apart = self._apart(lambda: self._logits(batch, tree), self._from_trunk)
        self.noise = 0.0 if apart is None else _typical(apart)
        return apart is not None and self._is_small(apart)

    def _head_is_exact(self, tree: PrefixTree) -> bool:
        """Whether hidden states and the head applied to them give the model's logits."""
        forward = self.forward
        if any(any(values_of(forward.model.config.get_text_config(), name)) for name in CAPS):
            return False
        forward.splits = True
        alone = Pass(None, ((Block(1, 2, 0, int(tree.lengths[1])),),))
        apart = self._apart(lambda: self._logits(alone, tree), [self.truth[1][TRUNK:]])
        tolerance = HEAD_TOLERANCE if self.exact else LOW_PRECISION_HEAD_TOLERANCE
        return apart is not None and _largest(apart) <= tolerance

    def _steps_are_exact(self) -> bool:
        """Whether rows of different lengths, one token at a time, have the logits of lone sequences."""
        return self._same(self._stepped, self._steps(STEPS, 0))

    def _steps(self, count: int, first: int) -> list[torch.Tensor]:
        """The truth of the steps behind each head."""
        return [logits[n + first : n + first + count] for logits, n in zip(self.truth, self.heads, strict=True)]

    def _stepped(self) -> torch.Tensor:
        """Logits of tokens that are added one at a time to rows of different lengths."""
        heads = [ids[:length] for ids, length in zip(self.sequences, self.heads, strict=True)]
        order = sorted(range(len(heads)), key=lambda place: heads[place].tolist())
        tree = PrefixTree([heads[place] for place in order], [0] * len(heads))
        work = Pass(None, tuple((Block(i, i + 1, 0, int(length)),) for i, length in enumerate(tree.lengths)))
        _, kept = self.forward.read(work, lay_out(work, tree, self.forward.pad_id), range(len(tree)))
        slots = Slots()
        slots.add([kept[order.index(place)] for place in range(len(heads))])
        steps = []
        for step in range(STEPS):
            tokens = [int(ids[length + step]) for ids, length in zip(self.sequences, self.heads, strict=True)]
            steps.append(self.forward.step(slots, tokens))
            slots.advance()
        return torch.stack(steps, dim=1).flatten(0, 1)

    def _same(
        self, compute: Callable[[], torch.Tensor], truth: Sequence[torch.Tensor], tolerance: float = TOLERANCE
    ) -> bool:
        """Whether logits are the true ones but for rounding."""
        apart = self._apart(compute, truth)
        return apart is not None and self._is_small(apart, tolerance)

    def _apart(
        self, compute: Callable[[], torch.Tensor], truth: Sequence[torch.Tensor]
    ) -> Sequence[torch.Tensor] | None:
        """How far logits are from the truth, per sequence; None where they cannot be computed."""
        try:
            logits = compute()
        except Exception:  # noqa: BLE001 - an architecture may raise anything on inputs that it does not know
            return None
        whole_truth = torch.cat(list(truth))
        if logits.shape != whole_truth.shape:
            return None
        return torch.split(differences(logits, whole_truth), [len(part) for part in truth])

    def _is_small(self, apart: Sequence[torch.Tensor], tolerance: float = TOLERANCE) -> bool:
        """Whether differences are rounding: in float32 at every position, else at the median one of each sequence."""
        if self.exact:
            return _largest(apart) <= tolerance
        rounding = 2 * torch.finfo(self.forward.dtype).eps
        return _typical(apart) <= max(tolerance, min(LARGEST_NOISE, NOISE_FACTOR * max(self.noise, rounding)))

    def _logits(self, work: Pass, tree: PrefixTree) -> torch.Tensor:
        """Logits of every position from the trunk on, sequence after sequence."""
        layout = lay_out(work, tree, self.forward.pad_id)
        places = [
            (row, int(column))
            for _, (row, attach, path) in sorted(layout.columns.items())
            for column in path[TRUNK - attach :]
        ]
        rows, columns = (np.array(part, dtype=np.int64) for part in zip(*places, strict=True))
        return whole(self.forward.tiles(work, layout, rows, columns))


def _largest(apart: Sequence[torch.Tensor]) -> float:
    """The difference at the worst position."""
    return max(float(part.max()) for part in apart)


def _typical(apart: Sequence[torch.Tensor]) -> float:
    """The difference at the median position of the worst sequence: one that met another expert does not count."""
    return max(float(part.median()) for part in apart)


def differences(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Root mean square of the difference of log-probabilities per position, in deviations of the logits."""
    apart = logits.log_softmax(dim=1) - truth.log_softmax(dim=1)
    return apart.square().mean(dim=1).sqrt() / truth.std().clamp_min(torch.finfo(torch.float32).tiny)


def _longest(config: Any) -> int:  # noqa: ANN401 - transformers' configurations differ
    """Tokens that a sequence of the trial may have: within the context, and below where company matters by design."""
    lengths = values_of(config, "max_position_embeddings")
    context = [length - 2 for length in lengths if isinstance(length, int) and length > 0]  # XLNet says -1
    company = longest_in_company(config)
    longest = min([*context, *([] if company is None else [company])], default=len(SEQUENCES[0]))
    return max(longest, len(SEQUENCES[-1]))


def _name(model: Any) -> str:  # noqa: ANN401 - transformers' models have no common typed base
    """Where a model came from, and what it is."""
    return ": ".join(part for part in (str(getattr(model, "name_or_path", "")), type(model).__name__) if part)
