"""Counterfactuals: the smallest change of a prompt that changes what the checkpoint answers, and it is run.

A choice among options changes when another option is the likeliest; log P(A) − log P(B) when its sign changes; an
answer without alternatives when it is no longer the greedy one. Removals of every size are tried in turn while they
are affordable: what is then found is proven smallest. Beyond that, features are removed greedily and put back one by
one, which gives a set of which no single feature can be left in place (irreducible), not necessarily the smallest.
Martens and Provost 2014, "Explaining Data-Driven Document Classifications" (MIS Quarterly 38), define such sets for
words of documents; their algorithm is the greedy one.
"""

from __future__ import annotations

import math
from itertools import combinations, islice
from typing import TYPE_CHECKING, Literal

import numpy as np

from audit.core.errors import ScorerError, UsageError
from audit.core.records import Counterfactual, CounterfactualSearch
from audit.engine import ScoreRequest
from audit.explain.prompt.game import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from audit.engine import Score
    from audit.explain.prompt.game import MaskedPrompt

Change = Literal["removal", "swap"]
Proof = Literal["smallest", "irreducible", "sufficient"]
BUDGET = 1_000
"""Changed prompts that each search runs at most."""
BATCH = 64
"""Changed prompts that are run together; the search stops behind the first batch with a hit."""


def smallest_removal(
    prompt: MaskedPrompt, values: Sequence[float] | None = None, *, budget: int = BUDGET, greedy: bool = True
) -> CounterfactualSearch:
    """The smallest set of features without which the answer is another one.

    Args:
        prompt: The game.
        values: An attribution of it: ties between equally large sets, and the greedy search, follow its order. None
            takes the effect of leaving out each feature alone.
        budget: Changed prompts that are run at most by each of the two searches.
        greedy: Whether to search on where not all sets of a size can be run.

    Returns:
        What was run and what was found: nothing where no removal that was run changes the answer, or where there is
        none to change.

    Raises:
        ScorerError: The checkpoint has no answer for a changed prompt.
    """
    game = _Game(prompt)
    done, found = _search(game, values, budget, greedy=greedy) if game.before is not None else (0, None)
    return CounterfactualSearch(
        answer=game.before, found=[found] if found else [], complete=done, evaluations=game.evaluations
    )


def _search(
    game: _Game, values: Sequence[float] | None, budget: int, *, greedy: bool
) -> tuple[int, Counterfactual | None]:
    """Up to which size no removal changes the answer, all of them run, and the removal that was found."""
    count = len(game.prompt.features)
    done, order = 0, list(range(count))
    if values is not None:
        order.sort(key=lambda index: -values[index])
    elif budget >= count:
        answers, margins = game.margins([(index,) for index in order])
        order.sort(key=margins.__getitem__)
        single = next((index for index in order if answers[index] != game.before), None)
        if single is not None:
            return 0, game.removal([single], "smallest")
        done = 1
    for size in range(done + 1, count + 1):
        if game.evaluations + math.comb(count, size) > budget:
            break
        found = game.first_hit(combinations(order, size))
        if found is not None:
            return done, game.removal(found, "smallest")
        done = size
    if done == count or not greedy:
        return done, None
    found, needed = _greedy(game, order, game.evaluations + budget)
    if found is None:
        return done, None
    return done, game.removal(
        found, "smallest" if len(found) == done + 1 else "irreducible" if needed else "sufficient"
    )


def removals_and_swaps(prompt: MaskedPrompt, *, budget: int = BUDGET) -> CounterfactualSearch:
    """The smallest removal, and the swaps of two named features, that change the answer.

    Args:
        prompt: The game.
        budget: Changed prompts that are run at most by each search for a removal, and swaps at most.

    Raises:
        ScorerError: The checkpoint has no answer for a changed prompt.
    """
    removal = smallest_removal(prompt, budget=budget)
    pairs = named_pairs(prompt)[:budget] if removal.answer is not None else []
    return removal.model_copy(
        update={
            "found": [*removal.found, *swaps(prompt, pairs)],
            "swaps": len(pairs),
            "evaluations": removal.evaluations + len(pairs),
        }
    )


