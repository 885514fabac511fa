"""Metrics recomputed from the samples of imported logs, compared with those of the tool that wrote the logs.

python benchmarks/importers.py LOG... [--values VALUES.json]

Where a tool rounds what it writes, VALUES.json holds what its own functions give from the same log before rounding, by
``TASK/METRIC``. One line per log: metrics compared, the largest difference, and how many are null or only rounded.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from audit.gate.importers.contract import ImportOptions
from audit.gate.importers.registry import reader_for
from audit.gate.importers.run import import_log


def compared(log: Path, values: dict[str, float]) -> str:
    """The line of a log."""
    reader = reader_for([log], None)
    read = reader.read([log], ImportOptions())
    stated = {f"{task.name}/{one.metric}": one for task in read.tasks for one in task.stated}
    with tempfile.TemporaryDirectory() as folder:
        run = import_log(reader, [log], ImportOptions(), Path(folder))
        made = {one.name: one.value for one in run.read_metrics() if one.slice is None}
    exact = {name: one.value for name, one in stated.items() if one.value is not None and not one.rounding}
    said = {name: value for name, value in {**exact, **values}.items() if made.get(name) is not None}
    differences = [abs((made[name] or 0.0) - value) for name, value in said.items()]
    rounded = sum(made.get(name) is not None and name not in said for name in stated)
    null = sum(made.get(name) is None for name in stated)
    largest = f"{max(differences):.1e}" if differences else "-"
    return f"{read.tool:<22} {len(said):>4} compared, largest difference {largest}; {rounded} rounded, {null} null"


def main() -> None:
    """Compare each log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", type=Path, nargs="+")
    parser.add_argument("--values", type=Path)
    given = parser.parse_args()
    values = json.loads(given.values.read_text("utf-8")) if given.values else {}
    for log in given.logs:
        print(compared(log, values))


if __name__ == "__main__":
    main()
