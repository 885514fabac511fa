"""Run folders of HELM (Stanford CRFM): the specification of a run, its requests and its statistics.

HELM need not be installed. A run is one task, or one for each split and perturbation that it reports statistics for. A
statistic is the mean over instances of the mean over training trials. Statistics that HELM derives from others
(perplexity, calibration) are null, and those of the worst perturbation of an instance are left out.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from audit.gate.importers.contract import ImportOptions, Log, Stated, Task, bad, contradicts, not_compared
from audit.gate.importers.files import check_alike, count, member, number, optional, read_json
from audit.gate.importers.helm.states import HelmContext, Trial, context_of, items, read_list, read_trials, text_of
from audit.stats.definitions import Mean
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SPEC = "run_spec.json"
STATES = "scenario_state.json"
STATS = "stats.json"
PER_INSTANCE = "per_instance_stats.json"
MODEL = re.compile(r"(?:^|,)model(?:_deployment)?=[^,]*")
"""Arguments in the name of a run that name the model; a task has the same name for every model."""
COUNTED = "num_instances"
BOOKKEEPING = re.compile(
    r"num_.*|training_.*|inference_.*|finish_reason_.*|batch_size|prompt_truncated|max_prob|logprob"
    r"|estimated_num_tokens_cost|predicted_index"
)
"""Statistics that say nothing of how good an answer is."""
QUALITY = re.compile(r".*(match|accuracy|f1|rouge|bleu|recall|precision).*")
"""Statistics that are shares, the higher the better."""
NO_SETTINGS = frozenset({"model", "model_deployment", "max_eval_instances"})


class Helm:
    """The reader of HELM's run folders."""

    NAME = "helm"
    ABOUT = "run folder of HELM, or the folder of a suite"

    def recognises(self, files: Sequence[Path]) -> bool:
        """Whether all are run folders, or hold some."""
        return all(bool(_runs(file)) for file in files)

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        """Read each run. Errors as of :class:`Reader`."""
        del options
        found = [folder for file in files for folder in _runs(file)]
        if not found:
            raise bad(files[0], f"no {SPEC} with {STATES} in this folder")
        runs = [_Run(folder) for folder in found]
        check_alike([(run.folder / SPEC, run.origin) for run in runs])
        tasks = [task for run in runs for task in run.tasks()]
        times = [time for run in runs for time in run.times()]
        return Log(
            tool="helm unknown",
            model=runs[0].model,
            identity={"model": runs[0].model, "model_deployment": runs[0].adapter.get("model_deployment")},
            tasks=tasks,
            files=[run.folder / name for run in runs for name in (SPEC, STATES, STATS, PER_INSTANCE)],
            started=datetime.fromtimestamp(min(times), UTC) if times else None,
            finished=datetime.fromtimestamp(max(times), UTC) if times else None,
            warnings=not_compared(tasks),
        )


READER = Helm()


def _runs(file: Path) -> list[Path]:
    """The folder, or the run folders in it."""
    return [found.parent for found in sorted([*file.glob(SPEC), *file.glob(f"*/{SPEC}")])]


