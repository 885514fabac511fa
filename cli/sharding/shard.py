"""``audit run --shard I/N``: one part of a run, for jobs that do not talk to each other."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from audit.cli.console import out, print_json
from audit.core.errors import ConfigError, ExitCode
from audit.core.records import ShardRecord
from audit.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.core.run_folder import RunFolder

SHARD = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


def shard(text: str | None, others: Mapping[str, object]) -> ShardRecord | None:
    """The shard that was typed; None where none was.

    Args:
        text: ``2/4``.
        others: Options that a shard cannot have, with what was typed for each.

    Raises:
        ConfigError: It is none, or another option contradicts it.
    """
    if text is None:
        return None
    found = SHARD.fullmatch(text)
    number, of = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= of:
        msg = f"--shard {printable(text, 40)}: give I/N, the shard from 1 to N and the number of shards, such as 2/4"
        raise ConfigError(msg)
    taken = next((option for option, value in others.items() if value), None)
    if taken is not None:
        msg = f"--shard measures nothing before all shards are merged: leave out {taken}"
        raise ConfigError(msg)
    return ShardRecord(number=number, of=of)


def recorded_shard(folder: RunFolder | None, others: Mapping[str, object]) -> ShardRecord | None:
    """The shard that a run which goes on is; None for a whole run.

    Raises:
        ConfigError: An option was typed that a shard cannot have.
    """
    found = folder.read_manifest().shard if folder else None
    taken = next((option for option, value in others.items() if value), None)
    if folder is not None and found is not None and taken is not None:
        msg = f"{folder.path}: {found.name} measures nothing before all shards are merged: leave out {taken}"
        raise ConfigError(msg)
    return found


def conclude(folder: RunFolder, *, as_json: bool) -> int:
    """Say how a shard has ended, and what joins it with the others.

    Returns:
        The exit code: whether its share of every task was asked.
    """
    manifest = folder.read_manifest()
    ended = manifest.shard is not None and manifest.shard.ended
    missing = any(not one.optional for one in manifest.not_run)
    code = ExitCode.DONE if ended and not missing else ExitCode.INCOMPLETE
    if as_json:
        print_json({"run": str(folder.path), "manifest": manifest})
        return code
    for one in manifest.not_run:
        what = "not run (optional)" if one.optional else "not run"
        out.print(f"{what}: {one.task}: {printable(one.reason)}", markup=False, style="yellow", soft_wrap=True)
    name = manifest.shard.name if manifest.shard else ""
    merge = f"audit merge {quote(str(folder.path))} … with the folders of all shards"
    for line in (
        f"status  {name}, {'answered' if ended else 'not answered: the engine failed'}",
        f"shard   {folder.path}",
        f"next    {merge if ended else f'audit run --resume {quote(str(folder.path))}'}",
    ):
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    return code