def named_pairs(prompt: MaskedPrompt) -> list[tuple[int, int]]:
    """All pairs of features with a name."""
    named = [index for index, feature in enumerate(prompt.features.records) if feature.name]
    return list(combinations(named, 2))


def swaps(prompt: MaskedPrompt, pairs: Sequence[tuple[int, int]] | None = None) -> list[Counterfactual]:
    """The pairs of features whose exchange changes the answer: two fields, two options, two examples.

    Where the options are named by letters, exchanging the options of two letters should change the letter: there
    an answer that does not change is the finding.

    Args:
        prompt: The game.
        pairs: Indices of features; None takes all pairs of features with a name.

    Raises:
        UsageError: An index is no feature, or a pair names one feature twice.
        ScorerError: The checkpoint has no answer for a changed prompt.
    """
    count = len(prompt.features)
    pairs = named_pairs(prompt) if pairs is None else pairs
    for first, second in pairs:
        if first == second or not {first, second} <= set(range(count)):
            msg = f"cannot swap features {first} and {second}: give two different ones of 0 to {count - 1}"
            raise UsageError(msg)
    game = _Game(prompt)
    if game.before is None or not pairs:
        return []
    contexts = [swapped(prompt, first, second) for first, second in pairs]
    answers = game.answers(contexts)
    return [
        _record("swap", pair, context, answer)
        for pair, context, answer in zip(pairs, contexts, answers, strict=True)
        if answer != game.before
    ]


def swapped(prompt: MaskedPrompt, first: int, second: int) -> tuple[int, ...]:
    """Context ids with the tokens of two features in each other's place; everything else stays where it is.

    Args:
        prompt: The game.
        first: Index of a feature.
        second: Index of another.
    """
    owned = prompt.features.positions
    return _put(prompt, {first: _ids(prompt, owned[second]), second: _ids(prompt, owned[first])})


def _ids(prompt: MaskedPrompt, positions: Sequence[int]) -> tuple[int, ...]:
    """The token ids at some positions of the context."""
    return tuple(prompt.features.request.context_ids[position] for position in positions)


def _put(prompt: MaskedPrompt, parts: Mapping[int, tuple[int, ...]]) -> tuple[int, ...]:
    """Context ids with those of some features replaced, each where its first token stood."""
    owner = {position: index for index in parts for position in prompt.features.positions[index]}
    found: list[int] = []
    for position, token in enumerate(prompt.features.request.context_ids):
        index = owner.get(position)
        if index is None:
            found.append(token)
        elif position == prompt.features.positions[index][0]:
            found += parts[index]
    return tuple(found)


def _greedy(game: _Game, order: Sequence[int], most: int) -> tuple[tuple[int, ...] | None, bool]:
    """Remove features until the answer changes, then put back what is not needed for that.

    First in order; where no beginning of the order changes the answer, whichever brings it nearest to a change.

    Args:
        game: What answers.
        order: Features.
        most: Evaluations of the game at most, those before included.

    Returns:
        The set, or None, and whether each of its features is known to be needed.
    """
    sizes = range(1, min(len(order), most - game.evaluations) + 1)
    removed = game.first_hit(tuple(order[:size]) for size in sizes)
    removed = removed or _stepwise(game, order, most)
    if removed is None:
        return None, False
    kept, tried = list(removed), 0
    while tried < len(kept) and len(kept) > 1:  # round after round, until none can be put back
        if game.evaluations >= most:
            return tuple(kept), False
        smaller = (*kept[:-1],)
        if game.first_hit([smaller]) is not None:
            kept.pop()
            tried = 0
        else:
            kept = [kept[-1], *smaller]
            tried += 1
    return tuple(kept), True


def _stepwise(game: _Game, order: Sequence[int], most: int) -> tuple[int, ...] | None:
    """Remove the feature without which the answer is least ahead, again and again, within ``most`` evaluations."""
    count = len(order)
    removed: tuple[int, ...] = ()
    while len(removed) < count and game.evaluations + count - len(removed) <= most:
        sets = [(*removed, index) for index in order if index not in removed]
        answers, margins = game.margins(sets)
        hit = next((one for one, answer in zip(sets, answers, strict=True) if answer != game.before), None)
        if hit is not None:
            return hit
        removed = sets[int(np.argmin(margins))]
    return None


