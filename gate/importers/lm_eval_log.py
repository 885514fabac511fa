"""Logs of lm-eval (EleutherAI's Language Model Evaluation Harness), as ``--log_samples --output_path`` writes them.

A run is ``results_DATE.json`` and one ``samples_TASK_DATE.jsonl`` per task, in one folder. The results hold a digest of
each task over the digests of its lines (``task_hashes``): lines that were changed, lost or reordered are found.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from audit.core.records import digest_of
from audit.core.text import printable
from audit.gate.importers import lm_eval_items, lm_eval_metrics
from audit.gate.importers.contract import ImportOptions, Log, Stated, Task, bad, contradicts, not_compared
from audit.gate.importers.files import check_alike, count, member, number, optional, read_json
from audit.gate.importers.lm_eval_likelihoods import check_accuracy
from audit.stats.harness_names import RENAMED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from audit.gate.importers.lm_eval_line import Line

IDENTITY = ("model", "model_args", "model_num_parameters", "model_dtype", "model_revision", "model_sha")
"""What results say about the model."""
ASKED = ("gen_kwargs", "limit", "random_seed", "numpy_seed", "torch_seed", "fewshot_seed")
"""What they say about how it was asked."""
PROMPTS = ("system_instruction", "chat_template_sha", "fewshot_as_multiturn")
"""And about what prompts are wrapped in."""

OWN_SCORES = ("process_results", "class", "filter_list")
"""Settings of a task that computes its items' scores by code that the log does not hold."""

ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""Place in memory of a function or an object, in the text that lm-eval writes for it: another one in every process."""


class LmEval:
    """The reader of lm-eval's logs."""

    NAME = "lm-eval"
    ABOUT = "a folder, or results_*.json, of lm_eval --log_samples"

    def recognises(self, files: Sequence[Path]) -> bool:
        """Whether there are folders with results, or results files, and nothing else but samples."""
        results = [file for file in files if _results_in(file)]
        return bool(results) and all(file in results or _is_samples(file) for file in files)

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        """Read all results, and the samples that belong to them. Errors as of :class:`Reader`."""
        del options
        found = list(dict.fromkeys(results for file in files for results in _results_in(file)))
        if not found:
            raise bad(files[0], "no results_*.json: give the folder that lm_eval --log_samples --output_path wrote")
        runs = [_Run(file) for file in found]
        check_alike([(run.file, run.origin) for run in runs])
        _check_strays(runs)
        tasks = [task for run in runs for task in run.tasks()]
        _check_given(files, runs)
        first = runs[0].results
        started = number(first.get("date"))
        return Log(
            tool=f"lm_eval {first.get('lm_eval_version') or 'unknown'}",
            model=runs[0].model,
            identity={"name": runs[0].model, **{name: runs[0].config.get(name) for name in IDENTITY}},
            tasks=tasks,
            files=[file for run in runs for file in run.read],
            packages=_packages(first),
            about=_about(runs[0]),
            started=datetime.fromtimestamp(started, UTC) if started is not None and 0 < started < 1e11 else None,
            warnings=[*(warning for run in runs for warning in run.warnings), *not_compared(tasks)],
        )


READER = LmEval()


def _results_in(file: Path) -> list[Path]:
    """Results files: the file itself, or those of a folder and of the folders in it."""
    if file.is_dir():
        return sorted([*file.glob("results_*.json"), *file.glob("*/results_*.json")])
    return [file] if file.name.startswith("results_") and file.suffix == ".json" else []


def _is_samples(file: Path) -> bool:
    """Whether a file is named as samples are."""
    return file.name.startswith("samples_") and file.suffix == ".jsonl"


