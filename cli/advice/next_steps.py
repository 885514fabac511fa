"""The last lines of ``audit run``, ``compare`` and ``gate`` at a terminal: what to do next, with the command for it."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from audit.cli import verbosity
from audit.cli.console import err
from audit.core.text import printable
from audit.reports.command_text import commands_in, widest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from audit.core.records import Decision
    from audit.core.run_folder import RunFolder

MOST = 2
"""Commands that are offered to settle a verdict."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do next."""

    what: str
    """In words."""
    command: str
    """That does it, as it can be typed."""


def show(steps: Sequence[NextStep]) -> None:
    """Print steps on stderr, one a line.

    Only at a terminal and without ``-q``: in the log of a job nobody goes on, and results are on stdout.
    """
    if verbosity.chosen.quiet or not err.is_terminal:
        return
    for position, step in enumerate(steps):
        line = f"{'     ' if position else 'next:'} {step.what}: {printable(step.command)}"
        err.print(line, markup=False, highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Judging:
    """What a run is judged by, as it was typed."""

    policy: Path | None = None
    """File or name; None for the default policy."""
    baseline: RunFolder | None = None
    """What the policy compares with."""
    waivers: Path | None = None
    """File of waivers."""
    database: str | None = None
    """Ratings that correct metrics; None for those next to the run."""

    def command(self, run: RunFolder) -> str:
        """``audit gate RUN --policy FILE --baseline RUN --waivers FILE --database URL``."""
        options: dict[str, object] = {
            "--policy": self.policy,
            "--baseline": self.baseline.path if self.baseline else None,
            "--waivers": self.waivers,
            "--database": self.database if self.database and "@" not in self.database else None,  # may hold a password
        }
        return f"audit gate {quote(str(run.path))}{_typed(options)}"


def after_run(folder: RunFolder, status: str, by: Judging, allowed: str = "") -> list[NextStep]:
    """What to do with a run.

    Args:
        folder: Its folder.
        status: Of its manifest.
        by: The policy that it was made for.
        allowed: Options that the run needs to go on, from :func:`audit.cli.consent.typed`.
    """
    run = quote(str(folder.path))
    resume = f"audit run --resume {run}{allowed}"
    steps = [] if status == "complete" else [NextStep("supply what is missing, then", resume)]
    how = "judge it" if by.policy else "judge it by the shipped policy (yours: --policy FILE)"
    look = NextStep("look at answers, errors and explanations", f"audit app {run}")
    return [*steps, look, NextStep(how, by.command(folder))]


def after_comparison(
    folders: Sequence[RunFolder], options: Mapping[str, object], *, items: int, page: bool
) -> list[NextStep]:
    """What to do with a comparison.

    Args:
        folders: The runs, as they were named.
        options: Of the command, with the values that were typed: they decide what is compared.
        items: Changed items that are shown of each task.
        page: Whether its page was written.
    """
    runs = " ".join(quote(str(folder.path)) for folder in folders) + _typed(options)
    first, last = folders[0], folders[-1]
    steps = [] if items else [NextStep("see the items that lost most", f"audit compare {runs} --items 3")]
    if len(folders) == 2 and first.path.resolve().parent == last.path.resolve().parent:
        return [*steps, NextStep("read them side by side on the page Compare", f"audit app {quote(str(last.path))}")]
    return [*steps, *([] if page else [NextStep("draw it", f"audit compare {runs} --html comparison.html")])]


def after_gate(folder: RunFolder, decision: Decision, by: Judging) -> list[NextStep]:
    """What to do with a verdict: what settles open rules, or how to see what it rests on.

    Args:
        folder: The run.
        decision: Its verdict.
        by: What it was judged by.
    """
    run = quote(str(folder.path))
    opened = [check.reason for check in decision.checks if check.verdict == "INCONCLUSIVE" and not check.waived_by]
    settling = widest(command for reason in opened for command in commands_in(reason))
    if decision.verdict == "INCONCLUSIVE" and settling:
        steps = [NextStep("settle open rules", command) for command in settling[:MOST]]
        return [*steps, NextStep("then judge again", by.command(folder))]
    if decision.verdict == "PASS":
        return [NextStep("check the evidence as others can", f"audit verify {run}")]
    return [NextStep("see the reasons for the verdict on the pages Decision and Errors", f"audit app {run}")]


def _typed(options: Mapping[str, object]) -> str:
    """Options as they are typed, with a space before each; those without a value, or with their default, are not.

    Args:
        options: Values by option: None or False for none, True for an option without a value, a list for one that is
            repeated.
    """
    words = []
    for option, value in options.items():
        if value is True:
            words.append(option)
        elif value is not None and value is not False:
            words += [f"{option} {quote(str(one))}" for one in (value if isinstance(value, list) else [value])]
    return "".join(f" {word}" for word in words)
