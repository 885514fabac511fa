"""Logs of Inspect (UK AI Security Institute): ``.eval`` archives and ``.json`` files, log version 2.

Inspect need not be installed. A file is one task. Scores become numbers as by Inspect's ``value_to_float``, epochs are
reduced by their mean, and ``accuracy`` and ``mean`` are means over items; other reducers and metrics have no definition
here. Measures of spread (``stderr``, ``std``, …) are left out: every metric has an interval from the samples.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from audit.core.text import printable
from audit.gate.importers.contract import ImportOptions, Log, Stated, Task, bad, contradicts, not_compared
from audit.gate.importers.files import check_alike, count, member, number, optional, read_json
from audit.gate.importers.inspect_archive import Archive
from audit.gate.importers.inspect_items import Epoch, items, value_of
from audit.stats.definitions import Mean
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

VERSION = 2
"""Of the log format."""
SPREAD = frozenset({"stderr", "bootstrap_stderr", "std", "var"})
MEANS = frozenset({"accuracy", "mean"})
IDENTITY = ("model", "model_base_url", "model_args")
"""What a log says about the model."""
START = 4096
"""Bytes in which a JSON log shows what it is."""


class Inspect:
    """The reader of Inspect's logs."""

    NAME = "inspect"
    ABOUT = ".eval or .json logs of Inspect"

    def recognises(self, files: Sequence[Path]) -> bool:
        """Whether all are logs, or folders with ``.eval`` files."""
        return all(any(_is_log(one) for one in _inside(file)) for file in files)

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        """Read each log as a task. Errors as of :class:`Reader`."""
        del options
        found = [one for file in files for one in _inside(file)]
        if not found:
            raise bad(files[0], "no .eval files in this folder")
        logs = [_EvalLog(file) for file in found]
        check_alike([(log.file, log.origin) for log in logs])
        first = logs[0]
        tasks = [log.task() for log in logs]
        times = [time for log in logs for time in log.times()]
        return Log(
            tool=f"inspect_ai {first.packages.get('inspect_ai', 'unknown')}",
            model=first.model,
            identity={name: first.spec.get(name) for name in IDENTITY},
            tasks=tasks,
            files=found,
            packages=first.packages,
            started=min(times, default=None),
            finished=max(times, default=None),
            ended_early=next((reason for log in logs if (reason := log.ended_early())), None),
            warnings=not_compared(tasks),
        )


READER = Inspect()


def _inside(file: Path) -> list[Path]:
    """The file, or the ``.eval`` files of a folder."""
    return sorted(file.glob("*.eval")) if file.is_dir() else [file]


def _is_log(file: Path) -> bool:
    """Whether a file is an archive, or JSON that begins as a log does."""
    if file.suffix == ".eval":
        return True
    try:
        with file.open("rb") as opened:
            start = opened.read(START)
    except OSError:
        return False
    return file.suffix == ".json" and b'"version"' in start and b'"status"' in start and b'"eval"' in start


