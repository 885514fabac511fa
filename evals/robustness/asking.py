"""Items of a task asked again with changed prompts: few-shot examples, gold answers and scoring stay those of the task.

The prompt of an item is changed as the checkpoint saw it, by edits of its question's place. lm-eval still builds,
filters and scores: :class:`PerturbingLM` replaces the prompts of its requests just before they are asked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.core.item_draw import choose
from audit.core.names import PERTURBED
from audit.evals.harness import HarnessLM
from audit.evals.robustness.asked_item import QUESTION, AskedItem
from audit.evals.robustness.edits import changed_spans, edited, moved_spans

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lm_eval.api.instance import Instance

    from audit.core.records import Sample, Span
    from audit.engine import Engine
    from audit.evals.harness import Joining
    from audit.evals.robustness.asked_item import PromptChange
    from audit.evals.robustness.given import Wordings
    from audit.evals.robustness.registry import Perturbation


@dataclass(frozen=True, slots=True)
class Copy:
    """An item, perturbed."""

    place: int
    """Place of the item among those that were run."""
    before: str
    """The prompt as it was asked."""
    prompt: str
    """The prompt that is asked instead."""
    continuations: Mapping[str, str]
    """Continuations that are scored instead of others."""
    spans: list[Span]
    """Named parts of the new prompt, and those that were changed."""
    shown: Sequence[int] = ()
    """Which option the new prompt shows at each place, where they changed places."""


@dataclass(frozen=True, slots=True)
class Copies:
    """Everything that is asked again of a task."""

    items: int
    """Number of items that were to be perturbed."""
    made: dict[str, list[Copy]] = field(default_factory=dict)
    """Copies by perturbation, in the order of the items; without perturbations that applied to no item."""
    reasons: dict[str, Counter[str]] = field(default_factory=dict)
    """Why items were not perturbed, and how many, by perturbation."""


def copies(
    samples: Sequence[Sample],
    wanted: Sequence[Perturbation],
    given: Wordings,
    *,
    task: str,
    question: str = QUESTION,
    limit: int | None,
    seed: int,
) -> Copies:
    """The items of a task, perturbed.

    Args:
        samples: Records of its items, in the order in which they were run.
        wanted: How they are perturbed.
        given: What people gave to perturb with.
        task: Name of the task: the items are drawn by it.
        question: Name of the field with the question.
        limit: Maximum number of items.
        seed: The run's seed.
    """
    places = choose(len(samples), limit, seed, f"{task}{PERTURBED}")
    found = Copies(items=len(places))
    for one in wanted:
        for place in places:
            item = AskedItem(samples[place], question)
            made = item.unusable() or one.plan(item, given, seed)
            if isinstance(made, str):
                found.reasons.setdefault(one.name, Counter())[made] += 1
            else:
                found.made.setdefault(one.name, []).append(_copy(samples[place], place, made))
    return found


def _copy(sample: Sample, place: int, plan: PromptChange) -> Copy:
    """An item with its prompt changed."""
    spans = [*moved_spans(sample.spans, plan.edits), *changed_spans(sample.prompt, plan.edits)]
    return Copy(place, sample.prompt, edited(sample.prompt, plan.edits), plan.continuations, spans, plan.shown)


class PerturbingLM(HarnessLM):
    """Asks the engine other prompts than lm-eval made; everything else is as in :class:`HarnessLM`.

    Args:
        engine: Answers the requests.
        copies: What is asked of each document, in lm-eval's order.
        seed: Of sampled generations.
        joining: How the tokens of a text that follows another are found.
    """

    def __init__(self, engine: Engine, copies: Sequence[Copy], *, seed: int = 0, joining: Joining = "exact") -> None:
        super().__init__(engine, seed=seed, joining=joining)
        self._copies = copies

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = True) -> list[tuple[float, bool]]:
        """Log-likelihoods (nats) of continuations after the changed prompts."""
        self._perturb(requests)
        return super().loglikelihood(requests, disable_tqdm)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = True) -> list[str]:
        """Continuations of the changed prompts."""
        self._perturb(requests)
        return super().generate_until(requests, disable_tqdm)

    def _perturb(self, requests: Sequence[Instance]) -> None:
        """Replace prompts and continuations in place, so that lm-eval logs what was asked; each request once.

        Raises:
            RuntimeError: lm-eval made another prompt of an item than before, so that it would be asked unchanged.
        """
        changed: dict[int, bool] = {}
        for instance in {id(one): one for one in requests}.values():
            copy = self._copies[instance.doc_id]
            prompt, asked, *rest = instance.args
            changed[instance.doc_id] = changed.get(instance.doc_id, False) or prompt == copy.before
            if copy.before in self._system_merged:
                self._system_merged.add(copy.prompt)
            prompt = copy.prompt if prompt == copy.before else prompt
            asked = copy.continuations.get(asked, asked) if isinstance(asked, str) else asked
            instance.arguments = (prompt, asked, *rest)
        if not all(changed.values()):
            msg = "the task makes another prompt of the same item each time, so that it cannot be perturbed"
            raise RuntimeError(msg)
