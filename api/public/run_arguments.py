"""The arguments of :func:`audit.public.runs.run`, as a configuration and a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.config import RunConfig, validate
from audit.core.errors import ConfigError, UsageError
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.public.options import as_list, configured, refuse_empty, texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from audit.core.config import Limit
    from audit.pipeline.until_decided import UntilDecided


def decided_by(
    policy: str | PathLike[str] | None, baseline: str | PathLike[str] | None, out: str | PathLike[str] | None
) -> UntilDecided | None:
    """The policy that says how many items are measured; None without one.

    Raises:
        ConfigError: There is a baseline alone, or the policy is broken.
        RunFolderError: The baseline cannot be read.
    """
    from audit.gate.policy import load_policy  # noqa: PLC0415 - as below
    from audit.pipeline.until_decided import UntilDecided  # noqa: PLC0415 - imports every probe

    if policy is None:
        if baseline is not None:
            msg = "audit.run: baseline is the run that the rules of until_decided compare with: give the policy, too"
            raise ConfigError(msg)
        return None
    refuse_empty("audit.run: until_decided", policy)
    refuse_empty("audit.run: baseline", baseline)
    other = None if baseline is None else RunFolder.resolve(str(baseline), Path("runs" if out is None else out))
    return UntilDecided(load_policy(Path(policy)), other)


def new_configuration(
    given: dict[str, Any],
    tasks: str | Sequence[str] | None,
    limit: Limit | None,
    config: str | PathLike[str] | None,
    until: UntilDecided | None,
) -> RunConfig:
    """The configuration of a new run.

    Raises:
        ConfigError: A value is wrong.
    """
    from audit.pipeline.configuration import choose_tasks  # noqa: PLC0415 - imports every probe

    validate(RunConfig, {"limit": limit}, "audit.run")
    names = [] if tasks is None else texts_of("audit.run: tasks", tasks)
    resolved = configured(given, "audit.run", config)
    if until is not None:
        names, limit = names or until.tasks(resolved), limit or "all"
    return choose_tasks(resolved, names, limit)


def resumed(
    resume: str | PathLike[str], out: str | PathLike[str] | None, given: dict[str, Any]
) -> tuple[RunFolder, RunConfig]:
    """The run that goes on, and its own configuration.

    Raises:
        ConfigError: Something else was given, or code that the run names would run without the user's consent.
    """
    from audit.pipeline.consent import require_consent  # noqa: PLC0415 - torch takes seconds to import

    free = {"out", "trust_remote_code", "allow_pickle", "plugins"}
    free |= {"evals"} if set(given.get("evals") or ()) == {"include_path"} else set()
    strange = next((name for name, value in given.items() if value is not None and name not in free), None)
    if strange is not None:
        msg = f"audit.run: resume keeps the run's own configuration: leave out {strange}"
        raise ConfigError(msg)
    refuse_empty("audit.run: resume", resume)
    refuse_empty("audit.run: out", out)
    folder = RunFolder.resolve(str(resume), Path("runs" if out is None else out))
    config = validate(RunConfig, folder.read_manifest().config, str(folder.manifest_path))
    require_consent(config, given, f"audit.run: resume={str(resume)!r}", allowing)
    return folder, config.model_copy(update={"out": folder.path.resolve().parent})


def allowing(field: str, path: str | None) -> str:
    """The argument that allows code of a recorded run."""
    if path is None:
        return f"{field}=True"
    return f"plugins=[{path!r}]" if field == "plugins" else f'evals={{"include_path": [{path!r}]}}'


def with_lists(options: Mapping[str, object]) -> dict[str, object]:
    """The options, with a list of one path where a single path was given for a list."""
    listed = ("data_dirs", "plugins")
    return {name: as_list(value) if name in listed else value for name, value in options.items()}


def as_text(value: str | PathLike[str] | None) -> str | None:
    """The name of a model as text."""
    return None if value is None else str(value)


def as_path(value: str | PathLike[str] | None) -> str | PathLike[str] | None:
    """A path; an empty text and None stay as they are.

    Raises:
        UsageError: The value is no path.
    """
    try:
        return Path(value) if value else value  # an empty text is refused with the configuration
    except TypeError as error:
        msg = f"{printable(repr(value), 60)} is not a path: give a string or a pathlib.Path"
        raise UsageError(msg) from error
