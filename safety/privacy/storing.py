"""What is done with every sample before it is stored: offensive text is flagged, personal data taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.sensitive import OFFENSIVE, UNJUDGED
from audit.safety.privacy.redaction import redact
from audit.safety.scorers.audit_toxicity import windows
from audit.safety.scorers.profanity_check import ProfanityCheck
from audit.safety.scorers.toxicity import score_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.core.records import RawOutput, Sample, TaskResult
    from audit.safety.scorers.toxicity import Toxicity, ToxicityScorer

THRESHOLD = 0.5
"""Score from which text is hidden."""
WINDOW, OVERLAP = 24, 8
"""Words that are judged together: the scorer is a sum over words, in which one insult drowns from some sixty on."""


def handle(result: TaskResult, key: bytes, scorer: ToxicityScorer | None = None) -> tuple[TaskResult, list[RawOutput]]:
    """A result as it may be stored.

    Samples of probes are hidden whatever they hold; those of benchmarks get the flag ``offensive`` where a scorer
    says so and ``offence_unknown`` where it fails or does not read the language, so that a failure hides.

    Args:
        result: Of any task.
        key: Of the digests that stand for personal data.
        scorer: Judges benchmarks' text; None takes the scorer that is always at hand.

    Returns:
        The result, and the outputs from which personal data was taken.
    """
    judged = flag_offensive(result.samples, scorer) if result.suite == "evals" else result.samples
    samples, raw = redact(judged, key)
    return result.model_copy(update={"samples": samples}), raw


def flag_offensive(samples: Sequence[Sample], scorer: ToxicityScorer | None = None) -> list[Sample]:
    """The samples, with a flag on those with a text that is offensive or could not be judged."""
    texts = list(dict.fromkeys(part for sample in samples for part in _parts(sample)))
    try:
        verdicts = dict(zip(texts, score_texts(scorer or ProfanityCheck(), texts), strict=True))
    except Exception:  # noqa: BLE001 - a scorer that cannot even start must not cost the results
        verdicts = {}
    return [_flagged(sample, [verdicts.get(part) for part in _parts(sample)]) for sample in samples]


def _parts(sample: Sample) -> list[str]:
    """What is judged of a sample: its texts that are not blank, in windows, or one insult drowns in a long text."""
    whole = (text for text in _texts(sample) if text and text.strip())
    return [part for text in whole for part in windows(text, WINDOW, OVERLAP)]


def _texts(sample: Sample) -> tuple[str | None, ...]:
    """Every text of a sample that a reader may see."""
    return sample.prompt, sample.reference, sample.thinking, sample.output


def _flagged(sample: Sample, verdicts: Sequence[Toxicity | None]) -> Sample:
    values = [None if verdict is None else verdict.value for verdict in verdicts]
    offensive = any(value is not None and value >= THRESHOLD for value in values)
    flags = [OFFENSIVE] if offensive else [UNJUDGED] if None in values else []
    return sample.model_copy(update={"flags": [*sample.flags, *flags]}) if flags else sample
