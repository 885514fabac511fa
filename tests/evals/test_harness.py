"""The bridge to lm-eval, against lm-eval's own ``HFLM`` on a random checkpoint."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from lm_eval.api.instance import Instance

from audit.engine import Score
from audit.evals.harness import NO_TARGET, HarnessLM
from audit.evals.lm_eval.quiet import quiet

if TYPE_CHECKING:
    from lm_eval.models.huggingface import HFLM

    from audit.engine import Engine
    from tests.evals.conftest import Scripted

PAIRS = [
    ("The quick brown fox", " jumps over the lazy dog"),
    ("The quick brown fox ", "jumps"),  # the space moves to the continuation
    ("", "Question: Paris"),
    ("Answer:", " A"),
    ("Answer:", " B"),
    ("Der Hund", " schläft. 狗在睡觉。"),
    ("She said that the nurse was kind. " * 30, " He said"),  # longer than the context
]
PROMPTS = ["The quick brown fox", "Question: Which of these", "She said that the nurse was kind. " * 30]


def likelihoods(pairs: list[tuple[str, str]]) -> list[Instance]:
    return [
        Instance("loglikelihood", {}, pair, 0, metadata=("task", position, 1)) for position, pair in enumerate(pairs)
    ]


def generations(prompts: list[str], **settings: Any) -> list[Instance]:
    return [
        Instance("generate_until", {}, (prompt, settings), 0, metadata=("task", position, 1))
        for position, prompt in enumerate(prompts)
    ]


@pytest.fixture(scope="module")
def hflm(tiny: Engine) -> HFLM:
    from lm_eval.models.huggingface import HFLM

    with quiet():
        return HFLM(pretrained=tiny.model, tokenizer=tiny.tokenizer, max_length=tiny.max_length, batch_size=1)


@pytest.mark.parametrize("joining", ["exact", "lm_eval"])
def test_loglikelihoods_are_hflms(tiny: Engine, hflm: HFLM, joining: Any) -> None:
    lm = HarnessLM(tiny, joining=joining)
    with quiet():
        expected = hflm.loglikelihood(likelihoods(PAIRS), disable_tqdm=True)
    for (total, greedy), (wanted, wanted_greedy) in zip(lm.loglikelihood(likelihoods(PAIRS)), expected, strict=True):
        assert total == pytest.approx(wanted, abs=1e-4)
        assert greedy == wanted_greedy
    cut = [position for (_, position), remarks in lm.remarks.items() if remarks[0].truncated]
    assert cut == [len(PAIRS) - 1]


def test_rolling_loglikelihood_is_hflms(tiny: Engine, hflm: HFLM) -> None:
    texts = ["The dog does not mind.", "She said that the nurse was kind. " * 40]
    requests = [
        Instance("loglikelihood_rolling", {}, (text,), 0, metadata=("task", i, 1)) for i, text in enumerate(texts)
    ]
    with quiet():
        expected = hflm.loglikelihood_rolling(requests, disable_tqdm=True)
    lm = HarnessLM(tiny)
    assert lm.loglikelihood_rolling(requests) == pytest.approx(expected, abs=1e-3)
    assert len(lm.remarks["task", 1]) > 1


def test_token_requests_are_the_same_as_text_requests(tiny: Engine) -> None:
    lm = HarnessLM(tiny)
    context, target = tiny.encode("Answer:"), tiny.encode(" Paris", add_special_tokens=False)
    assert lm._loglikelihood_tokens([(("", ""), context, target)]) == lm.loglikelihood(
        likelihoods([("Answer:", " Paris")])
    )


@pytest.mark.slow
def test_generations_are_hflms(tiny: Engine, hflm: HFLM) -> None:
    settings: dict[str, Any] = {"until": ["\n", "z"], "max_gen_toks": 24, "do_sample": False}
    with quiet():
        expected = hflm.generate_until(generations(PROMPTS, **settings), disable_tqdm=True)
    lm = HarnessLM(tiny)
    assert lm.generate_until(generations(PROMPTS, **settings)) == expected
    assert any(expected)
    assert lm.remarks["task", 2][0].truncated > 0


def test_text_ends_before_a_stop_string(tiny: Engine) -> None:
    lm = HarnessLM(tiny)
    (whole,) = lm.generate_until(generations(PROMPTS[:1], until=[], max_gen_toks=24))
    stop = whole[4:6]
    (cut,) = lm.generate_until(generations(PROMPTS[:1], until=stop, max_gen_toks=24))
    assert cut == whole[: whole.index(stop)]


def test_sampling_settings_reach_the_engine(scripted: Scripted) -> None:
    lm = HarnessLM(scripted, seed=1)
    settings = {"until": ["."], "do_sample": True, "temperature": 0.7, "top_k": 5, "top_p": 0.9, "max_new_tokens": 9}
    scripted.texts = ["a", "b", "c"]
    lm.generate_until(generations(["p", "p", "q"], **settings))
    first, second, third = scripted.asked
    assert (first.temperature, first.top_k, first.top_p, first.max_new_tokens) == (0.7, 5, 0.9, 9)
    assert first.stop == (".", "<|end|>")
    assert len({first.seed, second.seed, third.seed}) == 3  # repeats of a prompt differ
    scripted.texts = ["c"]
    lm.generate_until(generations(["q"], **settings))
    assert scripted.asked[-1] == third  # whatever else was asked


def test_greedy_asks_without_temperature(scripted: Scripted) -> None:
    scripted.texts = ["a"]
    HarnessLM(scripted).generate_until(generations(["p"], until=[], do_sample=False, temperature=0.7, top_k=5))
    (request,) = scripted.asked
    assert (request.temperature, request.top_k, request.max_new_tokens, request.seed) == (0, 0, 256, 0)


def test_failed_score_is_nan_and_remarked(scripted: Scripted) -> None:
    scripted.scores = [Score((), (), error="NaN"), Score((-1.0,), (True,))]
    lm = HarnessLM(scripted)
    (bad, bad_greedy), (good, good_greedy) = lm.loglikelihood(likelihoods([("a", " b"), ("a", " c")]))
    assert math.isnan(bad)
    assert (bad_greedy, good, good_greedy) == (False, -1.0, True)
    assert lm.remarks["task", 0][0].error == "NaN"
    assert lm.remarks["task", 1][0].error is None


def test_empty_continuation_is_a_failure_not_a_certainty(tiny: Engine) -> None:
    lm = HarnessLM(tiny)
    ((total, greedy),) = lm.loglikelihood(likelihoods([("Answer:", "")]))
    assert math.isnan(total)
    assert not greedy
    assert lm.remarks["task", 0][0].error == NO_TARGET


def test_failed_generation_is_empty_and_remarked(scripted: Scripted) -> None:
    lm = HarnessLM(scripted)
    assert lm.generate_until(generations(["p"], until=[])) == [""]
    assert lm.remarks["task", 0][0].error == "logits are NaN"


def test_chat_template_is_the_tokenizers(tiny: Engine, hflm: HFLM) -> None:
    lm = HarnessLM(tiny)
    turns = [{"role": "user", "content": "Hello"}]
    assert lm.apply_chat_template(turns) == hflm.apply_chat_template(turns)
    assert lm.apply_chat_template(turns).startswith("<|begin|>[user] Hello")
    begun = [*turns, {"role": "assistant", "content": "Well"}]
    assert lm.apply_chat_template(begun, add_generation_prompt=False) == hflm.apply_chat_template(
        begun, add_generation_prompt=False
    )
    assert lm.chat_template(chat_template=True) == tiny.tokenizer.chat_template
    assert lm.tokenizer_name == tiny.record.digest


def test_template_that_refuses_a_system_turn(tiny: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tiny.tokenizer,
        "chat_template",
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{{ m.content }}"
        "{% endfor %}",
    )
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    assert HarnessLM(tiny).apply_chat_template(turns) == "Be brief.\n\nHello"


def test_rolling_loglikelihood_does_not_count_the_beginning_of_sequence(tiny: Engine, hflm: HFLM) -> None:
    """As most Llamas' tokenizers do, this one puts BOS first: it is the context of the first token, no token itself."""
    import copy

    import torch
    from tokenizers.processors import TemplateProcessing

    bos = tiny.tokenizer.bos_token_id
    tokenizer = copy.deepcopy(tiny.tokenizer)
    tokenizer._tokenizer.post_processor = TemplateProcessing("<|begin|> $A", special_tokens=[("<|begin|>", bos)])
    engine = copy.copy(tiny)
    engine.tokenizer = tokenizer
    text = "The quick brown fox jumps over the lazy dog."
    ids = tokenizer(text)["input_ids"]
    assert ids[0] == bos
    with torch.no_grad():
        logits = torch.log_softmax(tiny.model(torch.tensor([ids])).logits[0].float(), dim=-1)
    right = sum(logits[place - 1, token].item() for place, token in enumerate(ids) if place)
    request = [Instance("loglikelihood_rolling", {}, (text,), 0, metadata=("task", 0, 1))]
    assert HarnessLM(engine).loglikelihood_rolling(request) == [pytest.approx(right, abs=1e-4)]
    # lm-eval predicts BOS after BOS, too: its own tasks keep that.
    first = torch.tensor([[bos, *ids]])
    with torch.no_grad():
        logits = torch.log_softmax(tiny.model(first).logits[0].float(), dim=-1)
    counted = sum(logits[place - 1, token].item() for place, token in enumerate(first[0].tolist()) if place)
    assert HarnessLM(engine, joining="lm_eval").loglikelihood_rolling(request) == [pytest.approx(counted, abs=1e-4)]


