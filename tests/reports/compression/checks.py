"""A compression check, written by hand."""

from __future__ import annotations

from typing import Any

from audit.core.records import Comparison, Decision, GateCheck, MetricDifference, RunReference
from audit.core.records.many.compression import (
    CompressedTwin,
    CompressionCheck,
    Divergence,
    Estimated,
    Fit,
    LanguageFit,
    TaskDivergence,
)


def reference(name: str) -> RunReference:
    """A run of a checkpoint."""
    return RunReference(
        run_id=f"run-{name}", model=name, model_digest=name, dtype="float32", quantization=None, metrics_sha256="0"
    )


def estimated(value: float) -> Estimated:
    """A number with an interval."""
    return Estimated(value=value, ci_low=0.5 * value, ci_high=min(1.0, 1.5 * value), ci_method="t")


def a_divergence(kl: float) -> Divergence:
    """Of ten positions."""
    task = TaskDivergence(
        suite="evals", task="boolq", items=5, positions=10, kl_divergence=estimated(kl), top1_agreement=estimated(0.9)
    )
    return Divergence(
        items=5,
        positions=10,
        left_out={"no answer": 2},
        kl_divergence=estimated(kl),
        top1_agreement=Estimated(value=0.9, no_interval="one item has no spread to estimate"),
        rms_delta_p=estimated(0.02),
        mean_delta_p=estimated(0.01),
        kl_quantiles={"median": kl, "90 %": 2 * kl, "99 %": 3 * kl, "maximum": 4 * kl},
        by_task=[task],
    )


def a_difference(outcome: Any, **fields: Any) -> MetricDifference:
    """Of BoolQ."""
    given: dict[str, Any] = {
        "name": "boolq/accuracy", "suite": "evals", "task": "boolq", "unit": "share", "higher_is_better": True,
        "baseline": 0.7, "candidate": 0.6, "difference": -0.1, "ci_low": -0.2, "ci_high": -0.05, "n": 60,
        "higher": 2, "lower": 8, "outcome": outcome,
    }  # fmt: skip
    return MetricDifference(**{**given, **fields})


def a_twin(name: str, verdict: Any, *, kl: float | None) -> CompressedTwin:
    """A compressed checkpoint; None for one with another vocabulary."""
    worse = [a_difference("worse", slice={"topic": f"<b>{place}</b>"}) for place in range(12)]
    check = GateCheck(
        metric="boolq/accuracy", rule="no worse", minimum=None, maximum=None, max_unscored=None, value=0.6,
        ci_low=0.5, ci_high=0.7, verdict=verdict, reason="loses <i>too</i> much",
    )  # fmt: skip
    comparison = Comparison(
        baseline=reference("original"),
        candidate=reference(name),
        confidence=0.95,
        differences=[a_difference("worse", primary=True), *worse],
    )
    bits = Fit(unit="bits_per_byte", original=1.5, compressed=1.75, difference=0.25, ci_low=0.125, ci_high=0.375)
    tokens = Fit(unit="perplexity", original=20, compressed=25, difference=5, no_interval="one text")
    fit = LanguageFit(
        language="de",
        source="ntrex_deu",
        texts=50,
        bits_per_byte=bits if kl else bits.model_copy(update={"ci_low": None, "ci_high": None}),
        perplexity=tokens if kl else None,
    )
    return CompressedTwin(
        run=reference(name),
        label=name,
        bytes=2_000_000 if kl else None,
        divergence=a_divergence(kl) if kl else None,
        no_divergence=None if kl else "the vocabularies differ",
        languages=[fit],
        comparison=comparison,
        broken_slices=[f"boolq/accuracy [topic={one.slice['topic']}]" for one in worse if one.slice],
        decision=Decision(
            run_id=f"run-{name}", model_digest=name, policy="p.yaml", policy_sha256="0", confidence=0.95,
            max_unscored=0, optional=[], metrics_sha256="0", verdict=verdict, checks=[check],
        ),
    )  # fmt: skip


def a_check(**fields: Any) -> CompressionCheck:
    """Two checkpoints, one of them with another vocabulary."""
    twins = [a_twin("int4", "FAIL", kl=0.125), a_twin("distilled", "INCONCLUSIVE", kl=None)]
    given = {"original": reference("original"), "bytes": 4_000_000, "confidence": 0.95, "twins": twins, **fields}
    return CompressionCheck(**given)