def _record(
    change: Change,
    features: Sequence[int],
    context: tuple[int, ...],
    after: str | None,
    *,
    proof: Proof | None = None,
) -> Counterfactual:
    """The record of a change."""
    return Counterfactual(
        change=change,
        features=tuple(sorted(features)),
        after=after,
        proof=proof,
        context_ids=context,
    )


class _Game:
    """What the checkpoint answers to a changed prompt.

    Attributes:
        before: The continuation that it prefers given the whole prompt; None where there is none to change.
        evaluations: Changed prompts that were run.
    """

    def __init__(self, prompt: MaskedPrompt) -> None:
        self.prompt = prompt
        self.texts = [prompt.target, *prompt.alternatives]
        self.evaluations = 0
        [self.before] = self._preferred(self._scores([self.context(())]))

    def answers(self, contexts: Sequence[tuple[int, ...]]) -> list[str | None]:
        """The preferred continuation after each context."""
        self.evaluations += len(contexts)
        return self._preferred(self._scores(contexts))

    def first_hit(self, sets: Iterator[tuple[int, ...]] | Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
        """The first of some sets of features without which the answer is another one."""
        remaining = iter(sets)
        while batch := list(islice(remaining, BATCH)):
            answers = self.answers([self.context(absent) for absent in batch])
            hit = next((one for one, answer in zip(batch, answers, strict=True) if answer != self.before), None)
            if hit is not None:
                return hit
        return None

    def margins(self, sets: Sequence[tuple[int, ...]]) -> tuple[list[str | None], list[float]]:
        """The answer without each set of features, and how far the present answer is then ahead, nats.

        Without alternatives that is its log-probability.
        """
        scores = self._scores([self.context(absent) for absent in sets])
        self.evaluations += len(sets)
        mine = self.texts.index(self.before or self.texts[0])
        others = [[score.total for other, score in enumerate(row) if other != mine] for row in scores]
        margins = [row[mine].total - max(rest, default=0.0) for row, rest in zip(scores, others, strict=True)]
        return self._preferred(scores), margins

    def context(self, absent: Sequence[int]) -> tuple[int, ...]:
        """Context ids without some features."""
        mask = np.ones(len(self.prompt.features), dtype=np.bool_)
        mask[list(absent)] = False
        return self.prompt.features.context(mask.tolist())

    def removal(self, absent: Sequence[int], proof: Proof) -> Counterfactual:
        """The record of a removal, after running it once more.

        Raises:
            ScorerError: The answer is the old one now: two options are so close that a batch decides.
        """
        context = self.context(absent)
        [answer] = self._preferred(self._scores([context]))
        if answer == self.before:
            msg = "two options are so close that the batch size changes the choice: there is no certain answer"
            raise ScorerError(msg)
        return _record("removal", absent, context, answer, proof=proof)

    def _scores(self, contexts: Sequence[tuple[int, ...]]) -> list[list[Score]]:
        """The score of each continuation after each context, in one call of the engine."""
        wide = len(self.texts)
        asked = [ScoreRequest(context, ids) for context in contexts for ids in self.prompt.continuations]
        self.prompt.evaluations += len(asked)
        scores = self.prompt.engine.score(asked)
        error = next((score.error or cut(score) for score in scores if score.error or score.truncated), None)
        if error:
            msg = f"a changed prompt could not be scored: {error}"
            raise ScorerError(msg)
        return [list(scores[index : index + wide]) for index in range(0, len(scores), wide)]

    def _preferred(self, scores: Sequence[Sequence[Score]]) -> list[str | None]:
        """The likeliest continuation, the first among equals; without alternatives the target where it is greedy."""
        if len(self.texts) == 1:
            return [self.texts[0] if row[0].is_greedy else None for row in scores]
        return [self.texts[int(np.argmax([score.total for score in row]))] for row in scores]