def test_a_token_across_the_join_takes_nothing_from_the_option(tiny: Engine, hflm: HFLM) -> None:
    """The options of an item in a language without spaces, and of one that is cut inside a word."""
    pairs = [("The qui", "ck brown fox"), ("Der Hund schläft. 狗在", "睡觉。"), ("the ap", "ples in baskets")]
    crossing = 0
    for context, option in pairs:
        head, whole = tiny.encode(context), tiny.encode(context + option)
        crossing += whole[: len(head)] != head
    assert crossing == len(pairs), "tokens span the joins"
    exact, lm_eval = HarnessLM(tiny), HarnessLM(tiny, joining="lm_eval")
    with quiet():
        theirs = hflm.loglikelihood(likelihoods(pairs), disable_tqdm=True)
    assert [total for total, _ in lm_eval.loglikelihood(likelihoods(pairs))] == pytest.approx(
        [total for total, _ in theirs], abs=1e-4
    )
    answers = exact.loglikelihood(likelihoods(pairs))
    for (context, option), (total, _) in zip(pairs, answers, strict=True):
        request = tiny.encode_pair(context, option)
        assert tiny.tokenizer.decode([*request.context_ids, *request.target_ids]) == context + option
        assert tiny.tokenizer.decode(request.target_ids) == option
        (score,) = tiny.score([request])
        assert total == pytest.approx(score.total, abs=1e-4)
