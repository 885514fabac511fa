"""Shards of one run, joined: :func:`merge`, as the command ``audit merge`` does it."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.core.config import DEFAULT_OUT, BudgetConfig, RunConfig, validate
from audit.core.errors import UsageError, did_you_mean
from audit.core.run_folder import RunFolder
from audit.core.text import printable
from audit.public.notebook import listening
from audit.public.options import refuse_empty
from audit.public.run_arguments import allowing, as_path, with_lists
from audit.public.runs import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from audit.core.progress import Progress

WHERE = "audit.merge"
ALLOWED = ("trust_remote_code", "allow_pickle", "plugins", "evals", "budget")
"""Fields of the configuration that a merge takes: all others are those of the shards."""
KINDS = (str, PathLike, Run)
"""What names a shard."""


def merge(
    shards: str | PathLike[str] | Run | Iterable[str | PathLike[str] | Run],
    *,
    out: str | PathLike[str] | None = None,
    compute: bool = True,
    database: str | None = None,
    progress: Progress | bool = True,
    **options: object,
) -> Run:
    """Join the shards of a run, and finish it from their answers: the run of one process.

    What no shard could know is computed here: requests that depend on answers, and explanations.

    >>> audit.merge(["runs/shards/A", "runs/shards/B"]).manifest.status  # doctest: +SKIP
    'complete'

    Args:
        shards: Folders of all shards of one run (``audit run --shard I/N``), or their ids in ``out``; in any order.
        out: Folder that the run folder is made in; None is ``runs``.
        compute: False loads no weights: what the shards did not answer is left out and said, and shards may be missing.
        database: URL of the ratings that choose what is explained; None is the file next to the run folders.
        progress: True shows a bar in a notebook, False nothing; or a listener (:class:`audit.core.progress.Progress`).
        options: Code that the shards ran is run here only if it is allowed again: ``trust_remote_code``,
            ``allow_pickle``, ``plugins``, ``include_path`` of ``evals``. ``budget`` is that of this call.

    Raises:
        UsageError: An argument is wrong, or the folders are not all the shards of one run.
        EvidenceInvalid: Two shards have different answers to one request.
        Interrupted: The merge was interrupted; ``folder`` is the path of the run folder, to be resumed.
    """
    from audit.pipeline.consent import require_consent  # noqa: PLC0415 - as below
    from audit.pipeline.shards import merging  # noqa: PLC0415 - torch and transformers take seconds to import

    given: dict[str, Any] = with_lists(options)
    _check(given, compute)
    refuse_empty(f"{WHERE}: out", out)
    place = Path(as_path(out) or DEFAULT_OUT)
    folders = [RunFolder.resolve(name, place) for name in _names(shards)]
    config = merging.merged_config(folders, place)
    require_consent(config, given, WHERE, allowing)
    budget = validate(BudgetConfig, given.get("budget") or {}, WHERE)
    config = config.model_copy(update={"budget": budget})
    with listening(progress) as listener:
        return Run(merging.merge(config, folders, listener, computes=compute, database=database))


def _check(given: Mapping[str, object], compute: object) -> None:
    """Refuse options that a merge does not take.

    Raises:
        UsageError: There is one.
    """
    evals = given.get("evals")
    strange = next((name for name in given if name not in ALLOWED), None)
    if strange is None and evals is not None and (not isinstance(evals, dict) or set(evals) != {"include_path"}):
        strange = "evals"
    if strange is not None and strange in RunConfig.model_fields:
        msg = f"{WHERE}: a merge keeps the configuration of its shards: leave out {strange}"
        raise UsageError(msg)
    if strange is not None:
        hint = did_you_mean(strange, ALLOWED) or f" Known here: {', '.join(ALLOWED)}."
        msg = f"{WHERE}: unknown option {strange!r}.{hint}"
        raise UsageError(msg)
    if not isinstance(compute, bool):
        msg = f"{WHERE}: compute is True or False, not {printable(repr(compute), 60)}"
        raise UsageError(msg)


def _names(shards: object) -> list[str]:
    """The folders, as they were given.

    Raises:
        UsageError: There is none, or one is something else.
    """
    one = isinstance(shards, KINDS)
    several: list[object] = [shards] if one or not isinstance(shards, Iterable) else list(shards)
    names = [str(each.path if isinstance(each, Run) else each) for each in several if isinstance(each, KINDS)]
    if not names or len(names) < len(several):
        msg = f"{WHERE}: give the folders of all shards, such as ['runs/shards/A', 'runs/shards/B']"
        raise UsageError(msg)
    for name in names:
        refuse_empty(f"{WHERE}: a shard", name)
    return names
