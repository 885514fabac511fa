"""``audit ratings assign``: a project, its raters, and what they rate."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli import verbosity
from audit.cli.console import err
from audit.cli.options import RUNS, Runs
from audit.cli.ratings.options import ActingUser, RunDatabase, acting_user, database_of
from audit.core.errors import UsageError, did_you_mean
from audit.core.formatting import counted
from audit.core.run_folder import RunFolder
from audit.core.text import named
from audit.core.text_file import decode, read_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.ratings.feeding.choosing import Way
    from audit.ratings.feeding.from_runs import Fed
    from audit.ratings.projects.item import Kind, RatedItem
    from audit.ratings.projects.project import Project, ProjectPlan
    from audit.ratings.projects.roles import Role

EXAMPLES = """\b
Examples:
  audit ratings assign latest --project helpful --rater ada --rater bob
  audit ratings assign latest --project worst --way worst --count 50 --tasks triviaqa --rater ada
  audit ratings assign RUN OTHER --project better --rater ada --rater bob --rater cem --raters-per-item 3
  audit ratings assign latest --project helpful --count 20 --tasks asdiv         more items for a project that exists
  audit ratings assign latest --project safe --questions questions.yaml --gold gold.csv --rater ada

Exit codes: 0 assigned, 2 bad input.
"""


def assign(  # noqa: PLR0913 - the options of a command
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="RUN [OTHER]", help="Run, or two runs to compare (A/B).")],
    *,
    project: Annotated[str, typer.Option("--project", help="Name of the project; made if there is none.")],
    raters: Annotated[list[str] | None, typer.Option("--rater", help="Who rates; may be repeated.")] = None,
    adjudicators: Annotated[
        list[str] | None, typer.Option("--adjudicator", help="Who decides; may be repeated.")
    ] = None,
    viewers: Annotated[list[str] | None, typer.Option("--viewer", help="Who sees results; may be repeated.")] = None,
    raters_per_item: Annotated[int, typer.Option(min=1, max=100, help="Raters that each item gets.")] = 1,
    count: Annotated[int, typer.Option(min=1, help="Items of each task.")] = 100,
    way: Annotated[
        str, typer.Option(metavar="WAY", help="random, stratified, worst, uncertain or disagreement.")
    ] = "random",
    by: Annotated[str | None, typer.Option(metavar="SLICE", help="Stratified: slice with the strata.")] = None,
    tasks: Annotated[str | None, typer.Option(help="Only these tasks, separated by commas.")] = None,
    only_slice: Annotated[
        list[str] | None, typer.Option("--slice", metavar="NAME=VALUE", help="Only this value of a slice.")
    ] = None,
    flags: Annotated[list[str] | None, typer.Option("--flag", help="Only samples with this flag.")] = None,
    contains: Annotated[str | None, typer.Option(metavar="TEXT", help="Only samples with this text.")] = None,
    lowest: Annotated[float | None, typer.Option("--min-score", help="Only samples with at least this score.")] = None,
    highest: Annotated[float | None, typer.Option("--max-score", help="Only samples with at most this score.")] = None,
    every_text: Annotated[bool, typer.Option(help="Every sampled text, not the scored output alone.")] = False,
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML file with questions and guidelines.")
    ] = None,
    guidelines: Annotated[Path | None, typer.Option(metavar="FILE", help="Text file with the guidelines.")] = None,
    gold: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV with hidden checks: sample_id, answers.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV with items that everyone rates first: sample_id, answers.")
    ] = None,
    hide: Annotated[list[str] | None, typer.Option(help="A further name that raters must not read.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed for orders and sides.")] = 1234,
    lease_minutes: Annotated[int, typer.Option(min=1, help="Minutes for which an item is kept for a rater.")] = 15,
    runs: Runs = RUNS,
    database: RunDatabase = None,
    user: ActingUser = None,
) -> None:
    """Make a rating project from the samples of one or two runs, or add to it."""
    from audit.ratings.feeding.checks import expected_items  # noqa: PLC0415 - SQLAlchemy takes a second to import
    from audit.ratings.feeding.choosing import Filter  # noqa: PLC0415 - as above
    from audit.ratings.feeding.from_runs import Feed, items_of  # noqa: PLC0415 - as above
    from audit.ratings.projects.making import add_items  # noqa: PLC0415 - as above
    from audit.ratings.projects.roles import give_role  # noqa: PLC0415 - as above

    folders, who = [RunFolder.resolve(name, runs) for name in names], acting_user(user)
    only = Filter(_slices(only_slice or []), frozenset(flags or []), contains or "", lowest, highest)
    wanted = tuple(task.strip() for task in tasks.split(",") if task.strip()) if tasks else ()
    fed = items_of(folders, Feed(count, _way(way, by), wanted, only, by, every_text))
    url = database_of(context, database, runs, folders)
    plan = _plan(who, folders, questions, hide or [])
    plan = plan.model_copy(
        update={"raters_per_item": raters_per_item, "seed": seed, "lease_seconds": 60 * lease_minutes}
    )
    known, text = _known(url, project, is_new=questions is not None), _guidelines(questions, guidelines)
    asked = (known or plan).questions
    checks = {kind: expected_items(folders, file, asked) for kind, file in _files(gold, calibration)}
    there = _made(url, project, plan, text, known)  # once every file was read: a fault leaves nothing behind
    people: dict[Role, Sequence[str]] = {
        "rater": raters or [],
        "adjudicator": adjudicators or [],
        "viewer": viewers or [],
    }
    for role, named_people in people.items():
        for person in named_people:
            give_role(url, there.name, who, person, role)
    for kind, items in checks.items():  # first: an item is in a project once
        add_items(url, there.name, who, items, kind)
    added = add_items(url, there.name, who, fed.items)
    if not verbosity.chosen.quiet:
        _say(there, added, fed, url)


def _way(way: str, by: str | None) -> Way:
    """The way of choosing.

    Raises:
        UsageError: There is no such way, or it lacks its slice.
    """
    from audit.ratings.feeding.choosing import WAYS  # noqa: PLC0415 - SQLAlchemy takes a second to import

    chosen = next((one for one in WAYS if one == way), None)
    if chosen is None:
        msg = f"--way {named(way)}: no such way: there are {', '.join(WAYS)}.{did_you_mean(way, WAYS)}"
        raise UsageError(msg)
    if (chosen == "stratified") != (by is not None):
        msg = "--by names the slice of --way stratified: give both or neither"
        raise UsageError(msg)
    return chosen


def _slices(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    wrong = next((one for one, pair in zip(given, pairs, strict=True) if not (pair[0] and pair[1])), None)
    if wrong is not None:
        msg = f"--slice {named(wrong)}: write NAME=VALUE"
        raise UsageError(msg)
    return {name: value for name, _, value in pairs}


def _plan(who: str, folders: Sequence[RunFolder], questions: Path | None, hide: list[str]) -> ProjectPlan:
    from audit.ratings.feeding.from_runs import names_of_checkpoints  # noqa: PLC0415 - SQLAlchemy takes a second to import
    from audit.ratings.projects import asking  # noqa: PLC0415 - as above
    from audit.ratings.projects.project import ProjectPlan  # noqa: PLC0415 - as above
    from audit.ratings.projects.written import read_written  # noqa: PLC0415 - as above

    default = asking.of_one_run() if len(folders) == 1 else asking.of_two_runs()
    asked = read_written(questions).questions if questions else default
    return ProjectPlan(made_by=who, questions=asked, hidden_names=[*names_of_checkpoints(folders), *hide])


def _guidelines(questions: Path | None, guidelines: Path | None) -> str:
    from audit.ratings.projects.written import read_written  # noqa: PLC0415 - SQLAlchemy takes a second to import

    if guidelines is not None:
        return decode(guidelines, read_bytes(guidelines, UsageError), UsageError)
    return read_written(questions).guidelines if questions else ""


def _known(url: str, name: str, *, is_new: bool) -> Project | None:
    """The project of that name; None if there is none.

    Raises:
        UsageError: It is there, and new questions were given.
    """
    from audit.ratings.projects.project import read_projects  # noqa: PLC0415 - SQLAlchemy takes a second to import

    there = next((one for one in read_projects(url) if one.name == name.strip()), None)
    if there is not None and is_new:
        msg = f"--questions: the project {named(name)} has its questions already: make another project for others"
        raise UsageError(msg)
    return there


def _made(url: str, name: str, plan: ProjectPlan, guidelines: str, known: Project | None) -> Project:
    """The project, made if there is none, else with the new guidelines."""
    from audit.ratings.projects.making import create, write_guidelines  # noqa: PLC0415 - SQLAlchemy takes a second to import

    if known is None:
        return create(url, name, plan, guidelines=guidelines)
    if guidelines:
        write_guidelines(url, known.name, plan.made_by, guidelines)
    return known


def _files(gold: Path | None, calibration: Path | None) -> list[tuple[Kind, Path]]:
    pairs: list[tuple[Kind, Path | None]] = [("gold", gold), ("calibration", calibration)]
    return [(kind, file) for kind, file in pairs if file is not None]


def _say(project: Project, added: Sequence[RatedItem], fed: Fed, url: str) -> None:
    from audit.ratings.database import shown  # noqa: PLC0415 - SQLAlchemy takes a second to import

    left = [f"{counted(fed.unrateable, 'sample')} without text that people can judge"] if fed.unrateable else []
    left += [f"{counted(fed.same, 'item')} with the same text in both runs"] if fed.same else []
    again = len(fed.items) - len(added)
    left += [f"{counted(again, 'item')} that the project had already"] if again else []
    out = f"; left out: {', '.join(left)}" if left else ""
    times = counted(project.raters_per_item, "rater")
    line = f"{named(project.name)}: {counted(len(added), 'item')} added, {times} each{out}; in {shown(url)}"
    err.print(line, markup=False, highlight=False, soft_wrap=True)
