"""Requests and statistics of a HELM run as items: the training trials of an instance are completions of one item."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from audit.core.records import Flag, SampledText, digest_of
from audit.gate.importers.contract import ImportedItem, bad
from audit.gate.importers.files import member, number, optional, parse_object, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

CORRECT = "correct"
"""Tag of a right reference."""
LIST = "list"


def read_list(file: Path) -> list[dict[str, Any]]:
    """A file that holds a list of JSON objects.

    Raises:
        UsageError: It cannot be read, or holds something else.
    """
    found = parse_object(f'{{"{LIST}":{read_text(file)}}}', file)
    rows = member(found, LIST, list, file)
    if len(found) > 1 or any(not isinstance(row, dict) for row in rows):
        raise bad(file, "not a list of JSON objects")
    return list(rows)


def text_of(value: object) -> str:
    """Anything of a log as text that is the same whatever the order of its keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class HelmContext:
    """What HELM reports statistics for: a split, a part of it, a perturbation."""

    split: str | None
    """``test`` or ``valid``."""
    sub_split: str | None
    """Part of the split."""
    perturbation: str
    """Description of the perturbation as JSON; ``null`` for instances as they are."""

    @property
    def words(self) -> list[str]:
        """Its parts, for a name."""
        found = json.loads(self.perturbation)
        name = found.get("name") if isinstance(found, dict) else None
        return [str(part) for part in (self.split, self.sub_split, name) if part]


def context_of(owner: Mapping[str, Any], place: object) -> HelmContext:
    """The context of an instance, or of the name of a statistic."""
    split, part = (optional(dict(owner), key, str, place) for key in ("split", "sub_split"))
    return HelmContext(split, part, text_of(owner.get("perturbation")))


@dataclass
class Trial:
    """An instance in one training trial: its requests, and its statistics by name."""

    place: str
    """Where its first request is, for messages."""
    number: int
    """Of the trial."""
    requests: list[dict[str, Any]]
    """One, or one for each option."""
    values: dict[str, float] = field(default_factory=dict)
    """Statistics by name."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many values each of them is the mean of."""

    @property
    def instance(self) -> dict[str, Any]:
        """What the scenario says."""
        return member(self.requests[0], "instance", dict, self.place)  # type: ignore[no-any-return]

    def prompts(self) -> list[str]:
        """What the model saw in each request."""
        found = []
        for request in self.requests:
            asked = member(request, "request", dict, self.place)
            messages = asked.get("messages")
            found.append(text_of(messages) if messages else str(member(asked, "prompt", str, self.place)))
        return found

    def _result(self, request: dict[str, Any]) -> dict[str, Any]:
        return optional(request, "result", dict, self.place) or {}

    def completions(self) -> list[dict[str, Any]]:
        """What came back to the first request."""
        found = self._result(self.requests[0]).get("completions")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def answer(self) -> str | None:
        """The first completion; None if nothing came back, or options were scored."""
        found = self.completions()
        return optional(found[0], "text", str, self.place) if found and len(self.requests) == 1 else None

    def finish_reason(self) -> str | None:
        """Why the answer ended."""
        found = self.completions()
        reason = found[0].get("finish_reason") if found else None
        said = reason.get("reason") if isinstance(reason, dict) else None
        return said if isinstance(said, str) else None

    def failure(self) -> str | None:
        """Why it has no answer; None if it has one."""
        for request in self.requests:
            result = self._result(request)
            if result.get("success") is not True:
                return f"the tool failed on it: {' '.join(str(result.get('error') or 'no result').split())[:300]}"
        return None

    def scores(self) -> dict[str, float]:
        """Its statistics; none where a request failed, whatever HELM computed of the answer that is missing."""
        return {} if self.failure() else self.values

    def flags(self) -> list[Flag]:
        """What was cut."""
        prompt = any(request.get("prompt_truncated") is True for request in self.requests)
        cut = self.finish_reason() == "length"
        return [*([Flag.TRUNCATED_PROMPT] if prompt else []), *([Flag.TRUNCATED_OUTPUT] if cut else [])]

    def times(self) -> Iterable[int]:
        """When its requests were made, in seconds since 1970."""
        for request in self.requests:
            time = self._result(request).get("request_datetime")
            if isinstance(time, int) and not isinstance(time, bool) and 0 < time < 2**33:
                yield time

    def add(self, stats: Sequence[object], place: object) -> None:
        """Take its statistics.

        Raises:
            UsageError: One occurs twice, or is no finite number.
        """
        for stat in stats:
            if not isinstance(stat, dict):
                raise bad(place, "an entry of its stats is not an object")
            name = str(member(member(stat, "name", dict, place), "name", str, place))
            count = member(stat, "count", int, place)
            if count < 0:
                raise bad(place, f"its {name} is over {count} values")
            if not count:
                continue
            total = number(member(stat, "sum", (int, float), place))
            if total is None:
                raise bad(place, f"its {name} is not a finite number")
            if name in self.values:
                raise bad(place, f"its {name} occurs twice: two runs were joined")
            self.values[name], self.counts[name] = total / count, count


