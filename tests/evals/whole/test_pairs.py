"""Where context and continuation meet: the audit's exact rule and lm-eval's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.engine import ScoreRequest
from audit.evals.lm_eval.quiet import quiet

if TYPE_CHECKING:
    from lm_eval.models.huggingface import HFLM

    from audit.engine import Engine

PIECES = [
    "The ",
    "qui",
    "ck",
    " brown",
    " fox",
    "Question",
    ":",
    "\n",
    " ",
    "Answer",
    "12",
    "狗",
    "在睡",
    "觉。",
    "é",
    "ä",
    "def f():",
]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)


@pytest.fixture(scope="module")
def hflm(tiny: Engine) -> HFLM:
    from lm_eval.models.huggingface import HFLM

    with quiet():
        return HFLM(pretrained=tiny.model, tokenizer=tiny.tokenizer, max_length=tiny.max_length, batch_size=1)


@pytest.fixture(scope="module")
def metaspace(tiny: Engine) -> Any:
    """An engine with a tokenizer that puts a space before a text, as Llama 2's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from tests.evals.conftest import Scripted

    bpe = Tokenizer(models.BPE(byte_fallback=False, unk_token="<unk>"))  # noqa: S106 - a token of text
    bpe.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    bpe.decoder = decoders.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=200,
        special_tokens=["<unk>", "<s>"],
        initial_alphabet=sorted(set("".join(PIECES))),
        show_progress=False,
    )
    bpe.train_from_iterator(["The quick brown fox", "Question: Answer: 12 def f():", "狗在睡觉。 é ä"], trainer)

    engine = Scripted(tiny)
    engine.tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, unk_token="<unk>", bos_token="<s>")  # noqa: S106 - see above
    return engine


def spelled(engine: Engine, ids: tuple[int, ...]) -> str:
    return str(engine.tokenizer.decode(list(ids), clean_up_tokenization_spaces=False))


def test_part_of_an_option_is_not_lost(tiny: Engine) -> None:
    exact = tiny.encode_pair("The qui", "ck brown fox")
    assert (spelled(tiny, exact.context_ids), spelled(tiny, exact.target_ids)) == ("The qui", "ck brown fox")
    theirs = tiny.encode_pair("The qui", "ck brown fox", rule="lm_eval")
    assert spelled(tiny, theirs.target_ids) != "ck brown fox"


@pytest.mark.slow
@given(context=TEXTS.filter(str.strip), continuation=TEXTS)
def test_both_rules_against_lm_eval(tiny: Engine, hflm: HFLM, context: str, continuation: str) -> None:
    head, tail = hflm._encode_pair(context, continuation)
    theirs = ScoreRequest(tuple(head), tuple(tail))
    assert tiny.encode_pair(context, continuation, rule="lm_eval") == theirs
    exact = tiny.encode_pair(context, continuation)
    moved = context[len(context.rstrip()) :] + continuation
    assert exact.context_ids == theirs.context_ids
    assert spelled(tiny, exact.target_ids) == moved
    whole = tiny.encode(context + continuation)
    if whole[: len(head)] == head:  # no token spans the join
        assert exact == theirs
    else:
        assert exact.target_ids == tuple(tiny.encode(moved, add_special_tokens=False))


@pytest.mark.slow
@given(context=TEXTS.filter(str.strip), continuation=TEXTS)
def test_targets_of_a_tokenizer_that_adds_a_space(metaspace: Engine, context: str, continuation: str) -> None:
    pair = metaspace.encode_pair(context, continuation)
    whole = spelled(metaspace, (*pair.context_ids, *pair.target_ids))
    assert whole == spelled(metaspace, pair.context_ids) + context[len(context.rstrip()) :] + continuation


@pytest.mark.parametrize("context", ["", " ", "\n\n"])
def test_nothing_before_a_continuation(tiny: Engine, context: str) -> None:
    for rule in ("exact", "lm_eval"):
        pair = tiny.encode_pair(context, "Paris", rule=rule)  # type: ignore[arg-type]
        assert pair.context_ids == (tiny.prefix_token_id,)
        assert spelled(tiny, pair.target_ids) == f"{context}Paris"