class _Run:
    """One results file with its samples."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.results = read_json(file)
        self.date = file.stem.removeprefix("results_")
        self.config: dict[str, Any] = optional(self.results, "config", dict, file) or {}
        self.model = str(self.results.get("model_name") or self.config.get("model") or "unknown")
        self.read = [file]
        self.warnings: list[str] = []

    @property
    def origin(self) -> dict[str, object]:
        """What must be the same in all logs of an import."""
        version = self.results.get("lm_eval_version")
        return {"model": self.model, "model_args": self.config.get("model_args"), "lm_eval_version": version}

    def section(self, name: str) -> dict[str, Any]:
        """A section of the results; empty where there is none."""
        found: dict[str, Any] = optional(self.results, name, dict, self.file) or {}
        return found

    def tasks(self) -> Iterator[Task]:
        """Its tasks, and then its groups."""
        rows: dict[str, Any] = member(self.results, "results", dict, self.file)
        groups: dict[str, Any] = self.section("group_subtasks")
        groups = {name: inside for name, inside in groups.items() if isinstance(inside, list) and inside}
        for name, row in rows.items():
            if name not in groups and isinstance(row, dict):
                yield self._task(name, row)
        for name in groups:
            row = self.section("groups").get(name)
            if isinstance(row, dict):
                yield self._group(name, row, _leaves(name, groups))

    def _task(self, name: str, row: dict[str, Any]) -> Task:
        config = self.section("configs").get(name)
        config = config if isinstance(config, dict) else {}
        data = str(config.get("dataset_path") or name)
        settings = self._settings(name, config)
        if "/" in name or "\0" in name:
            raise bad(self.file, f"task {printable(name, 60)}: no file can have its name: rename the task")
        file = self.samples_file(name)
        if not file.is_file():
            return Task(name=name, data=data, not_run=f"{file.name} is missing: was lm_eval run with --log_samples?")
        self.read.append(file)
        lines = lm_eval_items.read(file)
        better = self.section("higher_is_better").get(name)
        sizes = self.section("n-samples").get(name)
        sizes = sizes if isinstance(sizes, dict) else {}
        incomplete = self._missing(file, lines, sizes)
        ordered = lines if incomplete else self._in_order(name, file, lines)
        output_type = config.get("output_type")
        items = lm_eval_items.items(ordered, output_type)
        if not any(config.get(key) for key in OWN_SCORES):
            check_accuracy(items, output_type)
        return Task(
            name=name,
            data=data,
            items=items,
            file=file,
            stated=lm_eval_metrics.stated(ordered, row, config, better if isinstance(better, dict) else {}),
            settings=settings,
            incomplete=incomplete,
            available=count(sizes.get("original")),
        )

    def samples_file(self, task: str) -> Path:
        """The file with a task's lines."""
        return self.file.with_name(f"samples_{task}_{self.date}.jsonl")

    def _settings(self, name: str, config: dict[str, Any]) -> dict[str, Any]:
        """How a task was asked, in the words of a run."""
        shots = self.section("n-shot").get(name)
        settings: dict[str, Any] = {
            "shots": count(shots),
            "version": self.section("versions").get(name),
            "chat_template": "off" if self.results.get("chat_template_sha") is None else "default",
            "harness": f"lm_eval {self.results.get('lm_eval_version') or 'unknown'}",
            **{key: self.results[key] for key in PROMPTS if self.results.get(key) is not None},
            **{key: self.config[key] for key in ASKED if self.config.get(key) is not None},
        }
        if config.get("generation_kwargs") is not None:
            settings["generation"] = config["generation_kwargs"]
        kept = {k: v for k, v in config.items() if k not in {"metadata", "dataset_kwargs"}}  # places on a machine
        settings["task_file"] = digest_of(ADDRESS.sub("", json.dumps(kept, sort_keys=True)))[:12]
        return {key: value for key, value in settings.items() if value is not None}

    def _missing(self, file: Path, lines: Sequence[Line], sizes: dict[str, Any]) -> str | None:
        """Why items are missing; None if none is.

        Raises:
            EvidenceInvalid: There are more than lm-eval says.
        """
        expected = sizes.get("effective")
        if not isinstance(expected, int):
            return None
        counts = Counter(line.filter for line in lines)
        if any(held > expected for held in counts.values()):
            raise contradicts(file, f"it holds {max(counts.values())} items, the results are on {expected}")
        lost = [f"{name} {held}" for name, held in sorted(counts.items()) if held < expected]
        return f"{file.name} was truncated: {', '.join(lost)} of {expected} items" if lost else None

    def _in_order(self, name: str, file: Path, lines: list[Line]) -> list[Line]:
        """The lines in lm-eval's order: filter by filter, by position in the data set.

        Raises:
            EvidenceInvalid: They are not those that the results were computed from.
        """
        stored = self.section("task_hashes").get(name)
        filters = list(dict.fromkeys(line.filter for line in lines))
        if not isinstance(stored, str) or not all(line.hashes for line in lines) or _task_hash(lines) == stored:
            return lines
        ordered = sorted(lines, key=lambda line: (filters.index(line.filter), line.doc_id))
        if _task_hash(ordered) != stored:
            raise contradicts(file, "its lines are not those that the results were computed from (task_hashes)")
        self.warnings.append(f"{file.name}: its lines were shuffled; they are read in lm-eval's order")
        return ordered

    def _group(self, name: str, row: dict[str, Any], members: tuple[str, ...]) -> Task:
        better = self.section("higher_is_better").get(name)
        better = better if isinstance(better, dict) else {}
        stated = [
            Stated(
                metric=RENAMED.get(metric, metric),
                definition=None,
                value=number(value),
                higher_is_better=better.get(metric) if isinstance(better.get(metric), bool) else None,
            )
            for key, value in row.items()
            for metric, comma, kind in [key.partition(",")]
            if comma and not metric.endswith("_stderr") and kind == "none"
        ]
        return Task(name=name, data=name, stated=stated, members=members, settings=self._settings(name, {}))


