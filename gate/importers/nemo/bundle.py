"""Bundles of NVIDIA NeMo Evaluator: ``eval-*.json`` next to ``results.jsonl``, a benchmark each.

NeMo Evaluator need not be installed. Results arrive in the order in which requests end, so their order says nothing.
The tool counts a result that failed as 0; here it is unscored, and the tool's value is checked with the zeros.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from audit.core.text import printable
from audit.gate.importers.contract import ImportOptions, Log, Stated, Task, bad, contradicts, not_compared
from audit.gate.importers.files import check_alike, count, member, number, optional, read_json
from audit.gate.importers.nemo.results import SCORER, NemoResults
from audit.stats.definitions import Mean
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PATTERN = "eval-*.json"
RESULTS = "results.jsonl"
HASHED = (
    "model", "model_url", "temperature", "max_tokens", "top_p", "seed", "system_prompt", "benchmark", "repeats",
    "max_problems", "shuffle_seed",
)  # fmt: skip
"""Settings that the tool's ``config_hash`` is over, those that are null left out."""
NO_SETTINGS = frozenset({"model", "base_url", "model_url", "benchmark", "shard", "shard_range", "n_shards", "shuffle"})
"""What ``config`` holds apart from settings: the model, the port of a local proxy, the part of the data."""
ROUNDED = 0.5e-4
"""The tool rounds most values to four decimal places."""
LABELS = {"mean_reward": "reward", "pass_at_1": "reward"}
"""Name of an item's score by the metric that is its mean; pass@1 is the mean reward where rewards are 0 and 1."""
START = 4096
"""Bytes in which a bundle shows what it is."""


class Nemo:
    """The reader of NeMo Evaluator's bundles."""

    NAME = "nemo"
    ABOUT = "eval-*.json with results.jsonl, or their folder, of NeMo Evaluator"

    def recognises(self, files: Sequence[Path]) -> bool:
        """Whether all are bundles, or folders that hold some."""
        return all(any(_is_bundle(one) for one in _inside(file)) for file in files)

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        """Read each bundle as a task. Errors as of :class:`Reader`."""
        del options
        found = [one for file in files for one in _inside(file)]
        if not found:
            raise bad(files[0], f"no {PATTERN} in this folder")
        bundles = [_Bundle(file) for file in found]
        check_alike([(bundle.file, bundle.origin) for bundle in bundles])
        first = bundles[0]
        tasks = [bundle.task() for bundle in bundles]
        written = [time for bundle in bundles if (time := bundle.written()) is not None]
        return Log(
            tool=f"nemo-evaluator {first.version}",
            model=first.model,
            identity={"model": first.model},
            tasks=tasks,
            files=[file for bundle in bundles for file in (bundle.file, *bundle.results.files)],
            packages={"nemo-evaluator": first.version},
            started=min(written, default=None),
            finished=max(written, default=None),
            ended_early=next((part for bundle in bundles if (part := bundle.part())), None),
            warnings=[
                warning for bundle, task in zip(bundles, tasks, strict=True) for warning in bundle.warnings(task)
            ],
        )


READER = Nemo()


def _inside(file: Path) -> list[Path]:
    """The file, or the bundles of a folder and of the folders in it.

    Raises:
        UsageError: Two bundles share a folder, which has the results of one of them.
    """
    if not file.is_dir():
        return [file]
    found = sorted([*file.glob(PATTERN), *file.glob(f"*/{PATTERN}")])
    for one, other in pairwise(found):
        if one.parent == other.parent:
            what = f"{one.name} and {other.name} share its {RESULTS}, which only one of them is about"
            raise bad(one.parent, f"{what}: name that one")
    return found


def _is_bundle(file: Path) -> bool:
    try:
        if not file.is_file():  # opening a pipe would wait for ever
            return False
        with file.open("rb") as opened:
            start = opened.read(START)
    except OSError:
        return False
    return file.suffix == ".json" and b'"sdk_version"' in start and b'"config_hash"' in start