class _EvalLog:
    """One log."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.archive = Archive(file) if file.suffix == ".eval" else None
        self.place = f"{file}: header.json" if self.archive else str(file)
        self.header = self._header()
        version = optional(self.header, "version", int, self.place)
        if version != VERSION:
            raise bad(self.place, f"log version {version}, this program reads {VERSION}: convert it with `inspect log`")
        self.status = str(member(self.header, "status", str, self.place))
        self.spec: dict[str, Any] = member(self.header, "eval", dict, self.place)
        self.model = str(member(self.spec, "model", str, self.place))
        packages: dict[str, Any] = optional(self.spec, "packages", dict, self.place) or {}
        self.packages = {name: version for name, version in packages.items() if isinstance(version, str)}
        self.results: dict[str, Any] = optional(self.header, "results", dict, self.place) or {}
        self.epochs = list(self._epochs())

    @property
    def origin(self) -> dict[str, object]:
        """What must be the same in all logs of an import."""
        version = self.packages.get("inspect_ai")
        return {"model": self.model, "model_args": self.spec.get("model_args"), "inspect_ai": version}

    def _header(self) -> dict[str, Any]:
        if self.archive is None:
            return read_json(self.file)
        if self.archive.holds("header.json"):
            return self.archive.read("header.json")
        if self.archive.holds("_journal/start.json"):  # killed before the end
            return {"status": "started", **self.archive.read("_journal/start.json")}
        raise bad(self.file, "no header.json in the archive: this is no log of Inspect")

    def _epochs(self) -> Iterator[Epoch]:
        if self.archive is not None:
            for name in self.archive.names("samples"):
                yield Epoch(f"{self.file}: {printable(name, 100)}", self.archive.read(name))
            return
        for place, row in enumerate(optional(self.header, "samples", list, self.place) or [], 1):
            where = f"{self.file}: sample {place}"
            if not isinstance(row, dict):
                raise bad(where, "not an object")
            yield Epoch(where, row)

    def task(self) -> Task:
        """The log as a task."""
        name = str(member(self.spec, "task", str, self.place)).rpartition("/")[2]  # without its package
        data: dict[str, Any] = optional(self.spec, "dataset", dict, self.place) or {}
        stated = list(self._stated())
        labels = {label: source for _, label, source in stated}
        if not self.epochs:
            return Task(
                name=name, data=name, not_run="the log holds no samples: was it written with log_samples=False?"
            )
        ordered = self._ordered(data)
        return Task(
            name=name,
            data=str(data.get("name") or data.get("location") or name),
            items=items(ordered, labels),
            file=self.file,
            stated=[one for one, _, _ in stated],
            settings=self._settings(),
            incomplete=self._missing(),
            available=count(data.get("samples")),
        )

    def _ordered(self, data: dict[str, Any]) -> list[Epoch]:
        """The samples in the order of the data set: an archive lists them by name.

        Raises:
            EvidenceInvalid: One is not of the data set.
        """
        listed = data.get("sample_ids")
        if not isinstance(listed, list) or not listed:
            return self.epochs
        order = {repr(identity): place for place, identity in enumerate(listed)}
        stray = next((epoch for epoch in self.epochs if repr(epoch.row.get("id")) not in order), None)
        if stray is not None:
            raise contradicts(stray.place, "its id is not among the sample_ids of the log: it is of another log")
        return sorted(self.epochs, key=lambda epoch: order[repr(epoch.row["id"])])

    def ended_early(self) -> str | None:
        """Why the tool did not finish; None if it did."""
        if self.header.get("invalidated") is True:
            return f"{self.file.name} was invalidated by its author"
        if self.status == "success":
            return None
        error: dict[str, Any] = optional(self.header, "error", dict, self.place) or {}
        reason = " ".join(str(error.get("message", "")).split())[:300]
        return f"{self.file.name} has status {self.status}{': ' + reason if reason else ''}"

    def _missing(self) -> str | None:
        """Why samples are missing; None if none is.

        Raises:
            EvidenceInvalid: There are more than the log says.
        """
        early = self.ended_early()
        expected = optional(self.results, "total_samples", int, self.place)
        if expected is not None and len(self.epochs) > expected:
            raise contradicts(self.file, f"it holds {len(self.epochs)} samples, the results are on {expected}")
        if early or expected is None:
            return early or "the log has no results"
        if len(self.epochs) < expected:
            return f"{self.file.name} was truncated: {len(self.epochs)} of {expected} samples"
        return None

    def _stated(self) -> Iterator[tuple[Stated, str, tuple[str, str | None]]]:
        """Each metric with the name of its score and where that is in a sample."""
        for score in optional(self.results, "scores", list, self.place) or []:
            if not isinstance(score, dict):
                raise bad(self.place, "an entry of results.scores is not an object")
            name, scorer = (str(member(score, key, str, self.place)) for key in ("name", "scorer"))
            key = None if name == scorer else name
            label = scorer if key is None else f"{scorer}_{key}"
            reducer: str | None = optional(score, "reducer", str, self.place)
            for metric in (optional(score, "metrics", dict, self.place) or {}).values():
                if not isinstance(metric, dict):
                    raise bad(self.place, f"a metric of {name} is not an object")
                kind = str(member(metric, "name", str, self.place)).rpartition("/")[2]
                if kind not in SPREAD:
                    yield self._metric(kind, metric, label, (scorer, key), reducer), label, (scorer, key)

    def _metric(
        self, kind: str, metric: dict[str, Any], label: str, source: tuple[str, str | None], reducer: str | None
    ) -> Stated:
        """One metric."""
        values = [value_of(epoch, *source) for epoch in self.epochs if not epoch.failure()]
        is_mean = kind in MEANS and reducer in {None, "mean"}
        within = all(value is None or 0 <= value <= 1 for value in values)
        ending = "" if reducer in {None, "mean"} else f"_{reducer}"
        return Stated(
            metric=f"{label}_{kind}{ending}",
            definition=Mean(of=f"{SCORES}{label}") if is_mean else None,
            value=number(metric.get("value")),
            unit="share" if kind == "accuracy" and within else "score",
            higher_is_better=True if kind == "accuracy" else None,
            primary=self._is_headline(source, kind),
            certain=None not in values and not metric.get("params"),
            reason=None if is_mean else f"Inspect's {kind}{ending} has no definition here",
        )

    def _is_headline(self, source: tuple[str, str | None], kind: str) -> bool:
        """Whether it is the metric that the log puts first."""
        headline = self.results.get("headline")
        scores = self.results["scores"]
        first = headline if isinstance(headline, dict) else {"score": scores[0].get("name"), "metric": None}
        named = first.get("score")
        return named is not None and named in source and first.get("metric") in (None, kind)

    def _settings(self) -> dict[str, Any]:
        """How the task was asked."""
        plan: dict[str, Any] = optional(self.header, "plan", dict, self.place) or {}
        steps = [step for step in optional(plan, "steps", list, self.place) or [] if isinstance(step, dict)]
        config: dict[str, Any] = optional(self.spec, "config", dict, self.place) or {}
        generation: dict[str, Any] = optional(self.spec, "model_generate_config", dict, self.place) or {}
        generation = generation | (optional(plan, "config", dict, self.place) or {})
        scorers = optional(self.spec, "scorers", list, self.place) or []
        settings = {
            "version": self.spec.get("task_version"),
            "harness": f"inspect_ai {self.packages.get('inspect_ai', 'unknown')}",
            "task_args": self.spec.get("task_args") or None,
            "epochs": config.get("epochs"),
            "epochs_reducer": config.get("epochs_reducer"),
            "solvers": [{"solver": step.get("solver"), "params": step.get("params")} for step in steps],
            "scorers": [score.get("name") for score in scorers if isinstance(score, dict)],
            "generation": generation,
        }
        return {name: value for name, value in settings.items() if value is not None}

    def times(self) -> list[datetime]:
        """When it began and ended, as far as the log says."""
        stats: dict[str, Any] = optional(self.header, "stats", dict, self.place) or {}
        written = [self.spec.get("created"), stats.get("started_at"), stats.get("completed_at")]
        found = []
        for text in written:
            if not isinstance(text, str) or not text:
                continue
            try:
                time = datetime.fromisoformat(text)
                found.append(time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC))
            except (ValueError, OverflowError):
                raise bad(self.place, f"{printable(repr(text), 60)} is not a time") from None
        return found
