"""Write the reference pages from the program itself: commands, configuration, records, units, metrics, tasks, probes.

    python docs/generate.py                   # docs/reference/*.md
    python docs/generate.py results RUN…      # docs/reference/results.md, from runs of the embedded checkpoint

A test fails when a page differs from what this writes.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import sys
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from audit.cli.main import COMMANDS, load_command, run_command
from audit.core import records as all_records
from audit.core.config import RunConfig
from audit.core.run_folder import RunFolder
from audit.core.units import UNITS
from audit.core.words import figures, full_title, sentence
from audit.evals.catalogue import own_tasks
from audit.evals.words import MEANINGS
from audit.explain.methods.registry import METHODS
from audit.safety.suite import PROBES
from audit.stats.definitions import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydantic.fields import FieldInfo

    from audit.safety.metrics import ProbeMetric
    from audit.safety.probe import Probe
    from audit.stats.definitions.chance import Meaning

FOLDER = Path(__file__).parent / "reference"
NOTICE = "<!-- Written by docs/generate.py: change the program, not this page. -->"
WIDTH = "100"
"""Columns of help texts."""


def page(title: str, introduction: str, body: Iterable[str]) -> str:
    """A page of Markdown."""
    return "\n".join([f"# {title}", "", NOTICE, "", introduction, "", *body]).rstrip() + "\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table of Markdown; what would end a cell is escaped."""
    head = list(head)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows), ""]


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


def _prose(text: str | None) -> str:
    """A docstring as Markdown: its code marks and cross-references in Markdown's form."""
    text = inspect.cleandoc(text or "")
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    return text.replace("``", "`")


def commands() -> str:
    """Every command with its help text."""
    os.environ.update(COLUMNS=WIDTH, TERM="dumb", NO_COLOR="1")
    body = [line for words in _command_names() for line in _help(words)]
    return page("Commands", "What `audit --help` and `audit COMMAND --help` print.", body)


def _command_names() -> Iterator[tuple[str, ...]]:
    """Words of every command and of every command in a group, as they are listed."""
    yield ()
    for name in COMMANDS:
        yield (name,)
        yield from ((name, inner) for inner in getattr(load_command(name), "commands", ()))


def _help(words: tuple[str, ...]) -> Iterator[str]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        run_command([*words, "--help"])
    lines = [line.rstrip() for line in printed.getvalue().splitlines()]
    yield from (f"## {' '.join(('audit', *words))}", "", "```text", *lines, "```", "")


def configuration() -> str:
    """Every key of the configuration file."""
    introduction = (
        "Keys of the YAML file that `audit run --config FILE` reads. Unknown keys are errors. Values override those of "
        "the profile; options of the command line override both."
    )
    return page("Configuration", introduction, _models(RunConfig))


def records() -> str:
    """Every record of a run folder."""
    introduction = (
        f"Every file of a run folder, field by field (schema version {all_records.SCHEMA_VERSION}). "
        "The same as JSON Schema: [schemas](../schemas/manifest.json)."
    )
    shown = (all_records.RunManifest, all_records.Metric, all_records.Sample, all_records.Attribution)
    return page("Records", introduction, _models(*shown, all_records.Drivers, all_records.Decision))


def _models(*models: type[BaseModel]) -> Iterator[str]:
    """A table per model, those that it is made of behind it."""
    waiting, done = list(models), set()
    while waiting:
        model = waiting.pop(0)
        if model in done:
            continue
        done.add(model)
        yield from (f"## {model.__name__}", "", _prose(model.__doc__).split("\n\n")[0], "")
        rows = [
            (f"`{n}`", f"`{_type(f.annotation)}`", _default(f), _prose(f.description))
            for n, f in model.model_fields.items()
        ]
        yield from table(("key", "type", "default", "meaning"), rows)
        waiting += [inner for field in model.model_fields.values() for inner in _inside(field.annotation)]


