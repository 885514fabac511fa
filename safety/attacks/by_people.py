"""Shares of compliance, corrected by people's labels of a random sample of the answers, whoever judges all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from audit.safety.asking.refusals import labelled
from audit.safety.judges.people import COMPLY, labels_of, with_labels
from audit.safety.metrics import ProbeMetric, titled
from audit.stats.definitions import PoweredMean
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from audit.core.records import Sample
    from audit.safety.asking.refusals import RefusalItem
    from audit.safety.judges.people import AnswerLabels
    from audit.safety.probe import Answered, Context

Asked = TypeVar("Asked", bound="RefusalItem")


def also_labelled(
    verdicts: Callable[[Sequence[Answered[Asked]], Context], list[Sample]],
) -> Callable[[Sequence[Answered[Asked]], Context], list[Sample]]:
    """Verdicts of a probe, with people's labels among the scores where the configuration names some.

    Args:
        verdicts: The judge's, of all answers.
    """

    def with_people(answered: Sequence[Answered[Asked]], context: Context) -> list[Sample]:
        found, labels = verdicts(answered, context), _labels(context)
        return found if labels is None else with_labels(found, labels)

    return with_people


def by_people(raw: ProbeMetric, context: Context, title: str, of: str) -> list[ProbeMetric]:
    """The share of compliance that people would find, by prediction-powered inference; none without labels.

    Args:
        raw: The share as the judge gives it.
        context: With the configuration.
        title: Heading of the corrected share.
        of: What it is a share of, as a phrase after the value.
    """
    labels = _labels(context)
    if labels is None:
        return []
    known = labels.numbers.keys()
    return [
        replace(
            raw,
            name=f"{raw.name}_by_people",
            definition=PoweredMean(
                of=f"{SCORES}full_compliance", label=f"{SCORES}{COMPLY}", where=raw.definition.where
            ),
            on=(),
            within={},
            words=titled(title, of),
            note=lambda inside, _items: (
                f"corrected by people's labels of {sum(COMPLY in one.scores for one in inside):,} answers,"
                " drawn at random"
            ),
            when=lambda inside: any(one.sample_id in known for one in inside),
        )
    ]


def _labels(context: Context) -> AnswerLabels | None:
    return None if labelled(context.predictions) else labels_of(context.config.safety)
