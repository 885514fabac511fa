"""Which samples are explained, and how."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from audit.core.config.fields import Count, Number, Option, Section


class ExplainConfig(Section):
    """Attributions for selected samples."""

    methods: list[str] = Field(default_factory=list)
    """Attribution methods, e.g. ``occlusion``, ``attention_rollout``; an empty list explains nothing."""
    errors: Number = 1
    """Number of most confident errors to explain per task."""
    right_answers: Number = 0
    """Number of most confident right answers to explain per task."""
    bias_gaps: Number = 1
    """Number of stereotyped choices to explain per bias probe, widest gap first."""
    harmful_outputs: Number = 1
    """Number of most toxic, or otherwise worst, outputs to explain per probe where lower is better."""
    flips: Number = 1
    """Number of answers to explain per task that a perturbation flipped between right and wrong, each together with the
    answer to the original question."""
    worst_rated: Number = 1
    """Number of outputs to explain per task that people rated below the middle of the scale in an earlier run."""
    drivers: Number = 0
    """Samples of each kind of answer, over all tasks, that occlusion explains to find the words, template fields and
    few-shot examples that drive it. Below 5 nothing can be tested; 0 turns this off."""
    max_features: Annotated[
        Count,
        Option(
            "Maximum number of features: with --features auto, longer prompts are split into clauses, sentences or "
            "runs of sentences. Default: 48, or for a stored sample the value of its run.",
            ("explain",),
        ),
    ] = 48
    """Maximum number of features; longer prompts are split into coarser ones: words, clauses, sentences, runs of
    sentences."""
