"""What the commands of ``audit judge`` share: the rubric, how the judge is asked, and the judge itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from audit.core.config import load_config
from audit.core.errors import UsageError, did_you_mean
from audit.core.text import named

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.cli.options import Given
    from audit.engine import Engine
    from audit.safety.judges.rubric import Rubric
    from audit.safety.judges.verdicts import JudgeAsking, RubricJudge
    from audit.safety.judges.wording import By
    from audit.safety.scorers.guard.answers import GuardJudge

WAYS: tuple[By, ...] = ("likelihood", "generation")
RubricName = Annotated[
    str,
    typer.Option(
        "--rubric",
        metavar="RUBRIC",
        help="YAML file, or a packaged rubric: better_answer, harmful_answer, hate_speech, refusal, self_harm,"
        " toxicity, violence.",
    ),
]
ByWay = Annotated[
    str,
    typer.Option(
        metavar="WAY",
        help="likelihood: the likeliest of the allowed letters; generation: what it writes, e.g. after reasoning.",
    ),
]
Repeats = Annotated[int, typer.Option(min=1, help="Replies in each order; with --by generation and --temperature.")]
Temperature = Annotated[float, typer.Option(min=0, help="Temperature of the replies; with --repeats.")]
Reasons = Annotated[bool, typer.Option("--reasons", help="Let the judge write its reasons before the verdict.")]
T = TypeVar("T")


def asking_of(by: str, repeats: int, temperature: float, *, reasons: bool) -> JudgeAsking:
    """How the judge is asked.

    Raises:
        UsageError: There is no such way, or the options do not go together.
    """
    from audit.safety.judges.verdicts import JudgeAsking  # noqa: PLC0415 - torch takes seconds to import

    way = next((one for one in WAYS if one == by), None)
    if way is None:
        msg = f"--by {named(by)}: there are {' and '.join(WAYS)}.{did_you_mean(by, WAYS)}"
        raise UsageError(msg)
    return JudgeAsking(way, repeats, temperature, reasons)


def loaded_or_guard(
    given: Given, config_file: Path | None, rubric: Rubric, asking: JudgeAsking, first: Callable[[], T]
) -> tuple[T, RubricJudge | GuardJudge, Engine]:
    """As :func:`loaded`; of ``--model guard:MODEL``, a guard model.

    Raises:
        UsageError: Rubric or way of asking are not those of a guard model.
    """
    from audit.core import assets  # noqa: PLC0415 - `audit --help` must not wait for it
    from audit.safety.judges.choosing import GUARD, guard_of  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety.judges.rubric import load_rubric  # noqa: PLC0415 - see above
    from audit.safety.judges.verdicts import JudgeAsking  # noqa: PLC0415 - see above
    from audit.safety.scorers.guard.answers import RUBRIC  # noqa: PLC0415 - see above

    config = load_config(config_file, given.values)
    kind, _, model = config.model.partition(":")
    if kind != GUARD:
        return loaded(given, config_file, rubric, asking, first)
    if rubric.digest != load_rubric(RUBRIC).digest:
        msg = f"--rubric {rubric.name}: a guard model has a scale of its own: use --rubric {RUBRIC}"
        raise UsageError(msg)
    if asking != JudgeAsking():
        msg = "--by, --repeats, --temperature and --reasons do not apply to a guard model: leave them out"
        raise UsageError(msg)
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    found = first()
    guard = guard_of(model, offline=config.offline)
    return found, guard, guard.engine


def loaded(
    given: Given, config_file: Path | None, rubric: Rubric, asking: JudgeAsking, first: Callable[[], T]
) -> tuple[T, RubricJudge, Engine]:
    """What is needed first, and then the judge, whose loading takes time.

    Args:
        given: The options of the configuration.
        config_file: A file of it.
        rubric: What the judge is asked.
        asking: How.
        first: Called before the judge is loaded, when data can be found.

    Raises:
        UsageError: It is a guard model.
    """
    from audit.core import assets  # noqa: PLC0415 - `audit --help` must not wait for it
    from audit.engine.configured import engine_of  # noqa: PLC0415 - torch takes seconds to import
    from audit.safety.judges.verdicts import RubricJudge  # noqa: PLC0415 - see above

    config = load_config(config_file, given.values)
    if config.model.startswith("guard:"):
        msg = f"--model {named(config.model)}: a guard model judges answers inside a run, with --answer-judge"
        raise UsageError(msg)
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    found = first()
    engine = engine_of(config)
    engine.check_sound()
    return found, RubricJudge.of_config(engine, rubric, asking, config), engine
