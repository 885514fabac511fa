"""Titles, directions and references of tasks and metrics: declared words where a run holds them, else its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.formatting import slice_text
from audit.core.text import printable
from audit.core.words.figures import figures

if TYPE_CHECKING:
    from audit.core.records import Metric, RunManifest

BETTER = {True: "higher is better", False: "lower is better", None: ""}
LIMIT = 120


def task_title(manifest: RunManifest, task: str) -> str:
    """The title of a task; its name where it declared none."""
    words = manifest.words.get(task)
    return printable(words.title if words else task, LIMIT)


def task_question(manifest: RunManifest, task: str) -> str:
    """What a task asks of the checkpoint, as a question; empty where it declared none."""
    words = manifest.words.get(task)
    return printable(words.question, LIMIT) if words else ""


def metric_title(metric: Metric, *, with_slice: bool = True) -> str:
    """The title of a metric; its name in plain words where it declared none.

    Args:
        metric: Any.
        with_slice: Whether its slice follows in brackets, if it has one.
    """
    name = metric.words.title if metric.words else metric.metric.replace("_", " ")
    where = slice_text(metric.slice) if with_slice else ""
    return printable(name, LIMIT) + (f" [{where}]" if where else "")


def direction_text(metric: Metric) -> str:
    """``higher is better``; empty where neither end is good."""
    return BETTER[metric.higher_is_better]


def reference_text(metric: Metric) -> str:
    """What a value is to be compared with: ``guessing 25 %``, ``ideal 0 %``; empty where nothing is known."""
    shown = figures(metric)
    if metric.ideal is not None:
        return f"ideal {shown.ideal}"
    guess = metric.words.guess if metric.words else "guessing"
    parts = [f"{printable(guess, 40)} {shown.chance}"] if metric.chance is not None else []
    if metric.majority is not None and metric.majority != metric.chance:
        parts.append(f"always {quoted(metric)} {shown.majority}")
    return ", ".join(parts)


def full_title(manifest: RunManifest, metric: Metric) -> str:
    """Titles of task and metric in one line: ``Yes/no questions about a passage (BoolQ): right answers``."""
    title = metric_title(metric)
    lower = title[1:2].islower() or title[1:2] == " "
    return f"{task_title(manifest, metric.task)}: {title[:1].lower() if lower else title[:1]}{title[1:]}"


def quoted(metric: Metric) -> str:
    """The majority answer in quotation marks, safe to print."""
    return f"“{printable(metric.majority_answer or '', 20)}”"
