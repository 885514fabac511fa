"""What the publisher of results says, because no run can know it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined] # documented, not listed

from audit.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

BENCHMARK = re.compile(r"(?P<metric>.+?/.+?)=(?P<dataset>[^:=]+)(?::(?P<task>[^:=\s]+))?")
FORM = "METRIC=OWNER/DATASET:TASK"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A data set on the Hugging Face Hub, and a task that its ``eval.yaml`` defines."""

    dataset: str
    """``owner/name``."""
    task: str
    """Id of the task."""


@dataclass(frozen=True, slots=True)
class Publication:
    """Who publishes, and as results of what."""

    organisation: str = "unknown"
    """Who ran the audit."""
    benchmarks: dict[str, Benchmark] = field(default_factory=dict)
    """Benchmark of each metric that counts as a result of one, by the metric's name."""


def benchmarks(given: Sequence[str]) -> dict[str, Benchmark]:
    """Read ``METRIC=OWNER/DATASET:TASK``, one benchmark per metric.

    Raises:
        ConfigError: One has another form, names no data set that the Hub could have, or a metric is given twice.
    """
    found: dict[str, Benchmark] = {}
    for text in given:
        match = BENCHMARK.fullmatch(text)
        if match is None or "/" not in match["dataset"]:
            msg = f"--benchmark {text}: write {FORM}, e.g. gsm8k/exact_match=openai/gsm8k:gsm8k"
            raise ConfigError(msg)
        try:
            validate_repo_id(match["dataset"])
        except HFValidationError as error:
            msg = f"--benchmark {text}: {match['dataset']!r} is no id of a data set on the Hub"
            raise ConfigError(msg) from error
        if match["metric"] in found:
            msg = f"--benchmark {text}: {match['metric']} is given twice"
            raise ConfigError(msg)
        found[match["metric"]] = Benchmark(match["dataset"], match["task"] or "default")
    return found
