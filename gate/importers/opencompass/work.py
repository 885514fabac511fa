"""Work folders of OpenCompass: ``predictions`` and ``results``, a data set each.

OpenCompass need not be installed, and its configurations, which are Python, are never run: settings are known only as
far as a summary has the version of a prompt. Whether an answer is right is in the details of the results, which the
tool writes with ``--dump-eval-details``; without them items are unscored. Values are percentages and become shares.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from audit.core.text_file import csv_records
from audit.gate.importers.contract import ImportOptions, Log, Stated, Task, bad, contradicts, not_compared
from audit.gate.importers.files import check_alike, number, read_json, read_text
from audit.gate.importers.opencompass.predictions import CORRECT, Details, items, read_details, read_predictions
from audit.stats.definitions import Mean
from audit.stats.definitions.means.mean import SCORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PREDICTIONS = "predictions"
RESULTS = "results"
PART = re.compile(r"(.+)_(\d+)")
"""Stem of a part of the predictions of a data set."""
UNFINISHED = "tmp_"
"""What the name of a file begins with while questions are asked."""
AVERAGE = re.compile(r"(.+) \(\d+ runs average\)")
"""Name of a metric over several runs."""
SCORE = "score"
"""Name of a metric that may be the share of right answers."""
DUMP = "the log does not say which answers are right: run OpenCompass with --dump-eval-details"


class OpenCompass:
    """The reader of OpenCompass' work folders."""

    NAME = "opencompass"
    ABOUT = "work folder of OpenCompass with predictions and results, or its predictions/MODEL"

    def recognises(self, files: Sequence[Path]) -> bool:
        """Whether all are folders with predictions."""
        return all(any(any(folder.glob("*.json")) for folder in _models(file)) for file in files)

    def read(self, files: Sequence[Path], options: ImportOptions) -> Log:
        """Read each data set as a task. Errors as of :class:`Reader`."""
        del options
        models = [folder for file in files for folder in _models(file)]
        found = [_DataSet(folder, name, parts) for folder in models for name, parts in _data_sets(folder).items()]
        if not found:
            raise bad(files[0], f"no {PREDICTIONS}/MODEL/DATASET.json in this folder")
        check_alike([(one.predictions[0], {"model": one.model}) for one in found])
        tasks = [one.task() for one in found]
        started = [folder / file.name for folder in models for file in folder.glob(f"{UNFINISHED}*.json")]
        early = f"{started[0].name} is about questions that were not all asked" if started else None
        return Log(
            tool="opencompass unknown",
            model=found[0].model,
            identity={"model": found[0].model},
            tasks=tasks,
            files=[file for one in found for file in one.files],
            ended_early=early or next((one.unjudged for one in found if one.unjudged), None),
            warnings=not_compared(tasks),
        )


READER = OpenCompass()


def _models(file: Path) -> list[Path]:
    """The folders of models in a work folder, or the one that was named."""
    whole = file.resolve()  # the name of "." and of a link is not the model's
    if whole.parent.name == PREDICTIONS:
        return [whole]
    return sorted(file.glob(f"{PREDICTIONS}/*"))


def _data_sets(folder: Path) -> dict[str, list[Path]]:
    """Files of predictions by data set; several if the tool divided them."""
    files = sorted(file for file in folder.glob("*.json") if not file.name.startswith(UNFINISHED))
    stems = {file.stem for file in files}
    found: dict[str, list[tuple[int, Path]]] = {}
    for file in files:
        part = PART.fullmatch(file.stem)
        is_part = part is not None and f"{part[1]}_0" in stems and part[1] not in stems
        name, place = (part[1], int(part[2])) if part is not None and is_part else (file.stem, 0)
        found.setdefault(name, []).append((place, file))
    return {name: [file for _, file in sorted(parts)] for name, parts in found.items()}


