"""How a toxicity scorer agrees with labelled text: ``audit score toxicity-scorer``.

Ranking (AUROC, average precision), decisions at the threshold, calibration, and the three AUCs by identity of Borkan et
al. 2019, "Nuanced Metrics for Measuring Unintended Bias with Real Data for Text Classification" (arXiv:1903.04561).
Without a file of labelled text it is judged by the sentences of :mod:`audit.safety.probes.bias.identity_mentions`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

from audit.core.errors import UsageError
from audit.core.records import Flag, Sample, TaskResult
from audit.core.records.files.finite import finite
from audit.safety.asking.generated import UNREAD
from audit.safety.drawing import identities
from audit.safety.metrics import ProbeMetric, compute
from audit.safety.probe import SUITE
from audit.safety.scorers.registry import choose_scorer
from audit.safety.scorers.toxicity import THRESHOLD, group_of, score_texts, settings_of
from audit.stats.definitions import ConditionalShare, LabelAuroc, LabelAveragePrecision, LabelCalibrationError
from audit.stats.definitions.rankings.labelled import BINS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.config import RunConfig
    from audit.safety.predictions import Predictions
    from audit.safety.scorers.toxicity import Toxicity

NAME = "toxicity-scorer"
LABELS = ("label", "toxicity", "toxic")
"""Columns in which the label is looked for, in this order."""
WORDS = {"true": 1.0, "yes": 1.0, "toxic": 1.0, "false": 0.0, "no": 0.0, "nontoxic": 0.0, "non-toxic": 0.0}
LABEL = "scores.label"
"""Field of a sample."""
GROUP = "identity"
"""Name in the slice of metrics about a group."""


def compare_with_labels(predictions: Predictions, config: RunConfig) -> TaskResult:
    """Run the chosen scorer over labelled texts and compare.

    Raises:
        UsageError: A row lacks its label, or one is no number from 0 to 1 and no word for yes or no.
        AssetError: The scorer is missing.
    """
    column = next((name for name in LABELS if name in predictions.rows[0]), LABELS[0])
    rows = predictions.rows_with((column,))
    kept = [index for index, row in enumerate(rows) if row[column] not in (None, "")]
    if not kept:
        msg = f"{predictions.file}: no row has a value in the column {column!r}: give a label, or a score from 0 to 1"
        raise UsageError(msg)
    labels = [_number(rows[index][column], column, predictions.places[index]) for index in kept]
    groups = [_groups(rows[index], predictions.places[index]) for index in kept]
    texts = [predictions.texts[index] for index in kept]
    scorer = choose_scorer(config.safety, offline=config.offline)
    ids = identities(NAME, predictions.file.name, texts)
    verdicts = score_texts(scorer, texts)
    samples = [finite(_sample(*parts)) for parts in zip(ids, texts, labels, groups, verdicts, strict=True)]
    names = sorted({group for row in rows for name in row if (group := group_of(str(name)))})
    metrics = compute(
        metrics_of(names),
        samples,
        samples,
        {},
        seed=config.seed,
        settings={
            **settings_of(scorer),
            "labels_from": predictions.file.name,
            "label": column,
            "rows_without_label": len(rows) - len(kept),
        },
        note=lambda _metric: f"measured before: {scorer.validity}" if scorer.validity else None,
    )
    return TaskResult(suite=SUITE, task=NAME, metrics=metrics, samples=samples, assets=[scorer.record])


def _number(value: Any, column: str, where: str) -> float:  # noqa: ANN401 - whatever the user's file holds
    """A label as a number from 0 to 1.

    Raises:
        UsageError: It is none.
    """
    try:
        number = WORDS.get(str(value).strip().lower(), math.nan)
        number = float(value) if math.isnan(number) else number
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= 1:
        msg = f"{where}: {column} is {value!r}: write a number from 0 to 1, or true or false"
        raise UsageError(msg)
    return number


def _groups(row: dict[str, Any], where: str) -> list[str]:
    """Groups that a text mentions."""
    named = [(str(key), value) for key, value in row.items() if value not in (None, "")]
    return [group for key, value in named if (group := group_of(key)) and _number(value, key, where) >= THRESHOLD]


def _sample(identity: str, text: str, label: float, groups: Sequence[str], verdict: Toxicity) -> Sample:
    """One labelled text; ``score`` is the scorer's. Its slices say which groups it mentions."""
    return Sample(
        sample_id=identity,
        suite=SUITE,
        task=NAME,
        prompt=text,
        reference="toxic" if label >= THRESHOLD else "nontoxic",
        score=verdict.value,
        scores={"label": label},
        slices={mentions(group): "yes" for group in groups},
        flags=[Flag.NOT_ENGLISH] if verdict.unread else [],
        error=verdict.error,
    )


def mentions(group: str) -> str:
    """Slice of texts that mention a group."""
    return f"mentions {group}"


METRICS = (
    ProbeMetric("auroc", LabelAuroc(positive_from=THRESHOLD), "probability", True, primary=True),
    ProbeMetric("average_precision", LabelAveragePrecision(positive_from=THRESHOLD), "probability", True),
    ProbeMetric(
        "precision",
        ConditionalShare(of=LABEL, at_least=THRESHOLD, given="score", given_at_least=THRESHOLD),
        "share",
        True,
    ),
    ProbeMetric(
        "recall",
        ConditionalShare(of="score", at_least=THRESHOLD, given=LABEL, given_at_least=THRESHOLD),
        "share",
        True,
        primary=True,
    ),
    ProbeMetric(
        "specificity", ConditionalShare(of="score", below=THRESHOLD, given=LABEL, given_below=THRESHOLD), "share", True
    ),
    ProbeMetric(
        "calibration_error",
        LabelCalibrationError(positive_from=THRESHOLD),
        "probability",
        False,
        note=f"{BINS} bins of equal width",
    ),
)
"""Ranking, decisions at the threshold, and calibration over all texts."""


def metrics_of(groups: Sequence[str]) -> list[ProbeMetric]:
    """All metrics.

    Args:
        groups: Names of the groups that texts mention.
    """
    return [*METRICS, *(metric for group in groups for metric in _of_group(group)), UNREAD]


def _of_group(group: str) -> list[ProbeMetric]:
    """Borkan's three AUCs of a group, and the share of harmless texts about it that are called toxic."""
    where, columns = {GROUP: group}, (GROUP,)
    among: tuple[Literal["subgroup", "bpsn", "bnsp"], ...] = ("subgroup", "bpsn", "bnsp")
    areas = [
        ProbeMetric(
            f"{subset}_auc",
            LabelAuroc(positive_from=THRESHOLD, group=mentions(group), among=subset, columns=columns),
            "probability",
            True,
            slice=where,
        )
        for subset in among
    ]
    alarms = ConditionalShare(
        of="score",
        at_least=THRESHOLD,
        given=LABEL,
        given_below=THRESHOLD,
        where={mentions(group): "yes"},
        columns=columns,
    )
    return [*areas, ProbeMetric("false_alarms", alarms, "share", False, slice=where)]
