"""The audit's own tasks: one YAML file each under ``tasks/``, read without importing lm-eval."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from audit.core.errors import ConfigError
from audit.core.names import TASKS
from audit.core.records import Flag, Metric, TaskWords
from audit.evals import corpus_scores
from audit.evals.corpus_scores import CorpusMetric, WeightedMean
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, NOT_YET, TRUNCATED_OUTPUTS, UNSCORED
from audit.stats.definitions import Count, Macro, Mean, Unscored
from audit.stats.definitions.corpora.macro import MEASURES
from audit.stats.definitions.means.mean import SCORES
from audit.stats.harness_names import OF_MEAN, RENAMED, UNITS, UNSCORED_ANSWER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yaml import SafeLoader as _Safe

    from audit.stats.definitions import Definition
else:
    _Safe = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast, where PyYAML has it


GENERATED = "generate_until"
"""lm-eval's name for tasks whose answers are generated texts."""
GOOD = "Higher is better."
"""What is good, unless a task file says otherwise: the primary metrics of all tasks are of that kind."""


@dataclass(frozen=True)
class OwnTask:
    """What the audit needs to know from its own task file, in addition to what lm-eval reads."""

    name: str
    """Task name."""
    description: str
    """One line for ``audit tasks list``."""
    data: tuple[str, ...]
    """Names of its data sets in the asset registry, the evaluated one first; none if the file gives the data itself."""
    primary: tuple[str, ...]
    """Names of the one or two metrics in the summary; the first is the sample's score. None decides by the metrics'
    names."""
    classes: bool = False
    """Whether its options are classes, the same for all items, so that macro precision, recall and F1 make sense."""
    cluster: str | None = None
    """Column that groups items that are not independent."""
    slices: tuple[str, ...] = ()
    """Columns whose values name subsets."""
    question: str = "question"
    """Name of the field of its prompt that asks the question."""
    paraphrases: Mapping[str, str] = field(default_factory=dict)
    """Instructions in its prompts, each with another wording that asks the same."""
    words: TaskWords | None = None
    """Title and question; None for those of its kind."""
    published_order: bool = False
    """Whether the rows of its data set are in the order in which they were published, which says nothing about
    them."""
    generates: bool = False
    """Whether its answers are generated texts."""
    sandbox: bool = False
    """Whether its answers are programs that are run, so that it needs a sandbox."""
    votes: str | None = None
    """What reads the answers that vote where several are drawn (:data:`audit.evals.draws.votes.READERS`); None where
    answers are not read."""
    in_chat: Mapping[str, str] = field(default_factory=dict)
    """Fields of the task file that have another value where prompts go through the checkpoint's chat template."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Modules that it needs in addition to this package's own, each with the extra that brings it."""
    metrics: tuple[Metric, ...] = ()
    """All metrics that it may leave, without values; all are about all items."""


def tasks_folder() -> Path:
    """Folder of the task files."""
    return Path(str(resources.files("audit.evals").joinpath("tasks")))


@cache
def own_tasks() -> dict[str, OwnTask]:
    """The audit's own tasks by name: those that :data:`audit.core.names.TASKS` lists."""
    tasks = [_read(tasks_folder() / f"{name}.yaml") for name in TASKS]
    return {task.name: task for task in tasks}


class _Loader(_Safe):
    """Reads lm-eval's task files without resolving ``!function``."""


def _function_name(_loader: _Loader, node: yaml.ScalarNode) -> str:
    """The name after ``!function``, unchanged."""
    return str(node.value)


_Loader.add_constructor("!function", _function_name)


def read_fields(file: Path) -> dict[str, Any]:
    """The fields of a task file, without those of the files that it includes.

    Raises:
        ConfigError: It is no YAML mapping.
    """
    try:
        fields = yaml.load(file.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{file}: not valid YAML: {str(error).splitlines()[0]}"
        raise ConfigError(msg) from error
    if not isinstance(fields, dict):
        msg = f"{file}: a task file is a mapping with a line 'task: NAME'"
        raise ConfigError(msg)
    return fields


def _read(file: Path) -> OwnTask:
    """The audit's part of one task file."""
    fields = read_fields(file)
    about, data = fields.get("metadata") or {}, fields.get("dataset_kwargs") or {}
    return OwnTask(
        name=fields["task"],
        description=about.get("description", ""),
        data=tuple(data[key] for key in ("data", "shots_from", "scored_with") if key in data),
        primary=tuple(about.get("primary", ())),
        classes=about.get("classes", False),
        cluster=about.get("cluster"),
        slices=tuple(about.get("slices", ())),
        paraphrases=about.get("paraphrases", {}),
        words=TaskWords(title=about["title"], question=about["question"], good=about.get("good", GOOD)),
        packages=about.get("packages", {}),
        published_order=about.get("published_order", False),
        generates=fields["output_type"] == GENERATED,
        sandbox=about.get("sandbox", False),
        votes=about.get("votes"),
        in_chat=about.get("in_chat", {}),
        metrics=_metrics(fields, classes=about.get("classes", False)),
    )


def _metrics(fields: dict[str, Any], *, classes: bool) -> tuple[Metric, ...]:
    """The metrics that a task file leads to, as ``audit.evals.metrics`` measures them."""
    listed = [
        one for one in fields["metric_list"] if one["metric"] not in {Flag.UNPARSED_ANSWER.value, UNSCORED_ANSWER}
    ]
    found = [_listed(one) for one in listed]
    flags = {"truncated_prompts": Flag.TRUNCATED_PROMPT}
    if any(one["metric"] == Flag.UNPARSED_ANSWER.value for one in fields["metric_list"]):
        flags["unparsed_answers"] = Flag.UNPARSED_ANSWER
    if classes:
        found += [(f"macro_{of}", "share", True, Macro(of=of)) for of in MEASURES]
    if fields["output_type"] == GENERATED:
        flags[TRUNCATED_OUTPUTS] = Flag.TRUNCATED_OUTPUT
        for name, unit, better, definition in list(found):
            if unit == "share":
                found += [(f"{name}{end}", unit, better, definition) for end in (IF_WRONG, IF_RIGHT)]
    found += [(name, "count", False, Count(flags=(flag.value,))) for name, flag in flags.items()]
    found.append((UNSCORED, "count", False, Unscored()))
    return tuple(
        Metric(
            name=f"{fields['task']}/{name}",
            suite="evals",
            task=fields["task"],
            metric=name,
            value=None,
            n=0,
            higher_is_better=better,
            unit=unit,
            definition=definition.written(),
            error=NOT_YET,
        )
        for name, unit, better, definition in found
    )


def _listed(one: dict[str, Any]) -> tuple[str, str, bool | None, Definition]:
    """Name, unit, direction and definition of a metric in the list of a task file."""
    original, better = str(one["metric"]), one["higher_is_better"]
    corpus = getattr(corpus_scores, str(one["aggregation"]).rpartition(".")[2], None)
    if isinstance(corpus, CorpusMetric):
        return original, corpus.definition.metric, better, corpus.definition
    if isinstance(corpus, WeightedMean):
        return original, "share", better, corpus.definition(original)
    name = OF_MEAN.get(original, RENAMED.get(original, original))
    return name, UNITS.get(name, "score"), better, Mean(of=f"{SCORES}{RENAMED.get(original, original)}")
