"""A work folder as OpenCompass 0.5 writes it, with values by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audit.gate.importers.building import metrics_of, samples_of
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.opencompass.work import READER

if TYPE_CHECKING:
    from pathlib import Path

    from audit.core.records import Metric
    from audit.gate.importers.contract import Log


def prediction(question: int, answer: str | None = "A", **fields: Any) -> dict[str, Any]:
    """A prediction."""
    asked = [{"role": "HUMAN", "prompt": f"Question {question}?"}]
    return {"origin_prompt": asked, "prediction": answer, "gold": "A", **fields}


def numbered(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows by their number, as the tool writes them."""
    return {str(place): row for place, row in enumerate(rows)}


def predictions() -> list[dict[str, Any]]:
    """Three answers, two of them right."""
    return [prediction(0), prediction(1, "B"), prediction(2)]


def details() -> list[dict[str, Any]]:
    """What the results say of them."""
    return [{"example_abbr": f"qa_{n}", "pred": ["A"], "correct": [n != 1]} for n in range(3)]


RESULTS = {"accuracy": 200 / 3, "details": details()}


def write(
    folder: Path,
    rows: Any = None,
    /,
    *,
    name: str = "qa",
    model: str = "tiny",
    results: dict[str, Any] | None = RESULTS,
) -> Path:
    """A work folder with a data set; without results it was not evaluated."""
    found = {f"predictions/{model}": numbered(predictions()) if rows is None else rows, f"results/{model}": results}
    for kind, content in found.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        if content is not None:
            (folder / kind / f"{name}.json").write_text(json.dumps(content), "utf-8")
    return folder


def read(*folders: Path) -> Log:
    """What is read of work folders, before a run is made of them."""
    return READER.read(folders, ImportOptions())


def metrics(log: Log, place: int = 0) -> dict[str, Metric]:
    """The metrics of a task, by name."""
    task, options = log.tasks[place], ImportOptions()
    return {metric.metric: metric for metric in metrics_of(task, samples_of(task, options), options)}
