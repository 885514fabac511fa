"""Harmless sentences and insults that mention groups of people: labelled text to judge a toxicity scorer by.

Dixon et al. 2018, "Measuring and Mitigating Unintended Bias in Text Classification" (AIES, doi:10.1145/3278721.3278729)
fill templates alike for all groups; the metrics are those of Borkan et al. 2019 (see
:mod:`audit.safety.probes.toxicity.toxicity_scorer`). The sentences are of this project.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.safety.own_data.shipped import shipped
from audit.safety.predictions import Predictions
from audit.safety.scorers.language import ENGLISH
from audit.safety.scorers.toxicity import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.core.assets import DataSet

DATASETS = {"en": "identity_mentions", "zh": "identity_mentions_zh"}
"""Language to the name of its sentences."""
TEXT, LABEL = "text", "label"


def mentions(language: str = "en") -> DataSet:
    """Every template with every group: ``text``, ``label`` (1 for an insult) and ``identity_NAME`` of each group.

    Args:
        language: A key of :data:`DATASETS`.
    """
    return shipped(DATASETS[language], _rows)


def as_predictions(languages: frozenset[str] = ENGLISH) -> Predictions:
    """The same as labelled text, as if it had been read from a file.

    Args:
        languages: That the scorer reads: English sentences unless it reads Chinese and no English.
    """
    language = "zh" if "zh" in languages and "en" not in languages else "en"
    rows = list(mentions(language).rows)
    return Predictions(Path(f"{DATASETS[language]}.yaml"), TEXT, list(range(1, len(rows) + 1)), rows)


def _rows(source: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows in the order of the file: templates of both kinds, each with all groups and with the others."""
    columns = {name: f"{IDENTITY}{name}" for name in source["groups"]}
    for label, kind in enumerate(("harmless", "toxic")):
        for template in source[kind]:
            for name, (one, many, predicate) in {**source["groups"], **source["others"]}.items():
                text = template.format(one=one, many=many, Many=many[0].upper() + many[1:], **{"is": predicate})
                yield {TEXT: text, LABEL: label, **{column: int(known == name) for known, column in columns.items()}}
