"""``audit compare``: how a candidate differs from a baseline, or how several runs differ, item by item."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from audit.cli import values
from audit.cli.advice.next_steps import after_comparison, show
from audit.cli.comparison import csv_files, series, two
from audit.cli.console import JsonFlag, print_json, print_line
from audit.cli.options import RUNS, Runs
from audit.core.errors import ConfigError
from audit.core.filesystem import refuse_folder, write_output
from audit.core.records.comparison import MIN_ALIGNED, MismatchKind
from audit.core.run_folder import RunFolder, refuse_evidence
from audit.reports.comparison.titles import titles

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from audit.core.records import Comparison, SeriesComparison

CONFIDENCE = 0.95

EXAMPLES = """\b
Examples:
  audit compare runs/BASELINE latest                 primary metrics, with intervals of the differences
  audit compare BASELINE CANDIDATE --tasks boolq --items 5 --html comparison.html
  audit compare BASELINE CANDIDATE --all --csv differences.csv
  audit compare BASELINE CANDIDATE --across chat_template --across prompts
  audit compare RUN1 RUN2 RUN3 RUN4 --by step        trend over training steps, who is tied with whom
  audit compare BF16 INT8 INT4 --at 16,8,4           places on the axis by hand
  audit compare A1 A2 A3 B1 B2 B3 --repeats          runs of two checkpoints that sample their answers
