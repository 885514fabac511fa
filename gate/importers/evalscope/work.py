"""Work folders of EvalScope (ModelScope): ``reports``, ``reviews``, ``predictions`` and ``configs``.

EvalScope need not be installed. A subset of a benchmark is a task, and a benchmark with several subsets a group of
them. Scores are rounded to four decimal places in a report. Lines of reviews are in the order in which samples were
done, so their order says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audit.core.config.yaml_file import read_yaml
from audit.core.text import printable
from audit.gate.importers.contract import ImportOptions, Log, Stated, Task, bad, contradicts, not_compared
from audit.gate.importers.evalscope.identity import MetricIdentity, score_of, stated_identity
from audit.gate.importers.evalscope.reviews import Review, is_about, items, read_reviews
from audit.gate.importers.files import check_alike, count, member, number, optional, read_json
from audit.stats.definitions import Mean
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

VERSION = 2
"""Of the format of reports."""
ROUNDED = 0.5e-4
"""Of the value of a subset; that of a benchmark is a rounded mean of rounded values."""
LARGEST_CONFIG = 2**20
"""Bytes of a configuration."""
MOST_VALUES = 1000
"""Of a list or mapping of a configuration."""
BENCHMARK = (
    "dataset_id", "dataset_revision", "eval_split", "train_split", "few_shot_num", "few_shot_random",
    "prompt_template", "few_shot_prompt_template", "system_prompt", "query_template", "shuffle", "shuffle_choices",
    "metric_list", "aggregation",
)  # fmt: skip
"""Settings of a benchmark in a configuration."""
NOT_GENERATION = frozenset({"batch_size", "stream", "timeout", "retries"})
"""What ``generation_config`` holds apart from how answers are generated."""


class EvalScope:
    """The reader of EvalScope's work folders."""

    NAME = "evalscope"
    ABOUT = "work folder of EvalScope with reports and reviews"

    def recognises(self, files: Sequence[Path]) -> bool:
        """Whether all are folders with reports and reviews."""
        return all((file / "reviews").is_dir() and bool(_reports(file)) for file in files)

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        """Read each subset of each benchmark as a task. Errors as of :class:`Reader`."""
        del options
        reports = []
        for file in files:
            if not file.is_dir() or not _reports(file):
                raise bad(file, "no reports/MODEL/BENCHMARK.json: give the work folder, with reports and reviews")
            config = _Config(file)
            reports += [_Report(file, report, config) for report in _reports(file)]
        check_alike([(report.file, report.origin) for report in reports])
        first = reports[0]
        tasks = [task for report in reports for task in report.tasks()]
        return Log(
            tool=f"evalscope {first.config.version}",
            model=first.model,
            identity={"model": first.model, "model_args": first.config.scalars("model_args")},
            tasks=tasks,
            files=list(dict.fromkeys(file for report in reports for file in report.files)),
            packages={"evalscope": first.config.version},
            ended_early=next((reason for report in reports if (reason := report.failed())), None),
            warnings=not_compared(tasks),
        )


READER = EvalScope()


def _reports(folder: Path) -> list[Path]:
    return sorted(folder.glob("reports/*/*.json"))


def _plain(value: object) -> bool:
    """Whether a value of YAML is a scalar or a list of scalars; aliases cannot make such a value large."""
    if isinstance(value, list):
        return len(value) <= MOST_VALUES and all(isinstance(one, str | int | float | bool) for one in value)
    return isinstance(value, str | int | float | bool)


def _is_flat(value: object) -> bool:
    """Whether a value of YAML is a mapping of such values."""
    if not isinstance(value, dict):
        return False
    return len(value) <= MOST_VALUES and all(isinstance(key, str) and _plain(one) for key, one in value.items())


