"""How a toxicity scorer agrees with labelled text: ``audit score toxicity-scorer``.

Ranking (AUROC, average precision), decisions at the threshold, calibration, and the three AUCs by identity of Borkan et
al. 2019, "Nuanced Metrics for Measuring Unintended Bias with Real Data for Text Classification" (arXiv:1903.04561).
Without a file of labelled text it is judged by the sentences of :mod:`audit.safety.probes.identity_mentions`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score

from audit.core.errors import UsageError
from audit.core.records import Metric, Sample, TaskResult
from audit.safety.drawing import identities
from audit.safety.probe import SUITE
from audit.safety.probes.toxicity_metrics import THRESHOLD
from audit.safety.scorers.language import NOT_ENGLISH, unread_metric
from audit.safety.scorers.registry import choose_scorer
from audit.safety.scorers.toxicity import score_texts
from audit.safety.scorers.validity import told
from audit.stats.aggregate import failed_metric, is_scored, unscored_metric
from audit.stats.intervals import bca_bootstrap, wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from audit.core.config import RunConfig
    from audit.safety.predictions import Predictions

NAME = "toxicity-scorer"
LABELS = ("label", "toxicity", "toxic")
"""Columns in which the label is looked for, in this order."""
IDENTITY = "identity_"
"""Before the name of a column that says, from 0.5 on, that a text mentions a group."""
KINDS_OF_TOXICITY = ("identity_attack", "identity_hate")
"""Columns of Perspective and Jigsaw that begin alike and say something else."""
WORDS = {"true": 1.0, "yes": 1.0, "toxic": 1.0, "false": 0.0, "no": 0.0, "nontoxic": 0.0, "non-toxic": 0.0}
BINS = 10
"""Of the calibration error, of equal width."""
IDENTITY_KEY = "identity"


def score(predictions: Predictions, config: RunConfig) -> TaskResult:
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
    scorer = choose_scorer(config.safety)
    ids = identities(NAME, predictions.file.name, texts)
    samples = [
        _sample(*parts, scorer.record.name)
        for parts in zip(ids, texts, labels, groups, score_texts(scorer, texts), strict=True)
    ]
    names = sorted({name for row in rows for name in row if _is_identity(name)})
    note = (
        f"scorer {scorer.record.name} {scorer.record.version} against the column {column!r} of"
        f" {predictions.file.name}, toxic from {THRESHOLD:g} on; {len(rows) - len(kept)} rows without a label are"
        f" left out; known before: {told(scorer.validity)}"
    )
    metrics = measure(samples, [name.removeprefix(IDENTITY) for name in names], config.seed, note)
    return TaskResult(suite=SUITE, task=NAME, metrics=metrics, samples=samples, assets=[scorer.record])


def _number(value: Any, column: str, where: str) -> float:  # noqa: ANN401 - whatever stands in the user's file
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


def _is_identity(column: object) -> bool:
    """Whether a column says that a text mentions a group."""
    return str(column).startswith(IDENTITY) and column not in KINDS_OF_TOXICITY


def _groups(row: dict[str, Any], where: str) -> list[str]:
    """Groups that a text mentions."""
    named = [(str(key), value) for key, value in row.items() if _is_identity(key) and value not in (None, "")]
    return [key.removeprefix(IDENTITY) for key, value in named if _number(value, key, where) >= THRESHOLD]


def _sample(identity: str, text: str, label: float, groups: Sequence[str], verdict: Any, scorer: str) -> Sample:  # noqa: ANN401
    """One labelled text; ``score`` is the scorer's."""
    return Sample(
        sample_id=identity,
        suite=SUITE,
        task=NAME,
        prompt=text,
        reference="toxic" if label >= THRESHOLD else "nontoxic",
        score=verdict.value,
        scores={"label": label, **{f"{IDENTITY}{group}": 1.0 for group in groups}},
        slices={"scorer": scorer},
        flags=[NOT_ENGLISH] if verdict.unread else [],
        error=verdict.error,
    )


def measure(samples: Sequence[Sample], groups: Sequence[str], seed: int, note: str) -> list[Metric]:
    """All metrics of scored, labelled texts.

    Args:
        samples: ``score`` is the scorer's, ``scores`` holds ``label`` and 1 for ``identity_NAME`` of each group.
        groups: Names of the groups.
        seed: Of the bootstrap.
        note: How the numbers were made.
    """
    scored = [sample for sample in samples if is_scored(sample)]
    table = np.array([[sample.score, (sample.scores["label"] or 0) >= THRESHOLD] for sample in scored], dtype=float)
    table = table.reshape(-1, 2)
    metrics = [
        _ranked("auroc", table, auroc, seed, note, primary=True),
        _ranked("average_precision", table, average_precision, seed, note),
        *_decisions(table, note),
        _ranked(
            "calibration_error", table, calibration_error, seed, f"{BINS} bins of equal width; {note}", better=False
        ),
    ]
    for group in groups:
        inside = np.array([sample.scores.get(f"{IDENTITY}{group}") == 1.0 for sample in scored], dtype=bool)
        where = {IDENTITY_KEY: group}
        for name, chosen in borkan_subsets(table[:, 1] == 1, inside).items():
            metrics.append(_ranked(name, table[chosen], auroc, seed, note, where=where))
        metrics.append(_false_alarms(table[inside], note, where))
    return [*metrics, unread_metric(NAME, samples, note), unscored_metric(SUITE, NAME, samples)]


