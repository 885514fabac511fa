"""Log-probabilities of targets: requests become a prefix tree, the tree passes, passes answers."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from audit.engine.local.memory import KINDS, OUT_OF_MEMORY, Allowance, give_back, is_out_of_memory
from audit.engine.local.plan.layout import lay_out
from audit.engine.local.plan.passes import Pass, plan
from audit.engine.local.plan.prefix_tree import PrefixTree
from audit.engine.local.softmax import Softmax
from audit.engine.local.soundness import not_finite
from audit.engine.requests import Score, ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from audit.engine.local.model.forward import Forward
    from audit.engine.local.plan.cost import Budget
    from audit.engine.local.plan.layout import Layout
    from audit.engine.local.plan.passes import Block

LONGER_THAN_CONTEXT = "target longer than the model's context"


@dataclass(frozen=True)
class Question:
    """What is asked of one sequence."""

    index: int
    """Of the request."""
    first: int
    """Position that predicts the first target token."""
    target: tuple[int, ...]
    moments: bool
    truncated: int
    """Context tokens cut off from the left."""


class Scorer:
    """Scores requests on one transformers model.

    Args:
        forward: Runs passes.
        max_length: Context length in tokens.
        budget: What fits into a pass.

    Attributes:
        allowance: Tokens per pass that are tried.
        told: Whether it was said that nothing is shared.
    """

    def __init__(self, forward: Forward, max_length: int, budget: Budget) -> None:
        self.forward = forward
        self.max_length = max_length
        self.budget = budget
        self.allowance = Allowance(budget.tokens)
        self.told = False

    def work(
        self, requests: Sequence[ScoreRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Score], int]]:
        """Scores by index, a pass at a time, and the number of tokens that went through the model for them."""
        wanted = set(missing)
        answered = {index: score for index in missing if (score := self._without_model(requests[index]))}
        if answered:
            yield answered, 0
        if not self.forward.shares and not self.told:
            say(f"each sequence is computed whole, prefixes are not shared: {self.forward.why_not}")
            self.told = True
        tree, questions = self._tree(requests)
        forward = self.forward
        for planned in plan(tree, forward.cost, self.budget, share=forward.shares, alone=forward.alone):
            rows = tuple(row for row in planned.rows if any(q.index in wanted for q in _questions((row,), questions)))
            waiting = [dataclasses.replace(planned, rows=rows)] if rows else []
            while waiting:
                work = waiting.pop()
                halves = work.halves(tree)
                if halves and _tokens(work) > self.allowance.now:
                    waiting += reversed(halves)
                    continue
                before = self.forward.computed
                scores = self._attempt(work, tree, questions)
                if scores is None:
                    self._give_up(work, say)
                    waiting += reversed(halves)
                    scores = {} if halves else _failed(work, questions)
                elif halves and any(score.error for score in scores.values()):
                    # A NaN of one sequence reaches all that lie in its row: each is asked again without the others.
                    waiting += reversed(halves)
                    scores = {}
                yield {i: score for i, score in scores.items() if i in wanted}, self.forward.computed - before

    def _attempt(self, work: Pass, tree: PrefixTree, questions: Sequence[list[Question]]) -> dict[int, Score] | None:
        """Scores of a pass; None where memory ran out twice, the second time with nothing kept."""
        for _ in range(2):
            try:
                scores = self._compute(work, tree, questions)
            except KINDS as error:
                if not is_out_of_memory(error):
                    raise
            else:
                self.allowance.worked()
                return scores
            self.forward.forget()  # outside the handler, whose traceback holds what filled the memory
            give_back()
        return None

    def _give_up(self, work: Pass, say: Callable[[str], None]) -> None:
        """Memory is too small for a pass: go on with its halves."""
        size = _tokens(work)
        self.allowance.failed(size)
        say(f"out of memory with {size} tokens in a pass: going on with {max(1, size // 2)}")

    def _without_model(self, request: ScoreRequest) -> Score | None:
        """The score of a target that needs no model, or that does not fit into it."""
        if len(request.target_ids) > self.max_length:
            return Score((), (), error=LONGER_THAN_CONTEXT)
        if request.target_ids:
            return None
        moments = () if request.moments else None
        return Score((), (), moments, moments)

    def _tree(self, requests: Sequence[ScoreRequest]) -> tuple[PrefixTree, list[list[Question]]]:
        """Distinct input sequences as a tree, and what is asked of each."""
        by_ids: dict[tuple[int, ...], list[Question]] = defaultdict(list)
        for index, request in enumerate(requests):
            if self._without_model(request) is None:
                whole = request.context_ids + request.target_ids
                ids = whole[-(self.max_length + 1) :][:-1]  # lm-eval's truncation: the last token is never an input
                first = len(ids) - len(request.target_ids)
                cut = len(whole) - len(ids) - 1
                by_ids[ids].append(Question(index, first, request.target_ids, request.moments, cut))
        order = sorted(by_ids)
        questions = [by_ids[ids] for ids in order]
        sequences = [np.array(ids, dtype=np.int64) for ids in order]
        return PrefixTree(sequences, [min(q.first for q in asked) for asked in questions]), questions

    def _compute(self, work: Pass, tree: PrefixTree, questions: Sequence[list[Question]]) -> dict[int, Score]:
        """Scores of everything that is asked of the sequences of a pass."""
        layout = lay_out(work, tree, self.forward.pad_id)
        asked = [(q, *layout.columns[i]) for i in work.members for q in questions[i]]
        width = layout.ids.shape[1]
        places = [
            row * width + path[q.first - attach : q.first - attach + len(q.target)] for q, row, attach, path in asked
        ]
        distinct, which = np.unique(np.concatenate(places), return_inverse=True)
        targets = np.array([token for q, *_ in asked for token in q.target], dtype=np.int64)
        moments = np.zeros(len(distinct), dtype=np.bool_)
        moments[which[np.repeat([q.moments for q, *_ in asked], [len(q.target) for q, *_ in asked])]] = True
        values = self._values(work, layout, distinct, which, targets, moments)
        scores, start = {}, 0
        for q, *_ in asked:
            part = values[:, start : start + len(q.target)]
            start += len(q.target)
            scores[q.index] = _score(part, q, self.forward.model.dtype)
        return scores

    def _values(
        self,
        work: Pass,
        layout: Layout,
        distinct: NDArray[np.int64],
        which: NDArray[np.int64],
        targets: NDArray[np.int64],
        moments: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """Per target token: log-probability, whether it is the argmax, mean and standard deviation of log p.

        Args:
            work: The pass.
            layout: Its arrays.
            distinct: Asked places, row x width + column, ascending.
            which: Per target token, the index of its place.
            targets: Target tokens.
            moments: Per place, whether mean and standard deviation are wanted.
        """
        width = layout.ids.shape[1]
        order = np.argsort(which, kind="stable")
        softmax = Softmax(
            torch.from_numpy(which[order]),
            torch.from_numpy(targets[order]),
            torch.from_numpy(moments),
            self.forward.device,
        )
        for tile in self.forward.tiles(work, layout, distinct // width, distinct % width):
            softmax.add(tile)
        values = np.empty((4, len(targets)))
        values[:, order] = softmax.results().double().cpu().numpy()
        return values


def _score(values: NDArray[np.float64], question: Question, dtype: torch.dtype) -> Score:
    """The score of one target from the four values of each of its tokens."""
    if not np.isfinite(values[0]).all():
        return Score((), (), truncated=question.truncated, error=not_finite("log-probabilities", dtype))
    mean, std = (tuple(row.tolist()) for row in values[2:]) if question.moments else (None, None)
    return Score(tuple(values[0].tolist()), tuple((values[1] > 0).tolist()), mean, std, question.truncated)


def _questions(rows: Sequence[Sequence[Block]], questions: Sequence[list[Question]]) -> Iterator[Question]:
    """What is asked of the sequences of some rows."""
    for row in rows:
        for block in row:
            for index in range(block.low, block.high):
                yield from questions[index]


def _tokens(work: Pass) -> int:
    """Rows x columns of a pass, filling included."""
    return work.width * len(work.rows)


def _failed(work: Pass, questions: Sequence[list[Question]]) -> dict[int, Score]:
    """Memory is too small even for one block."""
    return {q.index: Score((), (), error=OUT_OF_MEMORY) for q in _questions(work.rows, questions)}