class _Bundle:
    """One bundle with its results."""

    def __init__(self, file: Path) -> None:
        self.file = file
        plain = read_json(file)
        self.version = str(member(plain, "sdk_version", str, file))
        self.config: dict[str, Any] = member(plain, "config", dict, file)
        self.benchmark: dict[str, Any] = member(plain, "benchmark", dict, file)
        self.name = str(member(self.benchmark, "name", str, file))
        self.scores: dict[str, Any] = member(self.benchmark, "scores", dict, file)
        self.model = str(optional(self.config, "model", str, file) or "unknown")
        self.timestamp: str | None = optional(plain, "timestamp", str, file)
        self.expected = count(plain.get("n_results"))
        self.repeats = count(self.config.get("repeats")) or count(self.benchmark.get("repeats")) or 1
        self._check_hash(optional(plain, "config_hash", str, file))
        self.results = NemoResults(file.parent / RESULTS, self.repeats)
        self._check_size()

    @property
    def origin(self) -> dict[str, object]:
        """What must be the same in all bundles of an import."""
        return {"model": self.model, "nemo-evaluator": self.version}

    def _check_hash(self, stated: str | None) -> None:
        """Check the tool's digest of the settings.

        Raises:
            EvidenceInvalid: The settings do not have it.
        """
        hashed = {name: self.config[name] for name in HASHED if self.config.get(name) is not None}
        made = hashlib.sha256(json.dumps(hashed, sort_keys=True).encode()).hexdigest()
        if stated and stated.removeprefix("sha256:") != made:
            raise contradicts(self.file, "its config does not have the digest config_hash: it was edited")

    def _check_size(self) -> None:
        """Check the number of results and of items.

        Raises:
            EvidenceInvalid: There are more than the bundle says, or as many results about other items.
        """
        lines, items = len(self.results.rows), count(self.benchmark.get("samples"))
        if self.expected is None or lines < self.expected:
            return
        if lines > self.expected:
            raise contradicts(self.results.file, f"{lines} results, {self.file.name} is about {self.expected}")
        if items is not None and len(self.results.problems) != items:
            what = f"{len(self.results.problems)} problems, {self.file.name} is about {items}"
            raise contradicts(self.results.file, f"{what}: results were exchanged")

    def task(self) -> Task:
        """Its task.

        Raises:
            EvidenceInvalid: The results do not give the scores.
        """
        missing = self._missing()
        if not missing:
            self._check_rewards()
        stated = list(self._stated())
        shuffle: dict[str, Any] = optional(self.config, "shuffle", dict, self.file) or {}
        return Task(
            name=self.name,
            data=self.name,
            items=self.results.items([LABELS.get(one.metric, one.metric) for one in stated]),
            stated=stated,
            settings=self._settings(),
            incomplete=missing,
            available=count(shuffle.get("ds_full_size")),
        )

    def _missing(self) -> str | None:
        """Why results are missing; None if none is."""
        lines = len(self.results.rows)
        if self.expected is None:
            return f"{self.file.name} does not say how many results there are"
        if lines < self.expected:
            return f"{RESULTS} was truncated: {lines} of {self.expected} results"
        return None

    def _check_rewards(self) -> None:
        """Check mean and pass@k over all results, those that failed counted as 0, as the tool does.

        Raises:
            EvidenceInvalid: The results do not give them.
        """
        summary = self.scores.get("summary")
        said = number(summary.get("mean")) if isinstance(summary, dict) else None
        made = self.results.mean_reward()
        if said is not None and abs(said - made) > 1e-9 * max(1.0, abs(made)):
            raise contradicts(self.file, f"its mean reward is {said:.10g}, the results give {made:.10g}")
        for name, value in self._headline():
            made = self.results.headline(name)
            if value is not None and abs(value - made) > ROUNDED + 1e-9:
                raise contradicts(self.file, f"{name} is {value:.10g}, the results give {made:.10g}")

    def _headline(self) -> Iterator[tuple[str, float | None]]:
        """The scores over rewards, by their names in the log."""
        for name in dict.fromkeys(("mean_reward", "pass@1", f"pass@{self.repeats}")):
            score = self.scores.get(name)
            if isinstance(score, dict):
                yield name, number(score.get("value"))

    def _stated(self) -> Iterator[Stated]:
        """Every score: of rewards, and of further scorers."""
        failed = self.results.failed > 0
        found = dict(self._headline())
        for name, value in (found or {"mean_reward": None}).items():
            label = name.replace("@", "_at_")
            yield Stated(
                metric=label,
                definition=Mean(of=f"{SCORES}{LABELS.get(label, label)}"),
                value=None if failed else value,
                rounding=ROUNDED,
                unit="score" if name == "mean_reward" else "share",
                higher_is_better=True,
                primary=name in {"mean_reward", "pass@1"},
            )
        for name, score in self.scores.items():
            if name.startswith(SCORER) and isinstance(score, dict):
                label = name.removeprefix(SCORER)
                right, total = number(score.get("correct")), number(score.get("total"))
                is_alike = self.results.is_balanced and label not in self.results.broken
                yield Stated(
                    metric=label,
                    definition=Mean(of=f"{SCORES}{label}"),
                    value=right / total if right is not None and total and is_alike else None,
                    unit="share",
                    higher_is_better=True,
                )

    def _settings(self) -> dict[str, Any]:
        """How the benchmark was asked."""
        kept = {name: value for name, value in self.config.items() if name not in NO_SETTINGS and name[:1] != "_"}
        settings = {"harness": f"nemo-evaluator {self.version}", **kept}
        return {name: value for name, value in settings.items() if value is not None}

    def part(self) -> str | None:
        """Why it is about a part of the data alone; None if it is about all that was asked for."""
        shard = self.config.get("shard")
        if not isinstance(shard, dict) or "n_shards" in self.config:
            return None
        return f"{self.name} is one of {shard.get('total')} shards: merge them with 'nel eval merge'"

    def warnings(self, task: Task) -> list[str]:
        """What the tool counts in another way, or has no value for."""
        if not self.results.failed:
            return not_compared([task])
        said = [f"{name} {value}" for name, value in self._headline() if value is not None]
        counted = f"{self.results.failed} of {len(self.results.rows)} results failed"
        return [f"{self.name}: {counted}: unscored here, 0 in NeMo Evaluator's {', '.join(said) or 'scores'}"]

    def written(self) -> datetime | None:
        """When it was written.

        Raises:
            UsageError: That is no time.
        """
        if not self.timestamp:
            return None
        try:
            time = datetime.fromisoformat(self.timestamp)
            return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        except (ValueError, OverflowError):
            raise bad(self.file, f"{printable(repr(self.timestamp), 60)} is not a time") from None