def _inside(annotation: object) -> Iterator[type[BaseModel]]:
    """The models that a field is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _inside(argument)


PLAIN = {"NoneType": "null", "str": "text", "bool": "true or false", "float": "number", "int": "whole number"}


def _type(annotation: object) -> str:
    """A type in words."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return ", ".join(map(str, arguments))
    words = [_type(one) for one in arguments if one is not Ellipsis]
    if origin in (typing.Union, types.UnionType):
        return " or ".join(words)
    if origin in (list, tuple):
        return f"list of {words[0]}"
    if origin is dict:
        return f"map of {words[1]}"
    if origin is not None:  # Annotated
        return words[0]
    name = getattr(annotation, "__name__", str(annotation))
    return PLAIN.get(name, name)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if hasattr(value, "model_dump"):
        return "see below"
    text = "null" if value is None else str(value)
    return f"`{text}`" if text else ""


def units() -> str:
    """Every unit."""
    rows = [
        (f"`{unit.name}`", unit.title, unit.words, "" if unit.decimals is None else str(unit.decimals))
        for unit in UNITS.values()
    ]
    return page(
        "Units", "What the value of a metric is measured in.", table(("unit", "title", "values", "decimals"), rows)
    )


def definitions() -> str:
    """Every kind of metric definition."""
    introduction = (
        "A metric is a function of stored samples: `Metric.definition` in `metrics.json` has its name and its "
        "arguments, so that every number can be computed again from the run folder."
    )
    body: list[str] = []
    for name, kind in sorted(KINDS.items()):
        body += [f"## {name}", "", _prose(kind.__doc__), ""]
    return page("Metric definitions", introduction, body)


def tasks() -> str:
    """Every benchmark task of ours."""
    rows = [
        (
            one.words.title if one.words else "",
            one.words.question if one.words else "",
            f"`{one.name}`",
            one.description,
            ", ".join(one.data) or "generated for each run",
            ", ".join(one.primary),
        )
        for one in own_tasks().values()
    ]
    introduction = (
        "Benchmark tasks that come with the package. [Tasks in detail](tasks_in_detail.md) has prompts, sources and "
        "limits, [benchmark tasks](evals.md#metrics) the formulas."
    )
    body = table(("title", "question", "task", "what", "data", "primary metrics"), rows)
    unknown = {"macro_precision", "macro_f1"}
    named = [
        (f"`{name}`", found.words.title, "" if name in unknown else _chance(found))
        for name, found in MEANINGS.items()
        if found.words
    ]
    body += ["## Metrics", "", *table(("metric", "title", "chance level"), named)]
    return page("Tasks", introduction, body)


CHANCE = {"options": "mean of 1 / number of options", "classes": "1 / number of answers"}
"""Functions of samples that give a chance level, in words."""


def _chance(found: Meaning | ProbeMetric) -> str:
    """The chance level of a metric."""
    if isinstance(found.chance, str):
        return CHANCE[found.chance]
    return "" if found.chance is None else f"{found.chance:.3g}"


def probes() -> str:
    """Every probe."""
    body: list[str] = []
    for probe in PROBES.values():
        body += [f"## {probe.name}", "", f"**{probe.title}.** {probe.question} {probe.description}.", ""]
        facts = [("formula", probe.formula), ("direction", probe.direction), ("clusters", probe.dependence)]
        facts += [("data", ", ".join(f"`{name}`" for name in probe.datasets) or "part of the package")]
        facts += [("warning", probe.content_warning)] if probe.content_warning else []
        body += [*table(("", ""), facts), *table(("metric", "title", "better", "chance", "ideal"), _metrics_of(probe))]
        body += ["Limits:", "", *(f"- {limit}" for limit in probe.limits), ""]
    introduction = "Every probe as it is declared. [Safety probes](safety.md) leads to data, details and sources."
    return page("Probes", introduction, body)


def _metrics_of(probe: Probe[Any]) -> list[tuple[str, ...]]:
    """A row per name and title of a metric."""
    directions = {True: "higher", False: "lower", None: ""}
    rows = [
        (
            f"`{one.name}`" + (f" {', '.join(one.slice)}" if one.slice else ""),
            one.words.title if one.words else "",
            directions[one.higher_is_better],
            _chance(one),
            "" if one.ideal is None else f"{one.ideal:g}",
        )
        for one in probe.metrics
    ]
    return list(dict.fromkeys(rows))