class _Run:
    """One run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        spec = read_json(folder / SPEC)
        self.name = str(member(spec, "name", str, folder / SPEC))
        self.adapter: dict[str, Any] = member(spec, "adapter_spec", dict, folder / SPEC)
        self.scenario: dict[str, Any] = member(spec, "scenario_spec", dict, folder / SPEC)
        self.metrics = optional(spec, "metric_specs", list, folder / SPEC)
        self.model = str(member(self.adapter, "model", str, folder / SPEC))
        state = read_json(folder / STATES)
        if state.get("adapter_spec") != self.adapter:
            raise contradicts(folder / STATES, f"its adapter_spec is not that of {SPEC}: two runs were mixed")
        requests = member(state, "request_states", list, folder / STATES)
        self.trials = read_trials(folder / STATES, folder / PER_INSTANCE, requests)
        self.stats: dict[HelmContext, dict[str, dict[str, Any]]] = {}
        for place, stat in enumerate(read_list(folder / STATS), 1):
            where = f"{folder / STATS}: entry {place}"
            name = member(stat, "name", dict, where)
            of = self.stats.setdefault(context_of(name, where), {})
            if of.setdefault(str(member(name, "name", str, where)), stat) is not stat:
                raise bad(where, f"{name['name']} occurs twice: two runs were joined")

    @property
    def origin(self) -> dict[str, object]:
        """What must be the same in all runs of an import."""
        return {"model": self.model, "model_deployment": self.adapter.get("model_deployment")}

    def times(self) -> list[int]:
        """When requests were made."""
        every = (trial for instances in self.trials.values() for trials in instances.values() for trial in trials)
        return [time for trial in every for time in trial.times()]

    def tasks(self) -> list[Task]:
        """A task for each split and perturbation, named by what sets it apart."""
        head, _, arguments = self.name.partition(":")
        kept = MODEL.sub("", arguments).strip(",")
        base = f"{head}:{kept}" if kept else head
        names: dict[str, int] = {}
        found = []
        plain = [context for context in self.trials if context.perturbation == "null"]
        for context, instances in self.trials.items():
            words = [] if context in plain and len(plain) == 1 else context.words
            name = "_".join([base, *words])
            names[name] = names.get(name, 0) + 1
            found.append(self._task(name if names[name] == 1 else f"{name}_{names[name]}", context, instances))
        return found

    def _task(self, name: str, context: HelmContext, instances: dict[str, list[Trial]]) -> Task:
        every = [trial for trials in instances.values() for trial in trials]
        stats = {
            stat: found
            for stat, found in self.stats.get(context, {}).items()
            if not BOOKKEEPING.fullmatch(stat) and found.get("count")
        }
        known = [stat for stat in stats if any(stat in trial.values for trial in every)]
        stated = [self._stated(stat, stats[stat], every, primary=known[:1] == [stat]) for stat in stats]
        return Task(
            name=name,
            data=f"{self.scenario.get('class_name')}:{text_of(self.scenario.get('args'))}:{'/'.join(context.words)}",
            items=items(instances, {_label(stat): stat for stat in known}),
            stated=stated,
            settings=self._settings(context),
            incomplete=self._missing(context, instances),
        )

    def _stated(self, name: str, stat: dict[str, Any], trials: Sequence[Trial], *, primary: bool) -> Stated:
        """One statistic."""
        values = [trial.values[name] for trial in trials if name in trial.values]
        is_quality = bool(QUALITY.fullmatch(name))
        return Stated(
            metric=_label(name),
            definition=Mean(of=f"{SCORES}{_label(name)}") if values else None,
            value=number(stat.get("mean")),
            unit="share" if is_quality and all(0 <= value <= 1 for value in values) else "score",
            higher_is_better=True if is_quality else None,
            primary=primary,
            certain=all(trial.counts.get(name) == 1 and not trial.failure() for trial in trials),
            reason=None if values else "HELM derives it from other statistics",
        )

    def _missing(self, context: HelmContext, instances: dict[str, list[Trial]]) -> str | None:
        """Why instances or their statistics are missing; None if none is.

        Raises:
            EvidenceInvalid: There are more than the statistics are on.
        """
        stat = self.stats.get(context, {}).get(COUNTED, {})
        expected, there = number(stat.get("mean")), len(instances)
        if expected is not None and there > expected:
            raise contradicts(self.folder / STATES, f"it holds {there} instances, {STATS} is on {expected:g}")
        if expected is not None and there < expected:
            return f"{STATES} was truncated: {there} of {expected:g} instances"
        trials = count(self.adapter.get("num_train_trials")) or 1
        fewest = min(len(found) for found in instances.values())
        if fewest < trials:
            return f"{STATES} was truncated: an instance has {fewest} of {trials} trials"
        every = [trial for found in instances.values() for trial in found]
        scored = sum(bool(trial.values) for trial in every)
        return f"{PER_INSTANCE} was truncated: {scored} of {len(every)} entries" if 0 < scored < len(every) else None

    def _settings(self, context: HelmContext) -> dict[str, Any]:
        """How the task was asked."""
        kept = {name: value for name, value in self.adapter.items() if name not in NO_SETTINGS}
        perturbed = {} if context.perturbation == "null" else {"perturbation": context.perturbation}
        return {"harness": "helm", "metric_specs": self.metrics, **kept, **perturbed}


def _label(name: str) -> str:
    """Name of a statistic in a run: ``exact_match_at_5``."""
    return name.replace("@", "_at_")
