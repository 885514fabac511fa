"""How far people agree with a judge, which is validated as a rater and as a metric are."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from statistics import median_low
from typing import TYPE_CHECKING, Any

from audit.core.records import Record, digest_of
from audit.ratings.database import writing
from audit.ratings.projects.answers import collect
from audit.ratings.projects.asking import LikertScale, PreferenceChoice
from audit.ratings.projects.events import append, read_events
from audit.ratings.projects.project import find
from audit.ratings.projects.roles import require
from audit.ratings.results.points import counts
from audit.stats.agreement.estimate import Coefficient  # noqa: TC001 - pydantic reads the annotations at run time
from audit.stats.agreement.kappas import cohen
from audit.stats.agreement.raters import LEAST, RaterBias, SideBias, rater_bias, side_bias
from audit.stats.agreement.trust import RankCorrelation, rank_correlation
from audit.stats.interval import Interval  # noqa: TC001 - pydantic reads the annotations at run time
from audit.stats.intervals import mean_interval

if TYPE_CHECKING:
    from audit.ratings.projects.answers import ItemAnswers
    from audit.ratings.projects.asking import AnyKind
    from audit.ratings.projects.events import Event
    from audit.ratings.projects.project import Project
    from audit.stats.agreement.kappas import Weights

SEED = 1234
"""Seed of the bootstraps."""


class JudgeValidity(Record):
    """One judge against people, on one question."""

    judge: str
    """Its name."""
    checkpoint: str
    """Digest of its files."""
    by: str
    """``likelihood`` or ``generation``."""
    settings: dict[str, str]
    """What else decides its answers, by name; empty for answers of versions that did not write it."""
    question: str
    """The question."""
    judged: int
    """Items that the judge answered."""
    unanswered: int
    """Items to which it gave no answer that can be read."""
    undecided: int
    """Items that it answered where no answer of people is the most frequent one; not compared."""
    agreement: Coefficient
    """Cohen's kappa of the judge and people's answer: the decision, else the median point, else the most frequent
    answer; with quadratic weights on a scale."""
    correlation: RankCorrelation | None = None
    """On a scale: Spearman's rank correlation with people's mean points."""
    bias: RaterBias | None = None
    """On a scale: how its points differ from people's mean."""
    side: SideBias | None = None
    """Of a preference: the share for the output that stands first, in the order that raters see."""
    in_both_orders: int = 0
    """Of a preference: items that it answered in both orders of the outputs."""
    same_in_both_orders: float | None = None
    """Of a preference: share of these with the same answer in both orders; null with fewer than five."""
    same_interval: Interval | None = None
    """Its Wilson interval."""


def validity(database_url: str, project: str, user: str, *, confidence: float = 0.95) -> list[JudgeValidity]:
    """Each judge of a project against people, on each question that both answered.

    Raises:
        NotAllowed: The user is neither viewer, adjudicator nor admin of the project.
        UsageError: There is no such project, or the database cannot be written.
    """
    with writing(database_url) as connection:
        found = find(connection, project)
        who = require(connection, found, user, "viewer", "adjudicator", "admin")
        events = read_events(connection, found.id, ["judged"])
        if not events:
            return []
        append(connection, found.id, "results_seen", who, content={"what": "judges"})
        answers = [about for about in collect(connection, found.id) if counts(about)]
    by_judge: defaultdict[str, dict[int | None, Event]] = defaultdict(dict)
    # The latest of each item counts; another checkpoint, way of answering or setting is another judge.
    for event in events:
        identity = {**event.content["judge"], "name": event.person}
        by_judge[digest_of(identity)][event.item_id] = event
    return [
        _of_question(question, list(latest.values()), answers, found, confidence)
        for latest in by_judge.values()
        for question in found.questions
        if any(_was_asked(event, question.name) for event in latest.values())
    ]


def _was_asked(event: Event, question: str) -> bool:
    return question in event.content["answers"] or question in event.content["why_none"]


