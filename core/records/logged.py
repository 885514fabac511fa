"""What lm-eval logs about a benchmark task beyond the samples: enough to write files in lm-eval's own format."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from audit.core.records.base import SCHEMA_VERSION, Record


class LoggedAnswers(Record):
    """What one of the task's filters made of the answers to an item."""

    filter: str
    """Its name."""
    filtered_resps: list[Any] | None
    """Its results, null in place of text that no stored answer contains; null as a whole in earlier records."""
    metrics: dict[str, Any]
    """Values of the item by metric, under lm-eval's names. Corpus metrics have what they are computed from, often the
    answer itself; null where that contained personal data."""


class LoggedSample(Record):
    """One item."""

    sample_id: str
    """Id of its sample."""
    doc_id: int
    """Its position in the data set, from 0."""
    doc: Any
    """Its row of the data set."""
    target: str
    """The right answer as lm-eval writes it."""
    arguments: list[list[Any]]
    """Per request: context and continuation, or prompt and generation settings."""
    resps: list[Any] | None
    """Per request: its answers as text, null in place of those with personal data; null as a whole in earlier records
    that had such an answer."""
    doc_hash: str
    """lm-eval's digest of the row."""
    prompt_hash: str
    """lm-eval's digest of the first request's prompt."""
    target_hash: str
    """lm-eval's digest of the target."""
    filters: list[LoggedAnswers]
    """One per filter, in the task's order."""


class LoggedTask(Record):
    """One task or group: a file ``logged/<task>.json.gz`` of a run folder."""

    schema_version: int = SCHEMA_VERSION
    """Version of this record."""
    task: str
    """Its name."""
    members: list[str] | None = None
    """Names of a group's members; null for a task."""
    results: dict[str, Any] = Field(default_factory=dict)
    """lm-eval's row of results: ``alias``, ``sample_len``, ``acc,none``, ``acc_stderr,none``, …"""
    config: dict[str, Any] = Field(default_factory=dict)
    """The task file as run."""
    version: Any = None
    """Version of the task file."""
    shots: int | None = None
    """Examples in each prompt."""
    higher_is_better: dict[str, Any] = Field(default_factory=dict)
    """Direction of each metric."""
    original: int | None = None
    """Number of items in the whole data set."""
    environment: dict[str, Any] = Field(default_factory=dict)
    """lm-eval's record of tokenizer, context and chat template."""
    samples: list[LoggedSample] = Field(default_factory=list)
    """The items, in order."""