def methods() -> str:
    """Every attribution method."""
    rows = [(f"`{one.name}`", one.description, one.cost) for one in METHODS.values()]
    introduction = "Methods of `audit explain` and of a configuration; [details](attribution_methods.md)."
    return page("Attribution methods", introduction, table(("method", "what", "passes for n features"), rows))


PAGES: dict[str, Callable[[], str]] = {
    "cli": commands,
    "config": configuration,
    "records": records,
    "units": units,
    "definitions": definitions,
    "tasks": tasks,
    "probes": probes,
    "methods": methods,
}
"""File name to what writes it."""


def results(*runs: Path) -> str:
    """Primary metrics of runs of the embedded checkpoint, and what they were measured with."""
    introduction = (
        "What the checkpoint that comes with the package scores. It is a small chat model: the numbers show what a run "
        "yields, not what a good checkpoint would reach. `python docs/generate.py results RUN…` wrote this page from "
        "finished runs."
    )
    notice = "<!-- Written by docs/generate.py results: make a new run, do not change this page. -->"
    body = [line for run in runs for line in _results_of(RunFolder(run))]
    return page("Measured on the embedded checkpoint", introduction, body).replace(NOTICE, notice)


def _results_of(folder: RunFolder) -> Iterator[str]:
    """The section of one run."""
    manifest, metrics = folder.read_manifest(), folder.read_metrics()
    shown = [one for one in metrics if one.primary and one.slice is None and one.value is not None]
    suites = dict.fromkeys(one.suite for one in shown)
    yield from (f"## Profile `{manifest.config['profile']}`: {', '.join(suites)}", "")
    yield from table(("", ""), _provenance(manifest))
    yield from ("Signature:", "", "```text", manifest.signature, "```", "")
    for suite in suites:
        rows = [_result(manifest, one) for one in shown if one.suite == suite]
        yield from (f"### {suite}", "")
        yield from table(("measured", "value", "95 % interval", "n", "what it shows", "name"), rows)
    if missing := [one for one in metrics if one.primary and one.slice is None and one.value is None]:
        yield from table(("no value", "because"), ((f"`{one.name}`", one.error) for one in missing))


def _provenance(manifest: all_records.RunManifest) -> list[tuple[str, str]]:
    """When and with what a run was made."""
    machine = manifest.platform
    versions = ("checkpoint-audit", "torch", "transformers", "lm_eval")
    folders = sorted({one.name for one in manifest.assets if one.source == "folder"})
    return [
        ("checkpoint", f"`{manifest.model.name}`, {manifest.model.dtype}"),
        ("measured", f"{manifest.started:%Y-%m-%d}"),
        ("machine", f"{machine.gpu or machine.machine}, {machine.cpu_count} cores"),
        ("versions", ", ".join(f"{name} {manifest.packages[name]}" for name in versions if name in manifest.packages)),
        ("data from a folder", ", ".join(f"`{name}`" for name in folders) or "none: all from packages"),
    ]


def _result(manifest: all_records.RunManifest, metric: all_records.Metric) -> tuple[str, ...]:
    """A metric as a row."""
    shown = figures(metric)
    title = full_title(manifest, metric)
    return title, shown.value, shown.interval, f"{metric.n:,}", sentence(metric), f"`{metric.name}`"


def main(words: list[str]) -> None:
    """Write every page, or the page of results."""
    if words and (words[0] != "results" or not words[1:]):
        sys.exit("usage: python docs/generate.py  |  python docs/generate.py results RUN…")
    FOLDER.mkdir(exist_ok=True)
    if words[:1] == ["results"]:
        (FOLDER / "results.md").write_text(results(*map(Path, words[1:])), "utf-8")
        return
    for name, write in PAGES.items():
        (FOLDER / f"{name}.md").write_text(write(), "utf-8")
        print(FOLDER / f"{name}.md")


if __name__ == "__main__":
    main(sys.argv[1:])