def _of_question(
    question: AnyKind, events: list[Event], answers: list[ItemAnswers], project: Project, confidence: float
) -> JudgeValidity:
    name, identity = question.name, events[-1].content["judge"]
    of_item = {event.item_id: event.content for event in events}
    asked = [about for about in answers if about.item.id in of_item]
    given = {about.item.id: of_item[about.item.id]["answers"].get(name) for about in asked}
    pairs = [(about, given[about.item.id], about.counting(name)) for about in asked if given[about.item.id] is not None]
    rated = [(about, value, people) for about, value, people in pairs if people]
    compared = [
        (_comparable(value), answer, about.item.cluster)
        for about, value, people in rated
        if (answer := _of_people(question, people)) is not None
    ]
    order = range(1, question.points + 1) if isinstance(question, LikertScale) else None
    weights: Weights = "quadratic" if order else "none"
    own, theirs, clusters = ([row[place] for row in compared] for place in range(3))
    found = JudgeValidity(
        judge=identity["name"],
        checkpoint=identity["checkpoint"],
        by=identity["by"],
        settings=identity.get("settings", {}),
        question=name,
        judged=len(pairs),
        unanswered=len(asked) - len(pairs),
        undecided=len(rated) - len(compared),
        agreement=cohen(own, theirs, order=order, weights=weights, clusters=clusters, seed=SEED, confidence=confidence),
    )
    if isinstance(question, LikertScale):
        return found.model_copy(update=_on_a_scale(identity["name"], rated, confidence))
    if isinstance(question, PreferenceChoice):
        return found.model_copy(update=_of_orders(identity["name"], name, asked, of_item, project, confidence))
    return found


def _comparable(value: Any) -> Any:  # noqa: ANN401 - any answer
    return value[0] if isinstance(value, list) else value


def _of_people(question: AnyKind, people: list[Any]) -> Any | None:  # noqa: ANN401 - any answer
    """One answer for people's: the median point, else the most frequent answer; None where none is."""
    values = [_comparable(one) for one in people if one != []]
    if isinstance(question, LikertScale):
        return median_low(values)
    often = Counter(values).most_common(2)
    if not often or (len(often) == 2 and often[0][1] == often[1][1]):
        return None
    return often[0][0]


def _on_a_scale(judge: str, rated: list[tuple[ItemAnswers, Any, list[Any]]], confidence: float) -> dict[str, Any]:
    own = [float(value) for _, value, _ in rated]
    means = [sum(people) / len(people) for _, _, people in rated]
    items = [about.item.cluster for about, _, _ in rated]
    bias = rater_bias(judge, own, means, confidence, items)
    return {
        "correlation": rank_correlation(own, means, items, seed=SEED, confidence=confidence),
        "bias": replace(bias, drift=None, drift_interval=None),  # items have no order in which it tires
    }


def _of_orders(
    judge: str,
    question: str,
    asked: list[ItemAnswers],
    of_item: dict[int | None, dict[str, Any]],
    project: Project,
    confidence: float,
) -> dict[str, Any]:
    """Replies in both orders: the place that was preferred, and whether the order changed the answer."""
    both = [(about.item, of_item[about.item.id]["orders"].get(question, [])) for about in asked]
    whole = [(item, orders) for item, orders in both if len(orders) == 2 and None not in orders]
    same = [float(first == second) for _, (first, second) in whole]
    clusters = [item.cluster for item, _ in whole]
    places = [item.by_side(first, project.seed) for item, (first, _) in whole]  # side A stands first in the first order
    enough = len(whole) >= LEAST
    return {
        "side": side_bias(judge, places, confidence, clusters),
        "in_both_orders": len(whole),
        "same_in_both_orders": sum(same) / len(whole) if enough else None,
        "same_interval": mean_interval(same, clusters=clusters, seed=SEED, confidence=confidence) if enough else None,
    }
