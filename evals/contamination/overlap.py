"""Are the items of a benchmark in a corpus?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from audit.core.errors import ConfigError
from audit.core.formatting import counted
from audit.core.records import MetricWords, Sample, TaskWords, sample_id
from audit.evals.contamination.corpus_files import corpus_files, corpus_record, documents
from audit.evals.contamination.ngrams import NgramIndex, WordDigests, look_through
from audit.evals.contamination.results import SUITE, Declared, result_of
from audit.stats.definitions import Mean

if TYPE_CHECKING:
    from audit.core.config import RunConfig, TaskConfig
    from audit.core.records import TaskResult
    from audit.engine import Engine
    from audit.evals.contamination.benchmark import BenchmarkItem, PublishedItems

SHORT, LONG = 8, 13
"""Words of an n-gram: those of PaLM and of GPT-3."""
MOST_SHARE = 0.7
"""An item with so many of its 8-grams in the corpus counts as contaminated (PaLM)."""
METRICS = (
    Declared(
        "contaminated",
        Mean(at_least=MOST_SHARE),
        "share",
        MetricWords(
            title="Items found in the corpus",
            of=f"of items have at least {MOST_SHARE:.0%} of their {SHORT}-word sequences in the corpus",
        ),
        primary=True,
        ideal=0.0,
    ),
    Declared(
        "any_13_gram",
        Mean(of="scores.any_13_gram"),
        "share",
        MetricWords(
            title=f"Items with a {LONG}-gram in the corpus", of=f"of items share {LONG} words in a row with the corpus"
        ),
        ideal=0.0,
    ),
)


def check_overlap(engine: Engine, config: RunConfig, wanted: TaskConfig, benchmark: PublishedItems) -> TaskResult:
    """The result on the items that a limit draws.

    An item is contaminated if at least 70 % of the 8-grams of its text, or of its question alone, occur in the corpus
    (Chowdhery et al. 2022, "PaLM: Scaling Language Modeling with Pathways", arXiv:2204.02311, section 8). GPT-3 calls
    it dirty if one 13-gram does (Brown et al. 2020, "Language Models are Few-Shot Learners", arXiv:2005.14165, appendix
    C). Words are compared in lower case, without punctuation and names of options. The checkpoint is not asked.

    Raises:
        ConfigError: A file of the corpus cannot be read, or the corpus has fewer words than an n-gram.
    """
    items = benchmark.drawn(wanted, config.seed)
    texts = [*(item.text for item in items), *(item.question or "" for item in items)]
    digests = WordDigests()
    short, long = (NgramIndex(texts, n, digests) for n in (SHORT, LONG))
    files = corpus_files(config.evals.contamination.corpus)
    engine.progress.samples(len(files))
    words = 0
    for file in files:
        words += look_through([short, long], digests, documents(file))
        engine.progress.sample_done()
    if words < SHORT:
        where = ", ".join(f"--corpus {place}" for place in config.evals.contamination.corpus)
        msg = f"{where}: holds {counted(words, 'word')}: nothing can be found in it: give the text of training data"
        raise ConfigError(msg)
    found, count = short.shares(), len(items)
    shares = zip(items, found[:count], found[count:], long.shares()[:count], strict=True)
    samples = [_sample(wanted.name, *one) for one in shares]
    return result_of(
        wanted.name,
        samples,
        METRICS,
        config,
        words=TaskWords(
            title=f"{benchmark.title}: overlap with a corpus",
            question="Are the items in the corpus?",
            good="No item is.",
        ),
        settings={"n": [SHORT, LONG], "least_share": MOST_SHARE, "version": 2},
        note=f"{words:,} words in {counted(len(files), 'file')} of the corpus",
        records=[*benchmark.records, corpus_record(files)],
    )


def _sample(
    task: str, item: BenchmarkItem, short: float | None, of_question: float | None, long: float | None
) -> Sample:
    """The record of an item; ``score`` is the share of 8-grams in the corpus, of its text or its question.

    Args:
        task: ``TASK.overlap``.
        item: The item.
        short: Share of the 8-grams of its text; None if it has none.
        of_question: Of its question alone; the larger one counts.
        long: Share of its 13-grams.
    """
    values: dict[str, float | None] = {f"share_of_{SHORT}_grams": short}
    if of_question is not None:
        values[f"share_of_{SHORT}_grams_of_question"] = of_question
    if long is not None:
        values |= {f"share_of_{LONG}_grams": long, "any_13_gram": float(long > 0)}
    return Sample(
        sample_id=sample_id(task, "", item.identity),
        suite=SUITE,
        task=task,
        cluster=item.cluster,
        prompt=item.text,
        score=max(short, of_question or 0.0) if short is not None else None,
        scores=values,
        error=None if short is not None else f"fewer than {SHORT} words",
    )
