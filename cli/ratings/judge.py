"""``audit ratings judge``: a checkpoint answers the questions of a project as people do."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from audit.cli import verbosity
from audit.cli.console import err
from audit.cli.options import RUNS, ConfigFile, Given, Runs
from audit.cli.progress import Bars
from audit.cli.ratings.options import ActingUser, Database, ProjectName, acting_user, require_project
from audit.core.config import load_config
from audit.core.errors import UsageError, did_you_mean
from audit.core.formatting import counted
from audit.core.text import named

if TYPE_CHECKING:
    from audit.engine import Engine
    from audit.ratings.judging.storing import JudgeReply, RatingJudge
    from audit.safety.judges.wording import By

WAYS: tuple[By, ...] = ("likelihood", "generation")
AT_ONCE = 8
"""Items between two writes to the database: what an interruption loses at most."""
EXAMPLES = """\b
Examples:
  audit ratings judge --project helpful
  audit ratings judge --project helpful --model ./judge-checkpoint --name strict
  audit ratings judge --project better --model openai:http://127.0.0.1:8000/v1#big-model --by generation
  audit ratings agreement --project helpful                   how far people agree with it

Interrupted? Repeat the command: items that were judged are not judged again.

Exit codes: 0 judged, 2 bad input, 130 interrupted.
"""


@dataclass(frozen=True)
class JudgeArguments:
    """The options of ``audit ratings judge`` that are not the configuration's."""

    project: ProjectName
    name: Annotated[
        str | None, typer.Option(help="Name under which the answers are stored. Default: judge, and the model's name.")
    ] = None
    by: Annotated[
        str,
        typer.Option(
            metavar="WAY",
            help="likelihood: the likeliest of the allowed answers; generation: what it writes, e.g. after reasoning.",
        ),
    ] = "likelihood"
    config: ConfigFile = None
    runs: Runs = RUNS
    database: Database = None
    user: ActingUser = None


def judge_project(given: Given, arguments: JudgeArguments) -> None:
    """Let a checkpoint answer the questions of a project as one more rater.

    It takes no rater's place and counts in no result: 'audit ratings agreement' shows how far people agree with it.
    """
    # Imported here because torch takes seconds to load, and `audit --help` must not wait for it.
    from audit.core import assets  # noqa: PLC0415 - see above
    from audit.engine.configured import engine_of  # noqa: PLC0415 - see above
    from audit.ratings import default_url  # noqa: PLC0415 - see above
    from audit.ratings.judging.storing import RatingJudge, check  # noqa: PLC0415 - see above
    from audit.safety.judges.wording import settings_of  # noqa: PLC0415 - see above

    by = next((way for way in WAYS if way == arguments.by), None)
    if by is None:
        msg = f"--by {named(arguments.by)}: there are {' and '.join(WAYS)}.{did_you_mean(arguments.by, WAYS)}"
        raise UsageError(msg)
    config = load_config(arguments.config, given.values)
    url, who = arguments.database or default_url(arguments.runs), acting_user(arguments.user)
    require_project(url, arguments.project)
    check(url, arguments.project, who)  # before minutes are spent on loading
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    engine = engine_of(config)
    engine.check_sound()
    record = engine.record
    name = arguments.name or f"judge {record.name.rstrip('/').rpartition('/')[2]}"
    asked = RatingJudge(name=name, checkpoint=record.digest, by=by, settings=settings_of(engine, config, by))
    _judge(engine, asked, by, config.chat_template, arguments.project, url, who)


def _judge(engine: Engine, asked: RatingJudge, by: By, chat_template: str, project: str, url: str, who: str) -> None:
    """Judge what is still to be judged, and write it some items at a time.

    They are taken at random: the same judge, started twice, then seldom reads an item that the other one is reading.
    """
    from audit.pipeline.judging import replies  # noqa: PLC0415 - torch takes seconds to import
    from audit.ratings.judging.storing import still_waiting, store, waiting  # noqa: PLC0415 - SQLAlchemy takes a second to import

    left = waiting(url, project, who, asked)
    items = random.sample(left.items, len(left.items))
    bars = Bars(quiet=verbosity.chosen.quiet)
    stored: dict[int, list[JudgeReply]] = {}
    with bars, engine.at_work(bars):
        bars.expect(1)
        bars.task("ratings", f"judge {project}")
        bars.samples(len(items))
        for question in left.left_out:
            bars.say(f"{question}: not judged, because it has no closed list of single answers")
        for batch in (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE)):
            requests = [one for of_item in still_waiting(url, project, asked, left, batch) for one in of_item]
            pairs = list(zip(requests, replies(engine, requests, by, chat_template), strict=True))
            written = store(url, project, who, asked, pairs, left.guidelines)
            stored |= {item: [reply for request, reply in pairs if request.item_id == item] for item in written}
            for _ in batch:
                bars.sample_done()
    _say(stored, len(items) - len(stored), asked, project)


def _say(stored: dict[int, list[JudgeReply]], elsewhere: int, asked: RatingJudge, project: str) -> None:
    """What was judged.

    Args:
        stored: Replies by item.
        elsewhere: Items that the same judge, started twice, has answered meanwhile.
        asked: The judge.
        project: Name of the project.
    """
    if verbosity.chosen.quiet:
        return
    meanwhile = f", {counted(elsewhere, 'item')} by the same judge elsewhere" if elsewhere else ""
    lines = [f"{counted(len(stored), 'item')} judged by {named(asked.name)}{meanwhile}"]
    found = [reply for of_item in stored.values() for reply in of_item]
    reasons = Counter(reply.why_none for reply in found if reply.value is None)
    lines += [
        f"{count:,} of {counted(len(found), 'request')} without an answer: {named(why)}"
        for why, count in reasons.items()
    ]
    lines.append(f"how far people agree with it: audit ratings agreement --project {quote(named(project))}")
    for line in lines:
        err.print(line, markup=False, highlight=False, soft_wrap=True)
