from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.engine import Completion, GenerateRequest, load
from audit.engine.local.endings import Endings, WatchedText
from audit.engine.local.processors import of_checkpoint
from audit.engine.thinking import Thinking

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

PROMPTS = ["The quick brown", "Question: Which of these is the capital", "x", "Der Hund schläft. 狗"]


@pytest.fixture(params=["continuous", "batches"])
def tiny(request: pytest.FixtureRequest, tiny: TransformersEngine) -> TransformersEngine:
    """The tiny model, generating by continuous batching and by transformers' ``generate``."""
    assert tiny._forward.decodes
    tiny._forward.decodes = request.param == "continuous"
    return tiny


def reference(engine: TransformersEngine, prompt: str, tokens: int) -> str:
    """transformers' own greedy decoding of the prompt alone."""
    ids = torch.tensor([engine.encode(prompt)])
    out = engine.model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=tokens, pad_token_id=2
    )
    return str(engine.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))


@pytest.mark.slow
def test_greedy_equals_transformers_on_the_single_prompt(tiny: TransformersEngine) -> None:
    answers = tiny.generate([GenerateRequest(prompt, max_new_tokens=12) for prompt in PROMPTS])
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        assert answer.generations[0].text == reference(tiny, prompt, 12)
        assert answer.generations[0].token_count <= 12
        assert answer.prompt_tokens == len(tiny.encode(prompt))


@pytest.mark.slow
def test_a_seed_gives_the_same_text_in_any_company(tiny: TransformersEngine) -> None:
    requests = [
        GenerateRequest(prompt, max_new_tokens=10, temperature=1.0, top_p=0.9, seed=seed, n=2)
        for seed, prompt in enumerate(PROMPTS)
    ]
    together = tiny.generate(requests)
    alone = [tiny.generate([request])[0] for request in reversed(requests)][::-1]
    assert together == alone
    other = tiny.generate([GenerateRequest(PROMPTS[0], max_new_tokens=10, temperature=1.0, top_p=0.9, seed=99, n=2)])[0]
    assert other.generations != together[0].generations
    first, second = together[0].generations
    assert first.text != second.text