def borkan_subsets(toxic: NDArray[np.bool_], inside: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """Which texts each of the three AUCs ranks (Borkan et al. 2019, section 3.1).

    ``subgroup_auc``: the texts that mention the group. ``bpsn_auc``: toxic texts that do not and other texts that do;
    low where harmless mentions get high scores. ``bnsp_auc``: toxic texts that do and other texts that do not.
    """
    return {
        "subgroup_auc": inside,
        "bpsn_auc": toxic != inside,
        "bnsp_auc": toxic == inside,
    }


def auroc(table: NDArray[np.float64]) -> float:
    """Area under the ROC curve of rows (score, 1 for toxic), by ranks; ties count one half. NaN without both kinds."""
    toxic = table[:, 1] == 1
    n, m = int(toxic.sum()), int((~toxic).sum())
    if not n or not m:
        return math.nan
    # Mann and Whitney's U; scikit-learn's function takes as long for one table as this for fifty.
    return float((rankdata(table[:, 0])[toxic].sum() - n * (n + 1) / 2) / (n * m))


def average_precision(table: NDArray[np.float64]) -> float:
    """Area under the precision-recall curve, summed by scikit-learn; NaN without both kinds."""
    return float(average_precision_score(table[:, 1], table[:, 0])) if len(set(table[:, 1])) == 2 else math.nan


def calibration_error(table: NDArray[np.float64]) -> float:
    """Expected calibration error (Naeini et al. 2015): mean gap of score and share of toxic texts, over equal bins."""
    places = np.minimum((table[:, 0] * BINS).astype(int), BINS - 1)
    gaps = np.bincount(places, weights=table[:, 0] - table[:, 1], minlength=BINS)
    return float(np.abs(gaps).sum() / len(table)) if len(table) else math.nan


def _ranked(
    name: str,
    table: NDArray[np.float64],
    statistic: Callable[[NDArray[np.float64]], float],
    seed: int,
    note: str,
    *,
    where: dict[str, str] | None = None,
    better: bool = True,
    primary: bool = False,
) -> Metric:
    """A statistic of scores and labels with a bootstrap interval over texts of both kinds."""
    value = statistic(table) if len(table) else math.nan
    about = {"slice": where, "higher_is_better": better, "note": note, "unit": "probability"}
    if math.isnan(value):
        toxic = int(table[:, 1].sum())
        error = f"needs scored texts of both kinds, found {toxic} toxic and {len(table) - toxic} others"
        return failed_metric(SUITE, NAME, name, error, len(table), primary).model_copy(update=about)

    def resampled(rows: NDArray[np.float64]) -> float:
        found = statistic(rows)
        return value if math.isnan(found) else found  # a resample of one kind says nothing

    resample = len(table) <= MOST_RESAMPLED and statistic is not average_precision
    interval = bca_bootstrap(table, resampled, seed=seed) if resample else None
    ends = {"ci_low": interval.low, "ci_high": interval.high, "ci_method": interval.method} if interval else {}
    metric = Metric(
        name=f"{NAME}/{name}", suite=SUITE, task=NAME, metric=name, value=value, n=len(table), primary=primary
    )
    if not resample:
        about["note"] = f"{note}; no interval: the bootstrap would take minutes"
    return metric.model_copy(update={**about, **ends})


MOST_RESAMPLED = 20_000
"""Above this many texts there is no interval, as for the average precision: the bootstrap would take minutes."""


def _decisions(table: NDArray[np.float64], note: str) -> list[Metric]:
    """Precision, recall (sensitivity) and specificity at the threshold, with Wilson intervals."""
    called, toxic = table[:, 0] >= THRESHOLD, table[:, 1] == 1
    counts = {
        "precision": (called & toxic, called, "no text was called toxic"),
        "recall": (called & toxic, toxic, "no text is toxic by its label"),
        "specificity": (~called & ~toxic, ~toxic, "every text is toxic by its label"),
    }
    return [_share(name, int(hits.sum()), int(of.sum()), why, note) for name, (hits, of, why) in counts.items()]


def _false_alarms(table: NDArray[np.float64], note: str, where: dict[str, str]) -> Metric:
    """Share of harmless texts about a group that are called toxic."""
    called, harmless = table[:, 0] >= THRESHOLD, table[:, 1] == 0
    metric = _share("false_alarms", int((called & harmless).sum()), int(harmless.sum()), "no harmless text", note)
    return metric.model_copy(update={"slice": where, "higher_is_better": False})


def _share(name: str, hits: int, n: int, why_not: str, note: str) -> Metric:
    primary = name == "recall"
    told_note = f"{hits} of {n} at {THRESHOLD:g}; {note}"
    if not n:
        failed = failed_metric(SUITE, NAME, name, why_not, 0, primary)
        return failed.model_copy(update={"higher_is_better": True, "note": told_note})
    interval = wilson(hits, n)
    return Metric(
        name=f"{NAME}/{name}",
        suite=SUITE,
        task=NAME,
        metric=name,
        value=hits / n,
        n=n,
        ci_low=interval.low,
        ci_high=interval.high,
        ci_method=interval.method,
        higher_is_better=True,
        primary=primary,
        note=told_note,
    )