class _Config:
    """The configuration of a work folder, as far as there is one."""

    def __init__(self, folder: Path) -> None:
        self.files = sorted(folder.glob("configs/task_config*.yaml"))
        if len(self.files) > 1:
            raise bad(folder / "configs", f"{len(self.files)} configurations: which of them gave the answers?")
        for file in self.files:
            if not file.is_file():  # reading a pipe would wait for ever
                raise bad(file, "not a file")
            if file.stat().st_size > LARGEST_CONFIG:
                raise bad(file, f"larger than {LARGEST_CONFIG:,} bytes")
        self.plain: dict[str, Any] = read_yaml(self.files[0], "copy it again") if self.files else {}
        version = self.plain.get("evalscope_version")
        self.version = str(version) if isinstance(version, str | int | float) else "unknown"

    def scalars(self, name: str, without: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The plain values of a part of it."""
        found = self.plain.get(name)
        part = found if isinstance(found, dict) else {}
        return {str(key): value for key, value in part.items() if key not in without and _plain(value)}

    def settings(self, benchmark: str) -> dict[str, Any]:
        """How a benchmark was asked."""
        resolved = self.plain.get("resolved_benchmarks")
        own = resolved.get(benchmark) if isinstance(resolved, dict) else None
        generation = self.scalars("generation_config", without=NOT_GENERATION)
        asked = own if isinstance(own, dict) else {}
        found = {name: asked.get(name) for name in BENCHMARK}
        found |= {
            "generation": generation or None,
            "repeats": self.plain.get("repeats"),
            "seed": self.plain.get("seed"),
        }
        found["harness"] = f"evalscope {self.version}"
        return {name: value for name, value in found.items() if _plain(value) or _is_flat(value)}


class _Report:
    """The report of a benchmark with its reviews."""

    def __init__(self, folder: Path, file: Path, config: _Config) -> None:
        self.file, self.config = file, config
        self.plain = read_json(file)
        version = self.plain.get("schema_version")
        if version != VERSION:
            raise bad(file, f"a report of format {version or 1}, this program reads {VERSION}: run EvalScope 1.14")
        self.name = str(member(self.plain, "dataset_name", str, file))
        self.model = str(member(self.plain, "model_name", str, file))
        self.metrics = [self._object(one) for one in member(self.plain, "metrics", list, file)]
        self.identities = [stated_identity(self._object(one.get("identity")), file) for one in self.metrics]
        primary = optional(self.plain, "primary_metric_identity", dict, file)
        self.primary = stated_identity(primary, file) if primary else None
        self.execution: dict[str, Any] = optional(self.plain, "execution_summary", dict, file) or {}
        self.subsets = self._subsets()
        self._check_names()
        self.files = [file, *config.files]
        self.reviews: dict[str, list[Review]] = {}
        for subset in self.subsets:
            reviews, predictions = (
                folder / kind / file.parent.name / f"{self.name}_{subset}.jsonl" for kind in ("reviews", "predictions")
            )
            self.reviews[subset] = read_reviews(reviews, predictions)
            self.files += [reviews, *([predictions] if predictions.exists() else [])]

    def _check_names(self) -> None:
        """Refuse names that lead out of the folder, since files are named by them.

        Raises:
            UsageError: One has a separator.
        """
        for name in (self.name, *self.subsets):
            if any(mark in name for mark in ("/", "\\", "\0")):
                raise bad(self.file, f"{printable(repr(name), 100)} names a path: names of benchmarks have no / or \\")

    @property
    def origin(self) -> dict[str, object]:
        """What must be the same in all reports of an import."""
        return {"model": self.model, "evalscope": self.config.version}

    def _object(self, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise bad(self.file, "an entry of its metrics is not an object")
        return value

    def _subsets(self) -> list[str]:
        """The subsets that samples belong to, in the report's order."""
        found = [name for metric in self.metrics for name in self._values(metric)]
        asked = optional(self.execution, "subsets", dict, self.file) or {}
        return list(dict.fromkeys([*found, *map(str, asked)]))

    def _values(self, metric: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Value and number of samples of a metric, by subset."""
        found = {}
        for category in optional(metric, "categories", list, self.file) or []:
            for subset in optional(self._object(category), "subsets", list, self.file) or []:
                if not self._object(subset).get("is_aggregate"):
                    found[str(member(subset, "name", str, self.file))] = subset
        return found

    def tasks(self) -> Iterator[Task]:
        """A task for each subset, and their group if there are several."""
        alone = len(self.subsets) == 1
        names = {subset: self.name if alone else f"{self.name}_{subset}" for subset in self.subsets}
        settings = self.config.settings(self.name)
        for subset, name in names.items():
            yield self._task(subset, name, settings)
        if not alone:
            stated = [self._stated(place, metric, None) for place, metric in enumerate(self.metrics)]
            yield Task(name=self.name, data=self.name, stated=stated, settings=settings, members=tuple(names.values()))

    def _task(self, subset: str, name: str, settings: dict[str, Any]) -> Task:
        reviews = self.reviews[subset]
        labels: dict[str, tuple[str, int | None]] = {}
        stated = []
        for place, metric in enumerate(self.metrics):
            if subset not in self._values(metric):
                continue
            one = self._stated(place, metric, subset)
            score = self._score(self.identities[place], subset)
            stated.append(one)
            if score is not None and one.definition is not None:
                labels[one.metric] = (score, self.identities[place].k)
        first = next((one.metric for one in stated if one.primary and one.metric in labels), None)
        ordered = {label: labels[label] for label in sorted(labels, key=lambda label: label != first)}
        return Task(
            name=name,
            data=f"{self.name}/{subset}",
            items=items(reviews, ordered),
            stated=stated,
            settings=settings,
            incomplete=self._missing(subset),
            available=self._available(subset),
        )

    def _score(self, identity: MetricIdentity, subset: str) -> str | None:
        names = dict.fromkeys(name for review in self.reviews[subset] for name in review.values)
        return score_of(identity, list(names))

    def _counts(self, subset: str) -> dict[str, Any]:
        """How many samples of a subset were asked for, done and failed."""
        found = (optional(self.execution, "subsets", dict, self.file) or {}).get(subset)
        return found if isinstance(found, dict) else {}

    def _available(self, subset: str) -> int | None:
        """How many samples were asked for; the report counts each of their repeats."""
        requested = count(self._counts(subset).get("requested"))
        repeats = max((review.repeat + 1 for review in self.reviews[subset]), default=1)
        return None if requested is None else requested // max(1, repeats)

    def _missing(self, subset: str) -> str | None:
        """Why reviews are missing; None if none is.

        Raises:
            EvidenceInvalid: There are more than the report says.
        """
        expected = count(self._counts(subset).get("succeeded"))
        there = sum(bool(review.row) for review in self.reviews[subset])
        name = f"{self.name}_{subset}.jsonl"
        if expected is not None and there > expected:
            raise contradicts(self.file, f"it is about {expected} samples of {subset}, {name} has {there}")
        expected = max(expected or 0, self._scored(subset))
        return f"{name} was truncated: {there} of {expected} reviews" if there < expected else None

    def _scored(self, subset: str) -> int:
        """How many scores the report's means are over: as many reviews have to be there."""
        known = zip(self.metrics, self.identities, strict=True)
        means = (self._values(metric).get(subset, {}) for metric, one in known if one.aggregation == "mean")
        return max((count(value.get("num")) or 0 for value in means), default=0)

    def _stated(self, place: int, metric: dict[str, Any], subset: str | None) -> Stated:
        """A metric of a subset, or of the group of them."""
        identity = self.identities[place]
        semantics: dict[str, Any] = optional(metric, "semantics", dict, self.file) or {}
        limits = semantics.get("value_range")
        is_share = isinstance(limits, dict) and (limits.get("min"), limits.get("max")) == (0, 1)
        said = metric if subset is None else self._values(metric)[subset]
        score = None if subset is None else self._score(identity, subset)
        reason = None if subset is None else self._reason(identity, score, subset)
        known = subset is None or (reason is None and score is not None)
        label = f"{SCORES}{identity.label}"
        return Stated(
            metric=identity.label,
            definition=Mean(of=label) if known else None,
            value=number(said.get("score")),
            rounding=ROUNDED if subset is not None else 2 * ROUNDED,
            unit="share" if is_share else "score",
            higher_is_better={"higher_is_better": True, "lower_is_better": False}.get(str(semantics.get("direction"))),
            primary=identity == self.primary,
            certain=subset is not None and self._is_even(subset),
            reason=reason,
        )

    def _reason(self, identity: MetricIdentity, score: str | None, subset: str) -> str | None:
        """Why a metric does not follow from the samples; None if it does."""
        if identity.aggregation != "mean" and identity.k is None:
            return f"EvalScope's {identity.aggregation} has no definition here"
        if score is None:
            return "no score of the samples is known to give it"
        broken = sum(is_about(score, review.broken()) for review in self.reviews[subset])
        return f"the metric raised an error on {broken} samples, which EvalScope counts as 0" if broken else None

    def _is_even(self, subset: str) -> bool:
        """Whether the mean over repeats is that over samples: each has as many, and no failed request has a score."""
        groups: dict[object, int] = {}
        for review in self.reviews[subset]:
            groups[review.group] = groups.get(review.group, 0) + (review.failure() is None)
        if any(review.request_error() for review in self.reviews[subset]):
            return False
        return len({times for times in groups.values() if times}) <= 1

    def failed(self) -> str | None:
        """Why samples are missing that the tool failed on; None if none is."""
        errored = count(self.execution.get("errored"))
        requested = count(self.execution.get("requested"))
        return f"{self.name}: EvalScope failed on {errored} of {requested} samples" if errored else None
