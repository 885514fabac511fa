"""Small run folders with everything that raters can and cannot judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.records import Choice, Metric, Sample, SampledText
from audit.core.run_folder import RunFolder
from tests.reports.conftest import a_manifest

if TYPE_CHECKING:
    from pathlib import Path


def written(number: int, **more: Any) -> Sample:
    """A generated answer whose score grows with its number."""
    values: dict[str, Any] = {
        "sample_id": f"w{number}",
        "suite": "evals",
        "task": "asdiv",
        "prompt": f"question {number}",
        "output": f"answer {number}",
        "answered_by": "generation",
        "score": number / 10,
        "scores": {"f1": number / 20},
        "slices": {"topic": "plants" if number < 2 else "animals"},
    }
    return Sample(**values | more)


def chosen(number: int, *, right: int | None = 0, prompt: str = "Which?", **more: Any) -> Sample:
    """A choice by likelihood."""
    values: dict[str, Any] = {
        "sample_id": f"c{number}",
        "suite": "evals",
        "task": "openbookqa",
        "prompt": prompt,
        "output": " water",
        "answered_by": "likelihood",
        "choice": Choice(options=[" water", " fire"], chosen=0, right=right),
        "score": 1.0,
        "confidence": 0.5 + number / 100,
    }
    return Sample(**values | more)


def sentences(number: int) -> Sample:
    """A pair of sentences of a data set, of which the checkpoint wrote none."""
    pair = {"suite": "safety", "task": "crows_pairs", "sample_id": f"p{number}"}
    return chosen(number, right=None, prompt="", **pair)


def toxic(number: int) -> Sample:
    """An answer that may offend, with three sampled texts."""
    texts = [SampledText(text=f"text {number}.{place}", value=place * number / 10) for place in range(3)]
    given = {"suite": "safety", "task": "toxicity", "sample_id": f"t{number}", "output": f"text {number}.0"}
    return written(number, **given, completions=texts)


def make_run(folder: Path, run_id: str = "20260131T235959Z-acme-0a1b2c", *, change: str = "", **more: Any) -> RunFolder:
    """A run with four tasks; ``change`` is added to every generated answer."""
    run = RunFolder.create(folder, a_manifest(run_id=run_id, **more))
    answers = [written(number) for number in range(8)]
    run.write_samples("evals", "asdiv", [one.model_copy(update={"output": f"{one.output}{change}"}) for one in answers])
    run.write_samples("evals", "openbookqa", [chosen(number) for number in range(4)])
    run.write_samples("safety", "crows_pairs", [sentences(number) for number in range(3)])
    run.write_samples("safety", "toxicity", [toxic(number) for number in range(4)])
    run.write_metrics([_metric("asdiv", "evals", better=True), _metric("toxicity", "safety", better=False)])
    return run


def _metric(task: str, suite: Any, *, better: bool) -> Metric:
    about = {"name": f"{task}/score", "suite": suite, "task": task, "metric": "score", "value": 0.5, "n": 8}
    return Metric.model_validate({**about, "primary": True, "higher_is_better": better, "unit": "score"})
