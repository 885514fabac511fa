"""Every checkpoint that matches, audited one after another in one process, and all of them compared."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from audit.core import assets
from audit.core.errors import (
    RAISED_BY_OTHERS,
    AuditError,
    BudgetSpent,
    Interrupted,
    RunFolderError,
    WriteError,
)
from audit.core.filesystem import make_folder, write_error
from audit.core.progress import Silent
from audit.core.records import SweptCheckpoint, digest_of
from audit.core.text import first_line, printable
from audit.engine.configured import digest_of_files
from audit.gate.progress import is_going_on
from audit.pipeline.audit import audit
from audit.pipeline.checks import check
from audit.pipeline.context import fetch_data
from audit.pipeline.plugins import with_plugins
from audit.pipeline.sweep import found as finding
from audit.pipeline.sweep.compared import earlier_checkpoints, sweep_of, write
from audit.pipeline.sweep.earlier import Earlier, state_of
from audit.pipeline.sweep.places import bits_of, epoch_of, placed, step_of
from audit.safety.suite import check_judges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig
    from audit.core.records import CheckpointState, Sweep
    from audit.core.run_folder import RunFolder
    from audit.pipeline.sweep.found import MatchedCheckpoint, Stamp
    from audit.pipeline.sweep.watch import SweepListener, Watch

LOCKS = ".sweep"
"""Folder of the locks, in that of the runs; its files are empty and stay."""
ELSEWHERE = "another process is auditing it"
WAITING: tuple[CheckpointState, str] = ("waiting", "it was not reached yet")
CHANGED = "its files changed while it was audited"
BEING_WRITTEN = f"one of its files was written in the last {finding.SETTLED_SECONDS:g} seconds"


@dataclass(frozen=True)
class _Outcome:
    """How a checkpoint stands, with the files that it had."""

    found: MatchedCheckpoint
    state: CheckpointState
    reason: str | None = None
    digest: str | None = None
    run: RunFolder | None = None


@dataclass(frozen=True)
class _Known:
    """A checkpoint, with what its files say of its place."""

    found: MatchedCheckpoint
    step: float | None
    epoch: float | None
    bits: float | None


def sweep(
    patterns: Sequence[str],
    config: RunConfig,
    listener: SweepListener,
    *,
    watch: Watch | None = None,
    retry: bool = False,
) -> Sweep:
    """Audit every checkpoint that matches, the newest first, except those that were audited before.

    A checkpoint was audited before if the output folder has a run of the same files with the same settings. A run that
    was interrupted is finished. One checkpoint that fails does not end the sweep. ``sweep.json`` in the output folder
    says how it stands, after every checkpoint.

    Args:
        patterns: As for :func:`audit.pipeline.sweep.found.look`.
        config: What to run; its model is each checkpoint in turn, and its budget holds for each.
        listener: Hears how it goes on.
        watch: Keep looking for new checkpoints; None ends when all that match were audited.
        retry: Also resume runs that ended without some of their tasks.

    Raises:
        Interrupted: While a checkpoint was audited; the same call goes on.
        UsageError: No checkpoint matches, the configuration is wrong, or the output folder cannot be written.
    """
    config = with_plugins(config)
    check(config)
    check_judges(config)
    assets.configure(data_dirs=config.data_dirs, offline=config.offline)
    return _Sweep(patterns, config, listener, watch, retry=retry).audit_all()


class _Sweep:
    """A sweep as it goes on."""

    def __init__(
        self, patterns: Sequence[str], config: RunConfig, listener: SweepListener, watch: Watch | None, *, retry: bool
    ) -> None:
        self._patterns, self._config, self._listener = patterns, config, listener
        self._watch, self._retry = watch, retry
        self._matching = finding.look(patterns, may_be_absent=watch is not None)
        self._earlier = Earlier(config, fetch_data(config, Silent()))
        self._before = earlier_checkpoints(config.out, patterns)
        self._known: dict[str, _Known] = {}
        self._outcomes: dict[str, _Outcome] = {}
        self._digests: dict[tuple[str, Stamp], str] = {}
        self._said: set[str] = set()
        self._made: Sweep | None = None

    def audit_all(self) -> Sweep:
        """Audit until nothing is left to do, or to wait for.

        Raises:
            Interrupted: While a checkpoint was audited.
        """
        waited, settled = 0.0, self._watch is not None
        while True:
            self._know()
            following = next((one for one in self._newest_first() if self._is_open(one)), None)
            if following is not None:
                self._take(following)
                waited = 0.0
            elif not settled and self._is_any_written():
                self._say_what_is_written()
                finding.wait(finding.SETTLED_SECONDS)
                settled = True
            else:
                made = self._write()
                if self._watch is None or (self._watch.idle is not None and waited >= self._watch.idle):
                    return made
                self._say_what_is_written()
                self._say_once("waiting for new checkpoints: Ctrl-C ends the sweep")
                try:
                    self._watch.sleep(self._watch.every)
                except KeyboardInterrupt:  # nothing is lost: that is how a watch ends
                    return made
                waited += self._watch.every
                self._outcomes = {key: one for key, one in self._outcomes.items() if one.state != "audited elsewhere"}
            self._matching = finding.look(self._patterns, may_be_absent=True)

    def _know(self) -> None:
        """Read the places of checkpoints while their files are there."""
        for one in self._matching:
            before = self._known.get(one.key)
            if before is None or before.found.stamp != one.stamp:
                self._known[one.key] = _Known(one, step_of(one), epoch_of(one), bits_of(one))

    def _newest_first(self) -> list[MatchedCheckpoint]:
        """By training step where all have one, else by when they were written."""
        steps = {one.key: self._known[one.key].step for one in self._matching}
        if None in steps.values():
            return sorted(self._matching, key=lambda one: max((w for *_, w in one.stamp), default=0), reverse=True)
        return sorted(self._matching, key=lambda one: steps[one.key] or 0.0, reverse=True)

    def _is_open(self, one: MatchedCheckpoint) -> bool:
        """Whether a checkpoint is to be audited, or was with other files."""
        before = self._outcomes.get(one.key)
        return (before is None or before.found.stamp != one.stamp) and not one.is_being_written(finding.now())

    def _take(self, one: MatchedCheckpoint) -> None:
        """Audit a checkpoint, or find that this is done, and keep how it ended.

        Raises:
            Interrupted: The audit was interrupted.
        """
        config = self._config.model_copy(update={"model": one.model, "revision": one.revision})
        try:
            digest = self._digests.get((one.key, one.stamp)) or digest_of_files(config)
        except (AuditError, OSError) as error:  # an OSError where training deletes it at this moment
            reason = str(error) if isinstance(error, AuditError) else first_line(error)
            self._end(_Outcome(one, "failed", reason))
            return
        self._digests[one.key, one.stamp] = digest
        name = f"{digest_of(digest, self._earlier.digest)[:32]}.lock"
        lock = FileLock(make_folder(self._config.out / LOCKS) / name, blocking=False)
        try:
            lock.acquire()
        except Timeout:
            self._end(_Outcome(one, "audited elsewhere", ELSEWHERE, digest))
            return
        except OSError as error:
            raise write_error(self._config.out / LOCKS / name, error) from error
        try:
            self._audit(one, config, digest)
        finally:
            lock.release()

    def _audit(self, one: MatchedCheckpoint, config: RunConfig, digest: str) -> None:
        """Audit a checkpoint that no other sweep is at, unless a run of it stands."""
        run = next(iter(self._earlier.of(digest)), None)
        if run is not None:
            state, reason = state_of(run)
            if state in ("audited", "broken") or (state == "partial" and not self._retry):
                self._listener.say(f"{self._name(one)}: {state} before, in {run.path}")
                self._outcomes[one.key] = _Outcome(one, state, reason, digest, run)
                return
            if is_going_on(run):
                self._end(_Outcome(one, "audited elsewhere", ELSEWHERE, digest))
                return
        try:
            failed = self._measure(one, config, run)
        except Interrupted:
            self._outcomes[one.key] = self._ended(one, digest, None, "interrupted", "it was interrupted")
            self._write(again=False)
            raise
        self._end(self._ended(one, digest, failed, "failed", failed or CHANGED))
        gc.collect()  # the weights of this checkpoint, before those of the next are read

    def _measure(self, one: MatchedCheckpoint, config: RunConfig, run: RunFolder | None) -> str | None:
        """Audit a checkpoint; why that failed, or None.

        Raises:
            Interrupted: It was interrupted.
            WriteError: Nothing can be written.
        """
        try:
            with self._listener.auditing(self._name(one), self._place(one), len(self._matching)) as progress:
                try:
                    audit(config, progress, resume=run)
                except RunFolderError as error:
                    if run is None:
                        raise
                    progress.say(f"{error}; this one begins")  # another version of a package, say
                    audit(config, progress)
        except WriteError:
            raise
        except (BudgetSpent, AuditError) as error:
            return str(error)
        except RAISED_BY_OTHERS as error:  # of the checkpoint's own code, or of a library that met a strange one
            return f"crashed: {first_line(error)}"
        return None

    def _place(self, one: MatchedCheckpoint) -> int:
        """The how-manieth checkpoint this is, of those that match."""
        return 1 + sum(other.key in self._outcomes for other in self._matching if other.key != one.key)

    def _ended(
        self, one: MatchedCheckpoint, digest: str, failed: str | None, without: CheckpointState, why: str
    ) -> _Outcome:
        """How the audit of a checkpoint ended, from its run, or ``without`` one."""
        run = next(iter(self._earlier.of(digest)), None)
        if run is None:
            return _Outcome(one, without, why, digest)
        state, reason = state_of(run)
        return _Outcome(one, state, (failed if state == "failed" else None) or reason, digest, run)

    def _end(self, outcome: _Outcome) -> None:
        """Keep how a checkpoint stands, and say it where it is not audited."""
        self._outcomes[outcome.found.key] = outcome
        if outcome.state != "audited":
            again = "; looked at again when its files change" if self._watch and outcome.state == "failed" else ""
            reason = printable(outcome.reason or "", 600)
            self._say_once(f"{self._name(outcome.found)}: {outcome.state}: {reason}{again}")
        self._write()

    def _name(self, one: MatchedCheckpoint) -> str:
        return self._names()[one.key]

    def _names(self) -> dict[str, str]:
        names = finding.distinct_names([one.found for one in self._known.values()])
        return dict(zip(self._known, names, strict=True))

    def _is_any_written(self) -> bool:
        """Whether a checkpoint may be whole in a moment: training has just saved it."""
        return any(one.is_being_written(finding.now()) for one in self._matching)

    def _say_what_is_written(self) -> None:
        """Once for each checkpoint that is not ready."""
        for one in self._matching:
            if one.is_being_written(finding.now()):
                self._say_once(f"{self._name(one)}: being written, waiting for it")

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._listener.say(line)

    def _write(self, *, again: bool = True) -> Sweep:
        """The sweep as it stands, on disk; compared ``again``, or as it was compared last."""
        present = {one.key for one in self._matching}
        entries = [
            self._entry(known, name)
            for (key, known), name in zip(self._known.items(), self._names().values(), strict=True)
            if key in present or (key in self._outcomes and self._outcomes[key].run)
        ]
        models = {(one.model, one.revision) for one in entries}
        entries += [one for one in self._before if (one.model, one.revision) not in models]
        if again or self._made is None:
            self._made = sweep_of(self._patterns, entries, self._config.out)
        else:
            self._made = self._made.model_copy(update={"checkpoints": placed(entries)[0]})
        remark = write(self._made, self._config.out)
        if remark:
            self._say_once(remark)
        return self._made

    def _entry(self, known: _Known, name: str) -> SweptCheckpoint:
        one = known.found
        outcome = self._outcomes.get(one.key) or _Outcome(one, *WAITING)
        if outcome.found.stamp != one.stamp or outcome.state == "waiting":
            written = one.is_being_written(finding.now())
            outcome = _Outcome(one, "being written", BEING_WRITTEN) if written else _Outcome(one, *WAITING)
        return SweptCheckpoint(
            name=name,
            model=one.model,
            revision=one.revision,
            step=known.step,
            epoch=known.epoch,
            bits=known.bits,
            modified=one.modified,
            state=outcome.state,
            reason=outcome.reason,
            digest=outcome.digest,
            run=outcome.run.path.name if outcome.run else None,
        )
