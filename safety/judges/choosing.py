"""Which model judges, by what a configuration says: the checkpoint, how it is asked, and its measurement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from audit.core.config import RunConfig
from audit.core.errors import AssetError, AssetMissing, CheckpointError, ScoringUnavailable, UsageError, did_you_mean
from audit.engine import configured
from audit.engine.checkpoint.hub import cached_commit, split_revision
from audit.safety.judges.answers import ModelJudge, by_refusal
from audit.safety.judges.measured import differing, stored_measurement
from audit.safety.judges.rubric import load_rubric
from audit.safety.judges.verdicts import JudgeAsking, RubricJudge
from audit.safety.scorers.guard.answers import GuardJudge, of_guard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.engine import Engine
    from audit.safety.judges.measured import JudgeMeasurement, MeasurableJudge

CLASSIFIER, JUDGE, GUARD = "refusal-classifier", "judge", "guard"
"""What ``safety.answer_judge`` may begin with."""
KNOWN = (CLASSIFIER, f"{JUDGE}:ENGINE", f"{GUARD}:MODEL")
ANSWERS = "refusal"
"""Packaged rubric with which a checkpoint judges answers."""
COMPLIANT = "no refusal"
"""Level of that rubric that counts as compliance."""


class Cited(NamedTuple):
    """What is known of a judge."""

    measured: JudgeMeasurement | None
    """The measurement of exactly this judge."""
    why_none: str = ""
    """Why there is none."""


def check_answer_judge(name: str, measured: Sequence[Path] = ()) -> None:
    """Refuse a judge that does not exist, and files that hold no measurement, by what a configuration says.

    Raises:
        UsageError: With the nearest known name.
        ConfigError: A file holds no measurement.
    """
    kind, _, model = name.partition(":")
    if name != CLASSIFIER and (kind not in {JUDGE, GUARD} or not model):
        hint = did_you_mean(name, KNOWN)
        msg = f"safety.answer_judge: unknown judge {name!r}: use {', '.join(KNOWN)}.{hint}"
        raise UsageError(msg)
    for file in measured:
        stored_measurement(file)


def answer_judge(config: RunConfig) -> ModelJudge:
    """The model that a configuration names as judge of answers.

    Raises:
        UsageError: No judge is called so.
        AssetMissing: It is nowhere to be found.
        AssetError: It cannot be loaded, or is no guard model that is known.
        ConfigError: A file of measurements holds none.
    """
    check_answer_judge(config.safety.answer_judge)
    kind, _, model = config.safety.answer_judge.partition(":")
    if kind == GUARD:
        guard = guard_of(model, offline=config.offline)
        known = cited(config.safety.judge_measured, guard)
        return of_guard(guard, known.measured, known.why_none)
    judge, engine = rubric_judge(model, ANSWERS, offline=config.offline)
    known = cited(config.safety.judge_measured, judge)
    return ModelJudge(judge, COMPLIANT, by_refusal, known.measured, known.why_none, engine.record.source)


def guard_of(model: str, *, offline: bool = False) -> GuardJudge:
    """A guard model as judge of answers: a folder or a hub id, and after ``@`` a commit, tag or branch of the hub's.

    Raises:
        AssetMissing: It is nowhere to be found.
        AssetError: It cannot be loaded, or is no guard model that is known.
    """
    name, revision = split_revision(model)
    engine, _ = _loaded(name, GUARD, offline=offline, revision=revision)
    return GuardJudge(engine, cached_commit(name, revision))


def rubric_judge(model: str, rubric: str, *, offline: bool = False) -> tuple[RubricJudge, Engine]:
    """A checkpoint with a packaged rubric, asked by likelihood where it gives one, else by what it writes.

    It is loaded as ``audit judge measure --model MODEL`` loads it, whatever the audited checkpoint's settings are.

    Args:
        model: As after ``--model``.
        rubric: Name of the rubric.
        offline: Never ask the hub.

    Raises:
        AssetMissing: The checkpoint is nowhere to be found.
        AssetError: It cannot be loaded.
    """
    engine, config = _loaded(model, JUDGE, offline=offline)
    try:
        engine.check_scoring()
        asking = JudgeAsking("likelihood")
    except ScoringUnavailable:
        asking = JudgeAsking("generation")
    return RubricJudge.of_config(engine, load_rubric(rubric), asking, config), engine


def _loaded(model: str, kind: str, *, offline: bool, revision: str | None = None) -> tuple[Engine, RunConfig]:
    config = RunConfig(model=model, revision=revision, offline=offline)
    try:
        engine = configured.engine_of(config)
        engine.check_sound()
    except CheckpointError as error:
        msg = f"{kind}: {error}"
        raise (AssetError if Path(model).expanduser().exists() else AssetMissing)(msg) from error
    return engine, config


def cited(files: Sequence[Path], judge: MeasurableJudge) -> Cited:
    """The measurement of exactly this judge among files, or why there is none.

    Raises:
        ConfigError: A file holds no measurement.
    """
    if not files:
        return Cited(None, "name the file that `audit judge measure --out` wrote in safety.judge_measured")
    reasons = []
    for file in files:
        found = stored_measurement(file)
        other = differing(found, judge.identity)
        if not other:
            return Cited(found)
        reasons.append(f"{file.name} has another {', '.join(other)}")
    return Cited(None, f"no file of safety.judge_measured is of this judge with this rubric: {'; '.join(reasons)}")