"""


def register(program: typer.Typer) -> None:
    """Add the command."""
    program.command("compare", epilog=EXAMPLES)(compare)


def compare(  # noqa: PLR0913 - one parameter per option
    baseline: Annotated[
        str, typer.Argument(metavar="BASELINE", help="Run to compare with: folder, run id or 'latest'; or a log.")
    ],
    candidate: Annotated[str, typer.Argument(metavar="CANDIDATE", help="Second run or log, compared with BASELINE.")],
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="MORE", help="More runs or logs: the trend over all, and who is tied with whom."),
    ] = None,
    *,
    tasks: Annotated[str | None, typer.Option(help="Only these tasks, separated by commas.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All metrics and slices, not the primary ones only.")
    ] = False,
    across: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND",
            help=f"Compare although the runs differ in this: {', '.join(get_args(MismatchKind))}. May be repeated.",
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(min=0, help="Difference that matters, of two runs. Default: 5 % of the range of each unit."),
    ] = None,
    min_aligned: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the items of any run that all must have scored.")
    ] = MIN_ALIGNED,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.9999, help="Coverage of the intervals.")] = CONFIDENCE,
    items: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Also show the N items of each task that lost most, first against last run.",
        ),
    ] = 0,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What orders three or more runs: order (as given), step (in the checkpoint's name), date, or a number "
            "of the manifest such as model.parameter_count.",
        ),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="X,X,...", help="Place of each of three or more runs, e.g. 1000,2000,4000.")
    ] = None,
    repeats: Annotated[
        bool,
        typer.Option(
            "--repeats", help="The runs are repeats, two or more of each of two checkpoints: compare these two."
        ),
    ] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Also write the differences to this CSV file.")] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Also write a page with charts and changed items to this file.")
    ] = None,
    runs: Runs = RUNS,
    as_json: JsonFlag = False,
) -> int:
    """Compare runs, item by item, and say what else differs between them.

    A metric is compared where prompts, data, settings and the rest are the same in all runs; what differs is named.
    """
    for path, option in ((csv_file, "--csv"), (html_file, "--html")):
        if path is not None:
            refuse_evidence(path, option)
            refuse_folder(path)
    from audit.gate.importers.opening.named_run import open_run  # noqa: PLC0415 - it is slow to import

    folders = [open_run(name, runs, print_line) for name in (baseline, candidate, *(more or ()))]
    options: dict[str, Any] = {
        "tasks": [name.strip() for name in tasks.split(",") if name.strip()] if tasks else (),
        "across": [kind.replace("-", "_") for kind in across or []],
        "everything": everything,
        "min_aligned": min_aligned,
        "confidence": confidence,
    }
    typed = {
        "--tasks": tasks,
        "--all": everything,
        "--across": across,
        "--margin": margin,
        "--min-aligned": None if min_aligned == MIN_ALIGNED else min_aligned,
        "--confidence": None if confidence == CONFIDENCE else confidence,
        "--by": by,
        "--at": at,
    }
    extras = _Extras(csv_file, html_file, typed)
    if repeats:
        _refuse("says nothing of repeats", {"--by": by, "--at": at})
        return _two(folders, {**options, "margin": margin}, extras, items=items, as_json=as_json, repeats=True)
    if len(folders) == 2:
        _refuse("needs three or more runs", {"--by": by, "--at": at})
        return _two(folders, {**options, "margin": margin}, extras, items=items, as_json=as_json)
    _refuse("is for two runs", {"--margin": margin})
    return _series(folders, {**options, **_axis(by, at)}, extras, items=items, as_json=as_json)


@dataclass(frozen=True)
class _Extras:
    """What goes with the table."""

    csv: Path | None
    html: Path | None
    typed: Mapping[str, object]
    """Options that decide what is compared, as they were typed."""

    def write(self, as_csv: Callable[[], str], as_html: Callable[[], str]) -> None:
        """Write the files that were asked for."""
        for path, text in ((self.csv, as_csv), (self.html, as_html)):
            if path is not None:
                write_output(path, text().encode())


def _refuse(why: str, options: dict[str, object]) -> None:
    """Refuse options that say nothing of so many runs."""
    for name, value in options.items():
        if value is not None:
            msg = f"{name} {why}"
            raise ConfigError(msg)


def _axis(by: str | None, at: str | None) -> dict[str, Any]:
    """The axis as typed."""
    return {"by": by or "order", "at": None if at is None else values.numbers(at, "--at")}


def _page(found: Comparison | SeriesComparison, folders: Sequence[RunFolder]) -> str:
    """The page of a comparison."""
    from audit.reports.comparison.page import page_of  # noqa: PLC0415 - slow to import

    return page_of(found, folders)


def _two(
    folders: Sequence[RunFolder],
    options: dict[str, Any],
    extras: _Extras,
    *,
    items: int,
    as_json: bool,
    repeats: bool = False,
) -> int:
    """Two runs, or repeated runs of two checkpoints."""
    from audit.gate.comparison.compare import compare as compared  # noqa: PLC0415 - SciPy takes a second to import
    from audit.gate.comparison.repeats import compare_repeats, ends  # noqa: PLC0415 - see above

    found = compare_repeats(folders, **options) if repeats else compared(folders[0], folders[1], **options)
    shown = ends(folders, found) if repeats else (folders[0], folders[1])
    extras.write(lambda: csv_files.of_differences(found.differences), lambda: _page(found, shown))
    if as_json:
        print_json(found)
        return 0
    two.show(found, titles(shown[1]))
    if items:
        two.show_items(*shown, found.differences, items)
    if not repeats:
        show(after_comparison(folders, extras.typed, items=items, page=extras.html is not None))
    return 0


def _series(
    folders: Sequence[RunFolder], options: dict[str, Any], extras: _Extras, *, items: int, as_json: bool
) -> int:
    """Three or more runs."""
    from audit.gate.comparison.series import compare_series  # noqa: PLC0415 - SciPy takes a second to import

    found = compare_series(folders, **options)
    ordered = [folders[run.given] for run in found.runs]
    extras.write(lambda: csv_files.of_series(found), lambda: _page(found, ordered))
    if as_json:
        print_json(found)
        return 0
    series.show(found, titles(ordered[-1]))
    if items:
        names = (found.runs[0].label, found.runs[-1].label)
        two.show_items(ordered[0], ordered[-1], found.metrics, items, names)
    show(after_comparison(folders, extras.typed, items=items, page=extras.html is not None))
    return 0