Trials = dict[HelmContext, dict[str, list[Trial]]]
"""By context and by the id of the instance, in the order of the run."""


def read_trials(states: Path, stats: Path, requests: Sequence[object]) -> Trials:
    """The instances of a run.

    Args:
        states: File of the requests, for messages.
        stats: File of the statistics of instances.
        requests: What the former holds.

    Raises:
        UsageError: A file cannot be read, a request or statistic occurs twice, or a statistic is of no request.
    """
    found: dict[tuple[HelmContext, str, int], Trial] = {}
    seen = set()
    for place, request in enumerate(requests, 1):
        where = f"{states}: request {place}"
        if not isinstance(request, dict):
            raise bad(where, "not an object")
        instance = member(request, "instance", dict, where)
        key = (context_of(instance, where), str(member(instance, "id", str, where)), _trial(request, where))
        whole = (*key, request.get("reference_index"), request.get("request_mode"))
        if whole in seen:
            raise bad(where, f"instance {key[1]}, trial {key[2]} occurs twice: two runs were joined")
        seen.add(whole)
        found.setdefault(key, Trial(where, key[2], [])).requests.append(request)
    perturbed = {(context.perturbation, identity, trial): one for (context, identity, trial), one in found.items()}
    for place, row in enumerate(read_list(stats), 1):
        where = f"{stats}: entry {place}"
        of = (text_of(row.get("perturbation")), str(member(row, "instance_id", str, where)), _trial(row, where))
        if of not in perturbed:
            raise bad(where, f"instance {of[1]}, trial {of[2]} is in no request of {states.name}: two runs were mixed")
        perturbed[of].add(member(row, "stats", list, where), where)
    grouped: Trials = {}
    for (context, identity, _), one in found.items():
        grouped.setdefault(context, {}).setdefault(identity, []).append(one)
    return grouped


def _trial(owner: dict[str, Any], place: object) -> int:
    return int(member(owner, "train_trial_index", int, place))


def items(trials: Mapping[str, Sequence[Trial]], labels: Mapping[str, str]) -> list[ImportedItem]:
    """The items of a context, in the order of the run.

    Args:
        trials: By the id of the instance.
        labels: Name of a statistic by its name here, the primary one first.
    """
    return [_item(identity, sorted(found, key=lambda one: one.number), labels) for identity, found in trials.items()]


def _item(identity: str, trials: Sequence[Trial], labels: Mapping[str, str]) -> ImportedItem:
    """One item from its trials."""
    first = trials[0]
    instance, prompts = first.instance, tuple(prompt for trial in trials for prompt in trial.prompts())
    references = optional(instance, "references", list, first.place) or []
    right = [one for one in references if isinstance(one, dict) and CORRECT in (one.get("tags") or [])]
    asked = member(instance, "input", dict, first.place)
    every = [trial.scores() for trial in trials]
    scores = {label: _mean([one[name] for one in every if name in one]) for label, name in labels.items()}
    failure = next((reason for trial in trials if (reason := trial.failure())), None)
    several = len(trials) > 1 or len(first.completions()) > 1
    kept = {key: instance[key] for key in ("split", "sub_split") if instance.get(key)}
    extra = optional(instance, "extra_data", dict, first.place) or {}
    return ImportedItem(
        place=first.place,
        digest=digest_of(text_of(asked), text_of(references)),
        fields={**extra, **kept, "id": identity},
        prompt=prompts[0],
        prompts=prompts,
        reference="\n".join(_output(one) for one in right) or None,
        output=first.answer(),
        completions=[_completion(trial, labels) for trial in trials] if several and len(first.requests) == 1 else [],
        answered_by="generation" if len(first.requests) == 1 else "likelihood",
        score=next(iter(scores.values()), None),
        scores=scores,
        flags=tuple(dict.fromkeys(flag for trial in trials for flag in trial.flags())),
        error=failure if failure and all(trial.failure() for trial in trials) else None,
    )


def _output(reference: dict[str, Any]) -> str:
    found = reference.get("output")
    return str(found.get("text", "")) if isinstance(found, dict) else ""


def _completion(trial: Trial, labels: Mapping[str, str]) -> SampledText:
    """One trial's answer."""
    scores = trial.scores()
    values = {label: scores.get(name) for label, name in labels.items()}
    return SampledText(
        text=trial.answer(),
        value=next(iter(values.values()), None),
        labels=values,
        flags=[flag for flag in trial.flags() if flag is Flag.TRUNCATED_OUTPUT],
        finish_reason=trial.finish_reason(),
        error=trial.failure(),
    )


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
