"""Two runs of many samples, a policy of 50 rules and a table to import: what ``measure_runs.py`` times.

The data are made up and always the same. Both runs answer the same items; the candidate is a little better.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from audit.core import provenance
from audit.core.records import (
    Choice,
    GitState,
    ModelRecord,
    RunManifest,
    Sample,
    SampledText,
    Span,
    digest_of,
    sample_id,
)
from audit.core.run_folder import RunFolder
from audit.gate import evidence
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUTS, unscored_metric
from audit.stats.definitions import Count, Mean, measured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from audit.core.records import Metric, Suite
    from audit.stats.definitions import Definition

STARTED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
WORDS = (
    "time", "river", "model", "of", "the", "answer", "question", "light", "house", "paper", "seven", "water", "and",
    "city", "music", "after", "between",
)  # fmt: skip
OPTIONS = (" yes, because of it", " no", " it depends on the time", " nobody knows")


@dataclass(frozen=True)
class Kind:
    """A task of the runs."""

    name: str
    suite: Suite
    share: float
    """Of all samples."""
    by: str
    """Key of its slices."""
    values: int
    """Number of its slices."""
    metric: str
    right: float
    """Mean of the score in the baseline."""
    clustered: bool = False
    """Whether eight items share a passage."""


KINDS = (
    Kind("reading", "evals", 0.4, "subject", 10, "accuracy", 0.7, clustered=True),
    Kind("knowledge", "evals", 0.3, "field", 20, "accuracy", 0.6),
    Kind("sums", "evals", 0.2, "level", 5, "accuracy", 0.5),
    Kind("harm", "safety", 0.1, "topic", 8, "mean_toxicity", 0.1),
)


def text(generator: random.Random, words: int) -> str:
    """Some words."""
    return " ".join(generator.choices(WORDS, k=words))


def samples(kind: Kind, count: int, *, candidate: bool) -> Iterator[Sample]:
    """The samples of a task; items are the same for both runs, answers differ in one of ten."""
    items, answers = random.Random(f"{kind.name} items"), random.Random(f"{kind.name} {candidate}")
    for place in range(count):
        prompt, draw = f"{place}: {text(items, 60)}", items.random()
        if answers.random() < 0.1:
            draw = answers.random() - 0.05 * candidate * (-1 if kind.name == "harm" else 1)
        bare: dict[str, Any] = {
            "sample_id": sample_id(kind.name, kind.name, place),
            "suite": kind.suite,
            "task": kind.name,
            "cluster": digest_of("passage", place // 8)[:16] if kind.clustered else None,
            "prompt": prompt,
            "prompt_sha256": hashlib.sha256(prompt.encode()).hexdigest(),
            "spans": [Span(name="question", kind="field", start=0, end=len(prompt))],
            "slices": {kind.by: f"{kind.by} {place * 7 % kind.values}"},
            "tokens_in": 90,
            "seconds": 0.01,
        }
        yield Sample(**bare | answered(kind, draw, answers))


def answered(kind: Kind, draw: float, answers: random.Random) -> dict[str, Any]:
    """What came back for an item, and its scores."""
    score = float(draw < kind.right)
    if kind.name == "harm":
        values = [min(1.0, max(0.0, 1 - draw) ** 9), answers.random() ** 9]
        texts = [SampledText(text=text(answers, 20), value=x, labels={"insult": x / 2}, tokens_out=25) for x in values]
        return {"output": texts[0].text, "score": values[0], "completions": texts, "answered_by": "generation"}
    if kind.name == "knowledge":
        if answers.random() < 0.002:
            return {"error": "the log-likelihood is not finite"}
        choice = Choice(options=list(OPTIONS), log_likelihoods=[-x - draw for x in range(4)], chosen=1, right=1)
        return {"output": OPTIONS[1], "reference": OPTIONS[1], "choice": choice, "score": score, "confidence": 0.5}
    scores = {"f1": 0.3 + 0.7 * score * draw}
    flags = ["truncated_output"] if kind.name == "sums" and answers.random() < 0.01 else []
    output = text(answers, 30)
    return {"output": output, "reference": output[:20], "score": score, "scores": scores, "flags": flags}


def metrics(kind: Kind, found: list[Sample]) -> Iterator[Metric]:
    """The metrics of a task: over all items, by slice, and what every task counts."""
    yield of_samples(kind, found, kind.metric, Mean(), primary=True)
    parts: dict[str, list[Sample]] = {}
    for sample in found:
        parts.setdefault(sample.slices[kind.by], []).append(sample)
    for value, part in sorted(parts.items()):
        yield of_samples(kind, part, kind.metric, Mean(), slice={kind.by: value})
    if kind.name in ("reading", "sums"):
        yield of_samples(kind, found, "f1", Mean(of="scores.f1"))
        for value, part in sorted(parts.items()):
            yield of_samples(kind, part, "f1", Mean(of="scores.f1"), slice={kind.by: value})
    if kind.name == "sums":
        for ending, end in ((IF_WRONG, 0.0), (IF_RIGHT, 1.0)):
            yield of_samples(kind, found, f"{kind.metric}{ending}", Mean(if_cut=end))
        yield measured(
            Count(flags=("truncated_output",)), found, metric=TRUNCATED_OUTPUTS, unit="count", higher_is_better=False
        )
    yield unscored_metric(kind.suite, kind.name, found)


def of_samples(kind: Kind, found: list[Sample], name: str, definition: Definition, **fields: Any) -> Metric:
    """A metric of a task."""
    unit = "share" if name != "mean_toxicity" else "probability"
    return measured(definition, found, metric=name, unit=unit, higher_is_better=kind.name != "harm", **fields)


def make_run(folder: Path, count: int, *, candidate: bool) -> RunFolder:
    """A sealed run folder."""
    name = "candidate" if candidate else "baseline"
    manifest = RunManifest(
        run_id=f"20260131T120000Z-{name}-000000",
        model=ModelRecord(
            name=name, source=name, digest=digest_of(name), architecture="none", parameter_count=0, dtype="float32",
            max_length=2048, device="cpu",
        ),
        config={"evals": {"tasks": [{"name": kind.name} for kind in KINDS if kind.suite == "evals"]}},
        tasks={kind.name: {"version": 1} for kind in KINDS},
        seeds={"run": 0},
        packages=provenance.package_versions(),
        platform=provenance.platform_record(threads=1),
        git=GitState(),
        started=STARTED,
        finished=STARTED,
        status="complete",
        signature="made up",
    )  # fmt: skip
    run = RunFolder.create(folder, manifest, begun=False)
    found: list[Metric] = []
    for kind in KINDS:
        task = list(samples(kind, round(count * kind.share), candidate=candidate))
        run.write_samples(kind.suite, kind.name, task)
        found += metrics(kind, task)
    run.write_metrics(found)
    evidence.seal(run, manifest)
    return run


def rules() -> list[dict[str, Any]]:
    """50 rules of every kind, which the candidate passes."""
    reading, knowledge, sums, harm = (f"{kind.name}/{kind.metric}" for kind in KINDS)
    margin, wide = {"margin": 0.05}, {"margin": 0.1}
    by = {kind.name: [f"{kind.by} {one}" for one in range(kind.values)] for kind in KINDS}
    return [
        *({"metric": name, "min": 0.4} for name in (reading, knowledge, sums, "reading/f1")),
        {"metric": harm, "max": 0.4},
        *({"metric": reading, "slice": {"subject": one}, "min": 0.5} for one in by["reading"]),
        *({"metric": knowledge, "slice": {"field": one}, "no_worse_than_baseline": wide} for one in by["knowledge"]),
        *({"metric": harm, "slice": {"topic": one}, "no_worse_than_baseline": margin} for one in by["harm"]),
        {"metric": "*/accuracy", "no_worse_than_baseline": margin},
        {"metric": "reading/f1", "no_worse_than_baseline": {"relative": 0.1}},
        {"metric": reading, "better_than_baseline": True, "severity": "warn"},
        {"metric": reading, "max_gap": {"slice": "subject", "value": 0.3}},
        {"metric": knowledge, "max_gap": {"slice": "field", "value": 0.3}},
        {"metric": sums, "max_truncated": 0.05},
        {"metric": "*/unscored", "max": 200},
    ]


def make_policy(file: Path) -> None:
    """The policy; JSON is YAML."""
    file.write_text(json.dumps({"max_unscored": 0.01, "rules": rules()}, indent=1), "utf-8")


def make_table(file: Path, count: int) -> None:
    """Scored answers as JSON Lines."""
    generator = random.Random("table")
    with file.open("w", encoding="utf-8") as lines:
        for place in range(count):
            row = {
                "id": place,
                "prompt": f"{place}: {text(generator, 60)}",
                "output": text(generator, 30),
                "reference": text(generator, 4),
                "score": float(generator.random() < 0.6),
                "subject": f"subject {place % 10}",
                "passage": place // 8,
            }
            lines.write(json.dumps(row) + "\n")
