"""What happens to every sample before it is stored: offensive text is flagged and personal data removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import RAISED_BY_OTHERS
from audit.core.records import Flag, Sample
from audit.safety.privacy.redaction import redact
from audit.safety.scorers.audit_toxicity import windows
from audit.safety.scorers.profanity_check import ProfanityCheck
from audit.safety.scorers.toxicity import THRESHOLD, score_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from audit.core.records import RawOutput, SampledText, TaskResult
    from audit.safety.scorers.toxicity import Toxicity, ToxicityScorer

WINDOW, OVERLAP = 24, 8
"""Words that are judged together: the scorer is a sum over words, in which one insult drowns from some sixty on."""


def handle(result: TaskResult, key: bytes, scorer: ToxicityScorer | None = None) -> tuple[TaskResult, list[RawOutput]]:
    """A result as it may be stored.

    Samples of probes are hidden whatever they contain. Those of benchmarks, and each of their completions, get the flag
    ``offensive`` where a scorer says so and ``offence_unknown`` where it fails or does not read the language, so that a
    failure hides.

    Args:
        result: Of any task.
        key: Of the digests that replace personal data.
        scorer: Judges benchmarks' text; None takes the scorer that is always at hand.

    Returns:
        The result, and the outputs from which personal data was taken.
    """
    judged = flag_offensive(result.samples, scorer) if result.suite == "evals" else result.samples
    samples, raw = redact(judged, key)
    return result.model_copy(update={"samples": samples}), raw


def flag_offensive(samples: Sequence[Sample], scorer: ToxicityScorer | None = None) -> list[Sample]:
    """The samples, with a flag on each sample and completion that has an offensive or unjudged text."""
    answers: list[Sample | SampledText] = [*samples]
    answers += [completion for sample in samples for completion in sample.completions]
    texts = list(dict.fromkeys(part for answer in answers for part in _parts(answer)))
    try:
        verdicts = dict(zip(texts, score_texts(scorer or ProfanityCheck(), texts), strict=True))
    except RAISED_BY_OTHERS:  # a scorer that cannot even start must not cost the results
        verdicts = {}
    return [_flagged(sample, verdicts) for sample in samples]


def _parts(answer: Sample | SampledText) -> list[str]:
    """The parts of a sample or completion to judge: its texts that are not blank, in windows."""
    whole = (text for text in _texts(answer) if text and text.strip())
    return [part for text in whole for part in windows(text, WINDOW, OVERLAP)]


def _texts(answer: Sample | SampledText) -> tuple[str | None, ...]:
    """Every text that a reader may see, but for those of a sample's completions, which have their own flags."""
    if isinstance(answer, Sample):
        return answer.prompt, answer.reference, answer.thinking, answer.output
    return answer.thinking, answer.text


def _flagged(sample: Sample, verdicts: Mapping[str, Toxicity]) -> Sample:
    """The sample with flags on itself and on its completions."""
    completions = [one.model_copy(update={"flags": _flags(one, verdicts)}) for one in sample.completions]
    return sample.model_copy(update={"flags": _flags(sample, verdicts), "completions": completions})


def _flags(answer: Sample | SampledText, verdicts: Mapping[str, Toxicity]) -> list[Flag]:
    """The flags of a sample or completion, with one more where it is to be hidden."""
    found = [verdicts.get(part) for part in _parts(answer)]
    values = [None if verdict is None else verdict.value for verdict in found]
    offensive = any(value is not None and value >= THRESHOLD for value in values)
    return [*answer.flags, *([Flag.OFFENSIVE] if offensive else [Flag.UNJUDGED] if None in values else [])]