def _leaves(name: str, groups: dict[str, list[Any]]) -> tuple[str, ...]:
    """The tasks of a group, those of the groups inside it included."""
    found: dict[str, None] = {}
    waiting, seen = [str(one) for one in groups[name]], {name}
    while waiting:
        first = waiting.pop(0)
        if first in seen:
            continue
        seen.add(first)
        if first in groups:
            waiting += [str(one) for one in groups[first]]
        else:
            found[first] = None
    return tuple(found)


def _task_hash(lines: Sequence[Line]) -> str:
    """lm-eval's digest of a task."""
    return hashlib.sha256("".join(line.hashes for line in lines).encode()).hexdigest()


def _check_given(files: Sequence[Path], runs: Sequence[_Run]) -> None:
    """Refuse files that are no part of what was read.

    Raises:
        UsageError: There is one.
    """
    read = {file.resolve() for run in runs for file in run.read}
    for file in files:
        if not _results_in(file) and file.resolve() not in read:
            raise bad(file, "no results here: leave it out, or give the results_*.json that it belongs to")


def _check_strays(runs: Sequence[_Run]) -> None:
    """Refuse samples that belong to none of the results.

    Raises:
        UsageError: There are some.
    """
    folders, dates = {run.file.parent for run in runs}, {run.date for run in runs}
    for folder in sorted(folders):
        if set(folder.glob("results_*.json")) != {run.file for run in runs if run.file.parent == folder}:
            continue  # one of several runs was chosen
        for file in sorted(folder.glob("samples_*.jsonl")):
            if not any(file.stem.endswith(f"_{date}") for date in dates):
                raise bad(file, "it belongs to no results file of this folder: add that, or remove it")


def _packages(results: dict[str, Any]) -> dict[str, str]:
    versions = {"lm_eval": results.get("lm_eval_version"), "transformers": results.get("transformers_version")}
    return {name: version for name, version in versions.items() if isinstance(version, str)}


def _about(run: _Run) -> dict[str, Any]:
    """Fields of the model's record."""
    dtype, device = run.config.get("model_dtype"), run.config.get("device")
    counts = {
        "parameter_count": count(run.config.get("model_num_parameters")),
        "max_length": count(run.results.get("max_length")),
    }
    about: dict[str, Any] = {name: known for name, known in counts.items() if known is not None}
    if isinstance(dtype, str):
        about["dtype"] = dtype.removeprefix("torch.")
    if isinstance(device, str):
        about["device"] = device
    return about
