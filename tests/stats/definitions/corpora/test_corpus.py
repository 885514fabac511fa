"""Corpus BLEU and chrF against sacreBLEU's own functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import sacrebleu

from audit.evals.corpus_scores import bleu, bleu_zh, chrf
from audit.stats.definitions import Corpus, read
from tests.stats.definitions.conftest import texts

if TYPE_CHECKING:
    from collections.abc import Callable

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
    version = sacrebleu.__version__
    assert chrf.definition.signature() == f"nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{version}"
    assert bleu_zh.definition.signature() == f"nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:{version}"


@pytest.mark.parametrize("corpus", [Corpus(metric="bleu"), Corpus(metric="chrf")])
def test_every_resample_scores_as_a_corpus_of_its_own(corpus: Corpus) -> None:
    table = corpus.table(texts(PAIRS))
    score = sacrebleu.corpus_bleu if corpus.metric == "bleu" else sacrebleu.corpus_chrf
    for index in ([0, 1, 2, 3], [0, 0, 1, 3], [2, 2, 2, 2]):
        expected = score([HYPOTHESES[i] for i in index], [[REFERENCES[i] for i in index]]).score
        assert corpus.of_rows(table.rows[index]) == pytest.approx(expected)


def test_the_interval_holds_the_score_and_repeats() -> None:
    pairs = [*PAIRS, ("A short one.", "A very short one.")]
    corpus = Corpus(metric="chrf", seed=3, resamples=200)
    found = corpus.estimate(texts(pairs), unit="chrf")
    assert found.interval is not None
    assert found.value is not None
    assert found.interval.low < found.value < found.interval.high
    assert read(corpus.written()).estimate(texts(pairs), unit="chrf") == found
    sentences = [sacrebleu.corpus_chrf([hypothesis], [[reference]]).score for reference, hypothesis in pairs]
    assert min(sentences) <= found.interval.low
    assert found.interval.high <= max(sentences)


def test_one_sentence_has_a_score_and_no_interval() -> None:
    found = Corpus(metric="bleu", resamples=100).estimate(texts(PAIRS[:1]), unit="bleu")
    assert (found.n, found.interval) == (1, None)
    assert found.value is not None


def test_space_around_answers_does_not_count_and_absent_ones_are_missing() -> None:
    spaced = texts([*((reference, f"  {hypothesis}\n") for reference, hypothesis in PAIRS), (REFERENCES[0], None)])
    found = Corpus(metric="bleu").estimate(spaced, unit="bleu", interval=False)
    assert found.value == pytest.approx(sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score)
    assert (found.n, found.missing) == (4, 1)
    assert Corpus(metric="bleu").estimate([], unit="bleu").error == "none of 0 items could be scored"


def test_no_sentences_have_no_score() -> None:
    assert Corpus(metric="bleu").counts([]).shape == (0, 0)
    assert np.isnan(Corpus(metric="bleu").of_rows(np.empty((0, 0))))


def test_sentences_with_an_error_or_without_a_text_are_left_out() -> None:
    bare = texts([("a", "b")])[0]
    assert Corpus.pair(bare) == ("a", "b")
    for changes in ({"error": "lost"}, {"reference": None}, {"output": None}):
        assert Corpus.pair(bare.model_copy(update=changes)) is None


def test_counts_are_whole_numbers() -> None:
    counts = Corpus(metric="bleu").counts(PAIRS)
    assert counts.shape[0] == len(PAIRS)
    assert np.array_equal(counts, counts.astype(int))


def test_resamples_are_samples_repeated(resamples_as_repeated: Callable[..., None]) -> None:
    resamples_as_repeated(Corpus(metric="chrf"), texts(PAIRS), [2, 0, 3, 1], "chrf")
    assert np.isnan(Corpus(metric="chrf").resample(texts(PAIRS)).value(np.zeros(4)))


def test_white_space_around_an_answer_is_not_compared() -> None:
    (sample,) = texts([("a b", " a b\n")])
    assert Corpus.pair(sample) == ("a b", "a b")
