"""Corpus BLEU and chrF against sacreBLEU's own functions."""

from __future__ import annotations

import numpy as np
import pytest
import sacrebleu

from audit.evals.corpus_scores import CorpusMetric, bleu, bleu_zh, chrf

REFERENCES = [
    "The quick brown fox jumps over the lazy dog.",
    "She sells sea shells by the sea shore every day.",
    "It is raining cats and dogs in the old town.",
    "Please enter a valid date and time in this field.",
]
HYPOTHESES = [
    "The quick brown fox jumped over the lazy dog.",
    "She sells shells by the sea shore daily.",
    "It rains cats and dogs in the town.",
    "Please enter a valid date in this field.",
]
PAIRS = list(zip(REFERENCES, HYPOTHESES, strict=True))
CHINESE = [
    ("这是您的主控台，将会显示帮助信息。", "这是你的主控台，会显示帮助。"),
    ("请输入有效的日期。", "请输入有效日期。"),
]


def test_bleu_is_sacrebleus() -> None:
    assert bleu(PAIRS) == pytest.approx(sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score)


def test_chrf_is_sacrebleus() -> None:
    assert chrf(PAIRS) == pytest.approx(sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score)


def test_chinese_is_cut_into_characters() -> None:
    references, hypotheses = [pair[0] for pair in CHINESE], [pair[1] for pair in CHINESE]
    expected = sacrebleu.corpus_bleu(hypotheses, [references], tokenize="zh").score
    assert bleu_zh(CHINESE) == pytest.approx(expected)
    assert expected > bleu(CHINESE)


def test_signature_says_how() -> None:
    chrf(PAIRS)
    bleu_zh(CHINESE)
    assert chrf.signature == f"nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{sacrebleu.__version__}"
    assert bleu_zh.signature == f"nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:{sacrebleu.__version__}"


@pytest.mark.parametrize("metric", [bleu, chrf])
def test_every_resample_scores_as_a_corpus_of_its_own(metric: CorpusMetric) -> None:
    counts = metric._sentence_counts(PAIRS)
    for index in ([0, 1, 2, 3], [0, 0, 1, 3], [2, 2, 2, 2]):
        assert metric._score_of_counts(counts[index]) == pytest.approx(metric([PAIRS[i] for i in index]))


def test_interval_holds_the_score_and_repeats() -> None:
    interval = chrf.interval(PAIRS, seed=3, resamples=200)
    assert interval is not None
    assert interval.low < chrf(PAIRS) < interval.high
    assert interval == chrf.interval(PAIRS, seed=3, resamples=200)
    sentences = [chrf([pair]) for pair in PAIRS]
    assert min(sentences) <= interval.low
    assert interval.high <= max(sentences)


def test_one_sentence_has_no_interval() -> None:
    assert bleu.interval(PAIRS[:1], seed=0, resamples=100) is None


def test_counts_are_whole_numbers() -> None:
    counts = bleu._sentence_counts(PAIRS)
    assert counts.shape[0] == len(PAIRS)
    assert np.array_equal(counts, counts.astype(int))