@pytest.mark.slow
def test_sampling_follows_the_distribution(tiny: TransformersEngine) -> None:
    """Frequencies of the first token against the softmax, Pearson's chi-squared at the 0.1 % level."""
    from scipy.stats import chisquare

    prompt, n = "x", 4000
    ids = torch.tensor([tiny.encode(prompt)])
    with torch.no_grad():
        p = torch.softmax(tiny.model(input_ids=ids).logits[0, -1].double(), dim=-1)
    top = p.topk(5).indices.tolist()
    tiny.tokenizer.clean_up_tokenization_spaces = False
    texts = [
        g.text
        for answer in tiny.generate(
            [GenerateRequest(prompt, max_new_tokens=1, temperature=1.0, top_k=5, seed=s, n=50) for s in range(n // 50)]
        )
        for g in answer.generations
    ]
    names = [tiny.tokenizer.decode([token], skip_special_tokens=True) for token in top]
    assert len(set(names)) == 5
    observed = [texts.count(name) for name in names]
    expected = [float(p[token] / p[top].sum()) * n for token in top]
    assert sum(observed) == n
    assert chisquare(observed, expected).pvalue > 1e-3


def test_stop_string_ends_at_the_exact_character(tiny: TransformersEngine) -> None:
    free = tiny.generate([GenerateRequest(PROMPTS[0], max_new_tokens=16)])[0].generations[0]
    assert len(free.text) > 6
    stop = free.text[3:5]
    stopped = tiny.generate([GenerateRequest(PROMPTS[0], max_new_tokens=16, stop=(stop,))])[0].generations[0]
    assert stopped.text == free.text[: free.text.index(stop)]
    assert stopped.finish_reason == "stop"
    assert stopped.token_count < free.token_count


def test_length_and_end_of_turn_are_told_apart(tiny: TransformersEngine) -> None:
    generation = tiny.generate([GenerateRequest(PROMPTS[1], max_new_tokens=3)])[0].generations[0]
    assert (generation.token_count, generation.finish_reason) == (3, "length")
    with torch.no_grad():
        ids = torch.tensor([tiny.encode(PROMPTS[1])])
        best = int(tiny.model(input_ids=ids).logits[0, -1].argmax())
    tiny.model.generation_config.eos_token_id = best
    ended = tiny.generate([GenerateRequest(PROMPTS[1], max_new_tokens=3)])[0].generations[0]
    assert (ended.token_count, ended.finish_reason) == (1, "stop")


def test_long_prompt_is_cut_from_the_left_and_says_so(tiny: TransformersEngine) -> None:
    prompt = "the lazy dog " * 100
    answer = tiny.generate([GenerateRequest(prompt, max_new_tokens=8)])[0]
    assert answer.truncated == len(tiny.encode(prompt)) - (tiny.max_length - 8)
    assert answer.prompt_tokens == tiny.max_length - 8


def test_nan_weights_are_an_error(tiny: TransformersEngine) -> None:
    with torch.no_grad():
        next(tiny.model.parameters()).fill_(float("nan"))
    for temperature in (0.0, 1.0):
        answer = tiny.generate([GenerateRequest("x", max_new_tokens=4, temperature=temperature)])[0]
        assert answer.error is not None
        assert answer.generations == ()


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_infinite_logits_are_an_error(tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    forward = tiny.model.forward

    def overflowing(*args: Any, **kwargs: Any) -> Any:
        out = forward(*args, **kwargs)
        out.logits[..., 7] = value
        return out

    monkeypatch.setattr(tiny.model, "forward", overflowing)
    answer = tiny.generate([GenerateRequest("x", max_new_tokens=4, temperature=1.0)])[0]
    assert answer.error is not None
    assert answer.generations == ()


def test_completions_of_one_request_are_halved_too(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch, listener: Any
) -> None:
    request = GenerateRequest("The quick", max_new_tokens=6, temperature=1.0, seed=5, n=5)
    expected = tiny.generate([request])
    forward = tiny.model.forward

    def two_rows(*args: Any, **kwargs: Any) -> Any:
        if kwargs["input_ids"].shape[0] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(*args, **kwargs)

    monkeypatch.setattr(tiny.model, "forward", two_rows)
    assert tiny.generate([request]) == expected
    assert any("continuing with" in message for message in listener.messages)


def test_penalties_of_the_checkpoint_do_not_bend_sampling(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = GenerateRequest("the the the the", max_new_tokens=8, temperature=1.0, seed=3, n=4)
    expected = tiny.generate([request])
    tiny.model.generation_config.repetition_penalty = 5.0
    tiny.model.generation_config.num_beams = 3
    tiny.model.generation_config.suppress_tokens = list(range(50, 250))
    assert tiny.generate([request]) == expected
    monkeypatch.setattr(tiny._forward, "decodes", False)  # transformers' generate reads that configuration itself
    assert tiny.generate([request]) == expected
    assert tiny.model.generation_config.num_beams == 3


def test_out_of_memory_halves_the_batch(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch, listener: Any
) -> None:
    requests = [GenerateRequest(prompt, max_new_tokens=6) for prompt in PROMPTS]
    expected = tiny.generate(requests)
    forward = tiny.model.forward

    def one_row(*args: object, **kwargs: object) -> object:
        if kwargs["input_ids"].shape[0] > 1:  # type: ignore[attr-defined]
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 byte")
        return forward(*args, **kwargs)

    monkeypatch.setattr(tiny.model, "forward", one_row)
    listener.reset()
    assert tiny.generate(requests) == expected
    assert listener.messages


@pytest.mark.slow
def test_rows_come_and_go(tiny: TransformersEngine) -> None:
    """More requests than rows, of all lengths and settings: each as if it were alone."""
    tiny._generator.decoder.slots = tiny._generator.batches.rows = 3
    requests = [
        GenerateRequest(
            PROMPTS[i % 4] * (1 + i % 3), max_new_tokens=1 + 7 * (i % 4), temperature=(i % 2) * 0.8,
            top_k=(i % 3) * 5, seed=i, n=1 + i % 2, stop=("e",) if i % 5 == 0 else (),
        )
        for i in range(24)
    ]  # fmt: skip
    together = tiny.generate(requests)
    for request, answer in zip(requests, together, strict=True):
        assert answer == tiny.generate([request])[0]
        if request.temperature == 0 and not request.stop:
            assert answer.generations[0].text == reference(tiny, request.prompt, request.max_new_tokens)


def test_what_prompts_share_is_read_once(tiny_model: Path) -> None:
    engine = load(str(tiny_model), device="cpu")
    head = "the quick brown fox jumps over the lazy dog " * 3
    before = engine._forward.computed
    engine.generate([GenerateRequest(head + word, max_new_tokens=1, n=5, temperature=1.0) for word in "abcdefgh"])
    tokens = len(engine.encode(head))
    assert tokens + 8 <= engine._forward.computed - before <= tokens + 24


@pytest.mark.parametrize("setting", [{"repetition_penalty": 1.5}, {"no_repeat_ngram_size": 2}])
def test_greedy_keeps_the_penalties_of_the_checkpoint(tiny: TransformersEngine, setting: dict[str, Any]) -> None:
    for name, value in setting.items():
        setattr(tiny.model.generation_config, name, value)
    (answer,) = tiny.generate([GenerateRequest(PROMPTS[0], max_new_tokens=12)])
    assert answer.generations[0].text == reference(tiny, PROMPTS[0], 12)


def test_a_stop_string_over_several_tokens(tiny: TransformersEngine) -> None:
    free = tiny.generate([GenerateRequest(PROMPTS[3], max_new_tokens=24)])[0].generations[0]
    for start in range(0, len(free.text) - 4, 3):
        stop = free.text[start : start + 4]
        (answer,) = tiny.generate([GenerateRequest(PROMPTS[3], max_new_tokens=24, stop=(stop, "never there"))])
        assert answer.generations[0].text == free.text[: free.text.index(stop)]


def test_an_empty_prompt_begins_with_the_prefix_token(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = tiny.encode
    monkeypatch.setattr(tiny, "encode", lambda text, **options: encode(text, **options) if text else [])
    (answer,) = tiny.generate([GenerateRequest("", max_new_tokens=4)])
    assert answer.prompt_tokens == 1
    assert answer.generations[0].token_count <= 4


def test_a_special_token_as_stop_string_ends_the_row(tiny: TransformersEngine) -> None:
    endings = Endings(tiny.model, tiny.tokenizer, Thinking())
    reading = WatchedText(endings, GenerateRequest("x", stop=(tiny.tokenizer.pad_token,)), 9)
    assert not reading.ended([5])
    assert reading.ended([5, 2])
    ended = reading.finish([5, 2])
    assert (ended.text, ended.token_count, ended.finish_reason) == (tiny.tokenizer.decode([5]), 2, "stop")
    other = WatchedText(endings, GenerateRequest("x", stop=("never there",)), 9)
    assert not any(other.ended(tokens) for tokens in ([5], [5, 2]))


@pytest.mark.parametrize("wrong", [{"n": 0}, {"max_new_tokens": 0}])
def test_what_cannot_be_generated_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        GenerateRequest("x", **wrong)  # type: ignore[arg-type]


def test_greedy_completions_of_one_prompt_are_decoded_once(tiny: TransformersEngine) -> None:
    def decoded(n: int) -> tuple[Completion, int]:
        before = tiny._forward.computed
        (completion,) = tiny.generate([GenerateRequest(PROMPTS[0], max_new_tokens=10, n=n)])
        return completion, tiny._forward.computed - before

    one, tokens = decoded(1)
    three, of_three = decoded(3)
    assert three.generations == one.generations * 3
    assert of_three == tokens


def test_the_embedded_checkpoint_is_decoded_continuously(embedded: TransformersEngine) -> None:
    assert embedded._forward.decodes
    assert of_checkpoint(embedded.model.generation_config) == {}
