"""Runs a benchmark of word problems together with their fresh twins, and measures the gap."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from audit.core import assets
from audit.core.errors import TaskUnavailable
from audit.core.formatting import counted
from audit.core.item_draw import choose
from audit.core.records import Flag, MetricWords, TaskWords
from audit.core.words.counts import CUT_ANSWERS, CUT_PROMPTS, UNREAD_ANSWERS
from audit.engine.chat import uses_chat_template
from audit.evals.asking import doc_hash, prepare
from audit.evals.catalogue import own_tasks, tasks_folder
from audit.evals.contamination.results import Declared, result_of
from audit.evals.evaluation import answered
from audit.evals.lm_eval.quiet import quiet
from audit.evals.lm_eval.seeds import SeededManager, fix_draws
from audit.evals.settings import task_settings
from audit.evals.twins.bindings import NoTwin
from audit.evals.twins.makers import MAKERS
from audit.stats.aggregate import IF_RIGHT, IF_WRONG, TRUNCATED_OUTPUTS
from audit.stats.definitions import Count, Mean, PairedShares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig, TaskConfig
    from audit.core.records import Sample, TaskResult
    from audit.engine import Engine

Pair = tuple[dict[str, Any], dict[str, Any]]
"""A row and its twin."""
VERSION, PUBLIC, TWIN = "version", "public", "twin"
"""Name and values of the slice that distinguishes a problem from its twin."""


def _gap(ending: str, if_cut: Literal["lowest", "highest"] | None, note: str) -> Declared:
    """The gap, or one end of the range that cut answers leave open."""
    words = MetricWords(
        title=f"Gap between published problems and their twins{note}",
        above="Answers published problems better than their twins",
        within="Not shown to answer published problems better than their twins",
        below="Answers published problems worse than their twins",
        guess="equal skill on both",
    )
    definition = PairedShares(by=VERSION, first=PUBLIC, second=TWIN, scale=100.0, if_cut=if_cut)
    return Declared(f"gap{ending}", definition, "points", words, primary=not ending, chance=0.0)


def _right(version: str, of: str, ending: str = "", if_cut: float | None = None) -> Declared:
    """The share of right answers to problems of one version, or one end of the range that cut answers leave open."""
    words = MetricWords(title=f"Right answers to {of}", of=f"of {of} are answered right")
    definition, where = Mean(if_cut=if_cut), {VERSION: version}
    return Declared(f"exact_match{ending}", definition, "share", words, higher_is_better=True, slice=where)


OF_VERSION = {TWIN: "twins", PUBLIC: "published problems"}
METRICS = (
    _gap("", None, ""),
    *(_right(version, of) for version, of in OF_VERSION.items()),
    Declared("unparsed_answers", Count(flags=(Flag.UNPARSED_ANSWER.value,)), "count", UNREAD_ANSWERS),
    Declared("truncated_prompts", Count(flags=(Flag.TRUNCATED_PROMPT.value,)), "count", CUT_PROMPTS),
    Declared(TRUNCATED_OUTPUTS, Count(flags=(Flag.TRUNCATED_OUTPUT.value,)), "count", CUT_ANSWERS),
)
BOUNDS = (
    _gap(IF_WRONG, "lowest", ", if cut answers to published problems are wrong and those to twins right"),
    _gap(IF_RIGHT, "highest", ", if cut answers to published problems are right and those to twins wrong"),
    *(_right(version, of, IF_WRONG, 0.0) for version, of in OF_VERSION.items()),
    *(_right(version, of, IF_RIGHT, 1.0) for version, of in OF_VERSION.items()),
)
"""Where the token limit cut answers: what they leave open."""


def check_twins(engine: Engine, config: RunConfig, wanted: TaskConfig, base: str) -> TaskResult:
    """The result on problems that a limit draws among those with a twin, each with its twin.

    The idea is that of GSM1k (Zhang et al. 2024, "A Careful Examination of Large Language Model Performance on Grade
    School Arithmetic", arXiv:2405.00332) and GSM-Symbolic (Mirzadeh et al. 2024, arXiv:2410.05229).

    Args:
        engine: The checkpoint.
        config: Of the run.
        wanted: ``TASK.twins``; a limit counts pairs.
        base: The benchmark task.

    Raises:
        TaskUnavailable: No problem has a twin.
        AssetMissing: The data cannot be had.
    """
    own = own_tasks()[base]
    with quiet():
        manager = SeededManager(config.seed, include_path=tasks_folder(), include_defaults=False)
        task = manager.load([base])["tasks"][base]
    rows = [dict(row) for row in task.eval_docs]
    pairs, reasons = paired(base, rows, config.seed)
    if not pairs:
        msg = f"{wanted.name}: none of {counted(len(rows), 'problem')} has a twin"
        raise TaskUnavailable(msg)
    drawn = [pairs[place] for place in choose(len(pairs), wanted.limit, config.seed, base)]
    task.config.task = wanted.name
    task.task_docs = [row for pair in drawn for row in pair]
    prepare(task, config.evals, own, engine)
    fix_draws(task, config.seed)
    indices = list(range(2 * len(drawn)))
    _, samples = answered(engine, config, task, indices, replace(own, slices=()), own.data[0])
    why = "; ".join(f"{count:,}: {reason}" for reason, count in reasons.most_common())
    none = f"{len(rows) - len(pairs):,} of {counted(len(rows), 'problem')} have no twin and are not asked"
    templated = uses_chat_template(engine, config.chat_template, generates=True)
    settings = task_settings(task, config, templated=templated)
    title = own.words.title if own.words else base
    return result_of(
        wanted.name,
        _in_pairs(samples),
        [*METRICS, *(BOUNDS if any(Flag.TRUNCATED_OUTPUT in sample.flags for sample in samples) else ())],
        config,
        words=TaskWords(
            title=f"{title}: fresh twins",
            question="Does it solve the problems as well with other numbers and names?",
            good="No gap.",
        ),
        settings={**settings, "twins": 1},
        note=f"{none} ({why})" if reasons else none,
        records=[assets.dataset(name).record for name in own.data],
    )


def paired(base: str, rows: Sequence[dict[str, Any]], seed: int) -> tuple[list[Pair], Counter[str]]:
    """The rows that have a twin, each with it, and why others have none, with their number.

    Args:
        base: Name of the benchmark task.
        rows: All of its data set.
        seed: Of the run.
    """
    pairs: list[Pair] = []
    reasons = Counter[str]()
    for row in rows:
        try:
            pairs.append((row, MAKERS[base].twin(row, seed, doc_hash(row)).row))
        except NoTwin as why:
            reasons[str(why)] += 1
    return pairs, reasons


def _in_pairs(samples: Sequence[Sample]) -> list[Sample]:
    """The samples, which alternate between a problem and its twin, each with the name of its pair and its version."""
    return [
        sample.model_copy(
            update={
                "pair": samples[place - place % 2].sample_id,
                "slices": {VERSION: (PUBLIC, TWIN)[place % 2]},
            }
        )
        for place, sample in enumerate(samples)
    ]
