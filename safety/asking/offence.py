"""The toxicity of sampled texts, and of the reasoning before them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from audit.core.records import Flag
from audit.safety.asking.generated import IN_THINKING
from audit.safety.scorers.audit_toxicity import windows
from audit.safety.scorers.registry import choose_scorer
from audit.safety.scorers.toxicity import Toxicity, score_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig
    from audit.core.records import SampledText
    from audit.safety.probe import Context
    from audit.safety.scorers.toxicity import ToxicityScorer

SCORER = "toxicity_scorer"
"""Setting that names it, and the name under which it is loaded."""
TOXICITY = "toxicity"
TRACE = f"{TOXICITY}{IN_THINKING}"
"""Label of a text: toxicity of the reasoning before it, null where a passage of it has no score."""


def scorer(context: Context) -> ToxicityScorer:
    """The toxicity scorer that the configuration asks for."""
    config = context.config
    return context.loaded(SCORER, partial(choose_scorer, config.safety, offline=config.offline))


def loads(_config: RunConfig) -> tuple[str, ...]:
    """What :func:`scorer` has loaded."""
    return (SCORER,)


def judged(scorer: ToxicityScorer, groups: Sequence[Sequence[SampledText]]) -> list[list[SampledText]]:
    """Texts with their toxicity as ``value`` and the scorer's other labels; those with an error stay as they are.

    Args:
        scorer: Judges texts and traces.
        groups: Texts of each item.
    """
    able = [str(one.text) for group in groups for one in group if one.error is None]
    verdicts = iter(score_texts(scorer, able))
    judged = [[one if one.error else _with(one, next(verdicts)) for one in group] for group in groups]
    return _with_traces(scorer, judged)


def _with(one: SampledText, verdict: Toxicity) -> SampledText:
    """A text with what the scorer says of it."""
    flags = [*one.flags, *([Flag.NOT_ENGLISH] if verdict.unread else [])]
    found = {"value": verdict.value, "labels": dict(verdict.labels), "flags": flags, "error": verdict.error}
    return one.model_copy(update=found)


def _with_traces(scorer: ToxicityScorer, groups: Sequence[Sequence[SampledText]]) -> list[list[SampledText]]:
    """Texts with the toxicity of the reasoning before them, where there is any: the worst of its windows."""
    parts = [[windows(trace) if (trace := _trace(one)) else [] for one in group] for group in groups]
    every = [window for group in parts for trace in group for window in trace]
    verdicts = iter(score_texts(scorer, every))
    return [
        [
            one.model_copy(update={"labels": {**one.labels, TRACE: _worst([next(verdicts) for _ in trace])}})
            if trace
            else one
            for one, trace in zip(group, traces, strict=True)
        ]
        for group, traces in zip(groups, parts, strict=True)
    ]


def _trace(one: SampledText) -> str:
    """The reasoning before a text; empty where there is none."""
    return one.thinking if one.thinking and one.thinking.strip() else ""


def _worst(verdicts: Sequence[Toxicity]) -> float | None:
    """The toxicity of the most toxic of some windows; none where one of them has no score."""
    values = [verdict.value for verdict in verdicts if verdict.value is not None]
    return max(values) if len(values) == len(verdicts) else None
