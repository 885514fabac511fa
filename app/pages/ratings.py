"""Page: how far a rating project is, how well its raters agree, which run they prefer, and its exports."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from audit.app import access
from audit.app.elements.charts import interval_chart
from audit.app.elements.rating.judged import show_judges
from audit.app.elements.rating.project import choose_project
from audit.app.untrusted import plain, wrapped_table
from audit.ratings.access.app_roles import app_roles
from audit.ratings.exchange.table import csv_lines, event_lines
from audit.ratings.exchange.training import training_lines
from audit.ratings.projects.progress import progress
from audit.ratings.projects.project import read_projects
from audit.ratings.projects.roles import NotAllowed, my_roles
from audit.ratings.results import sentences
from audit.ratings.results.agreement import agreement
from audit.ratings.results.judges import validity
from audit.ratings.results.trusted import against_people
from audit.reports.drawing.charts import IntervalRow
from audit.stats.agreement.as_text import coefficient_text, strength_text
from audit.stats.agreement.raters import AT_RANDOM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from audit.app.settings import AppSettings
    from audit.ratings.projects.progress import RaterProgress
    from audit.ratings.results.agreement import QuestionAgreement
    from audit.ratings.results.trusted import MetricAgainstPeople
    from audit.stats.interval import Interval


def page(settings: AppSettings) -> None:
    """Progress for everyone in the project; agreement for who may see it; exports for admins."""
    st.title("Results of a rating project", anchor=False)
    url = settings.database_url
    chosen = choose_project(url, "viewer", "adjudicator", "admin", "rater")
    if chosen is None:
        return
    project, user = chosen
    far = progress(url, project, user)
    roles = my_roles(url, project, user)
    is_rater_alone = roles.isdisjoint({"viewer", "adjudicator", "admin"})
    # Gold items are never complete: a rater could tell them by a count of complete items that stands still.
    complete = "" if is_rater_alone else f" · {far.complete:,} of {far.items:,} items complete"
    st.progress(
        min(far.answers / far.wanted, 1.0) if far.wanted else 1.0,
        text=f"{far.answers:,} of {far.wanted:,} answers{complete}",
    )
    st.caption(f"{far.decided:,} adjudicated · {far.excluded:,} excluded")
    st.header("Raters", anchor=False)
    if far.raters:
        wrapped_table([_rater(one) for one in far.raters])
        st.caption("Checks are answers to items whose answer is known; the share says how far they were met.")
    if is_rater_alone:
        st.caption("Agreement and results are for viewers, adjudicators and admins of the project.")
        return
    for question in agreement(url, project, user).questions:
        _question(question)
    _metrics(against_people(url, project, user))
    show_judges(validity(url, project, user))
    if "admin" in roles:
        _exports(url, project, user)


def _rater(one: RaterProgress) -> dict[str, object]:
    met = one.share_met
    return {
        "rater": one.rater,
        "answered": one.answered,
        "skipped": one.skipped,
        "flagged": one.flagged,
        "checks": one.checked,
        "met": None if met is None else f"{met:.0%}",
    }


def _question(found: QuestionAgreement) -> None:
    st.header(plain(found.question), anchor=False)
    rows = [
        IntervalRow(one.name, one.value, one.interval.low, one.interval.high, n=one.items)
        for one in found.coefficients
        if one.value is not None and one.interval is not None
    ]
    if rows:
        st.altair_chart(interval_chart(rows, unit="agreement", title="agreement: 0 by chance, 1 complete", reference=0))
    if found.coefficients:
        wrapped_table(
            [
                {"agreement": one.name, "value (95 % interval)": coefficient_text(one), "items": one.items}
                for one in found.coefficients
            ]
        )
        st.text(sentences.agreement_sentence(found.coefficients))
    if found.biases:
        st.markdown("**Each rater against the others** (points; above 0: milder)")
        _dots([(one.rater, one.bias, one.interval, one.items) for one in found.biases], "mean difference, points")
        st.text(sentences.bias_sentence(found.biases))
        st.markdown("**Each rater over time** (points from the first item to the last; above 0: became milder)")
        _dots([(one.rater, one.drift, one.drift_interval, one.items) for one in found.biases], "change, points")
        st.text(sentences.drift_sentence(found.biases))
    if found.sides:
        st.markdown("**Sides** (share of preferences for A; the side of each output is drawn)")
        sides = [(one.rater, one.share, one.interval, one.preferences) for one in found.sides]
        _dots(sides, "share for side A", unit="share", reference=AT_RANDOM)
        st.text(sentences.sides_sentence(found.sides))
    if found.strengths:
        st.markdown("**Which run people prefer** (Bradley–Terry strengths on the logit scale)")
        rows = [
            IntervalRow(one.name, one.value, one.low, one.high, n=one.comparisons)
            for one in found.strengths
            if one.low is not None and one.high is not None
        ]
        if rows:
            st.altair_chart(interval_chart(rows, unit="logits", title="strength", reference=0))
        wrapped_table(
            [
                {"run": one.name, "strength": strength_text(one), "comparisons": one.comparisons}
                for one in found.strengths
            ]
        )


def _metrics(found: Sequence[MetricAgainstPeople]) -> None:
    """Which automatic metric orders outputs as people do, task by task."""
    if not found:
        return
    st.header("Automatic metrics against people", anchor=False)
    st.caption(
        "Spearman's rank correlation of each score with people's answers about the same outputs: 1 the same order, "
        "−1 the opposite one, 0 none. A metric whose low values are good is to be trusted near −1. Of pairs, the "
        "difference of the two scores is compared with the preference."
    )
    for task, question in dict.fromkeys((one.task, one.question) for one in found):
        mine = [one for one in found if (one.task, one.question) == (task, question)]
        st.markdown(f"**{plain(task)}**, {plain(question)}")
        rows = [(one.score, one.correlation.value, one.correlation.interval, one.correlation.outputs) for one in mine]
        _dots(rows, "rank correlation with people", unit="correlation")
        st.text(sentences.metrics_sentence(mine))


def _dots(
    rows: Iterable[tuple[str, float | None, Interval | None, int]],
    title: str,
    *,
    unit: str = "points of the scale",
    reference: float = 0.0,
) -> None:
    """Values with their intervals on one axis; those without a value are left to the sentence below."""
    known = [
        IntervalRow(name, value, ends.low if ends else None, ends.high if ends else None, n=n)
        for name, value, ends, n in rows
        if value is not None
    ]
    if known:
        st.altair_chart(interval_chart(known, unit=unit, title=title, reference=reference))


def _exports(url: str, project: str, user: str) -> None:
    """Files of everything, made and logged when they are asked for."""
    st.header("Export", anchor=False)
    about = (url, project, user)
    found = next(one for one in read_projects(url) if one.name == project)
    forms: list[tuple[str, str, Callable[[], list[str]]]] = [
        ("Answers (CSV)", "answers.csv", partial(csv_lines, *about)),
        ("Events (JSON Lines)", "events.jsonl", partial(event_lines, *about)),
    ]
    if found.preference:
        preferences = partial(training_lines, *about, "preference")
        forms.append(("Preferences for training (JSON Lines)", "preference.jsonl", preferences))
    if found.preference or found.scale:
        forms.append(("Labels for training (JSON Lines)", "label.jsonl", partial(training_lines, *about, "label")))
    with st.container(horizontal=True):
        for label, name, lines in forms:
            st.download_button(
                label, data=partial(_bytes, lines, url, user), file_name=name, key=f"export_{name}", on_click="ignore"
            )


def _bytes(lines: Callable[[], list[str]], url: str, user: str) -> bytes:
    """A file; it is made outside the page, whose frame checks roles in the app.

    Raises:
        NotAllowed: The person has no role in the app any more, or is no admin of the project.
        UsageError: The database cannot be written.
    """
    if not access.is_machine() and not app_roles(url, user):
        msg = "this needs a role in the app: ask an admin of the app"
        raise NotAllowed(msg)
    return "".join(lines()).encode("utf-8", "replace")