class _DataSet:
    """The predictions and results of a data set."""

    def __init__(self, folder: Path, name: str, predictions: list[Path]) -> None:
        self.name, self.predictions, self.model = name, predictions, folder.name
        self.work = folder.parent.parent
        self.results_file = self.work / RESULTS / folder.name / f"{name}.json"
        self.is_judged = self.results_file.exists()
        self.results: dict[str, Any] = read_json(self.results_file) if self.is_judged else {}
        self.files = [*predictions, *([self.results_file] if self.is_judged else [])]
        self.details = read_details(self.results, self.results_file)
        self.asked, self.lost = read_predictions(predictions)

    @property
    def unjudged(self) -> str | None:
        """Why there are no results; None if there are."""
        error = self.results.get("error")
        if self.is_judged and error is None:
            return None
        return f"{self.name} was not evaluated" + (f" ({' '.join(str(error).split())[:200]})" if error else "")

    def task(self) -> Task:
        """Its task."""
        missing = self._missing()
        stated = [] if missing and not self.asked else list(self._stated())
        labels = {one.metric: name for one, name in stated if name is not None}
        return Task(
            name=self.name,
            data=self.name,
            items=items(
                self.asked, Details(self.results_file) if missing and not self._is_aligned else self.details, labels
            ),
            stated=[one for one, _ in stated],
            settings=self._settings(),
            incomplete=missing,
        )

    @property
    def _is_aligned(self) -> bool:
        """Whether what is there has the number of its details though predictions are missing: only if the last are."""
        return not self.lost and self.details.runs == 1

    def _missing(self) -> str | None:
        """Why predictions are missing; None if none is.

        Raises:
            EvidenceInvalid: The results are on fewer.
        """
        if self.lost:
            return f"{self.predictions[0].name}: {self.lost} predictions are missing"
        expected, there = len(self.details.rows) * self.details.runs, len(self.asked)
        if not expected or there == expected:
            return None
        if there > expected:
            raise contradicts(self.results_file, f"it is about {expected} predictions, and there are {there}")
        return f"{self.predictions[0].name} was truncated: {there} of {expected} predictions"

    def _stated(self) -> Iterator[tuple[Stated, str | None]]:
        """Each metric, with the name of the number of each question that it is the mean of."""
        numbers = set(self.details.names())
        found = list(self._each(numbers))
        first = next((one for one, _ in found if one.definition is not None), found[0][0] if found else None)
        for one, name in found:
            yield replace(one, primary=one is first), name

    def _each(self, numbers: set[str]) -> Iterator[tuple[Stated, str | None]]:
        """As :meth:`_stated`, none of them primary."""
        for name, value in self.results.items():
            said = number(value) if not isinstance(value, bool) else None
            if said is None or name.rpartition("/")[2] in numbers - {name}:
                continue
            average = AVERAGE.fullmatch(name)
            plain = average[1] if average else name
            is_accuracy = bool(self.details.rows) and (plain == "accuracy" or self._is_share(plain, said))
            known = is_accuracy or name in numbers
            yield (
                Stated(
                    metric=_label(plain),
                    definition=Mean(of=f"{SCORES}{CORRECT if is_accuracy else _label(plain)}") if known else None,
                    value=said / 100 if known else said,
                    unit="share" if known else "score",
                    higher_is_better=True if known else None,
                    primary=False,
                    certain=name in numbers,
                    reason=None if known else DUMP if not self.details.rows else "the details have no value of it",
                ),
                name if name in numbers else None,
            )

    def _is_share(self, name: str, said: float) -> bool:
        """Whether a ``score`` is the share of right answers in percent, as with MBPP, TheoremQA and parts of GAOKAO.

        Elsewhere it is something else under the same name, which the details do not give.
        """
        known = [self.details.right(question) for question in range(len(self.details.rows))]
        values = [value for one in known for value in one]
        if name != SCORE or not values or None in values:
            return False
        return math.isclose(100 * math.fsum(filter(None, values)) / len(values), said, rel_tol=1e-9)

    def _settings(self) -> dict[str, Any]:
        """What the summaries say of it: the version of its prompt, and how it was asked."""
        settings = {"harness": "opencompass"}
        for file in sorted(self.work.glob("summary/summary_*.csv")):
            try:
                rows = list(csv_records(read_text(file)))
            except csv.Error as error:
                raise bad(file, f"not valid CSV: {error}") from error
            row = next((row for row in rows if row.get("dataset") == self.name), {})
            settings |= {name: row[name] for name in ("version", "mode") if row.get(name) not in {None, "", "-"}}
        return settings


def _label(name: str) -> str:
    """Name of a metric in a run: ``g_pass_at_2_0.5``."""
    return re.sub(r"[^\w.]+", "_", name.lower().replace("@", "_at_")).strip("_") or "unnamed"
