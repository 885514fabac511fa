"""Sharing on small random models of many architectures, against a plain loop; where it is not exact, it is off."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest
import torch

from audit.engine import GenerateRequest, ScoreRequest, load
from audit.engine.local.model import closeness
from audit.engine.local.model import forward as forward_module
from audit.engine.local.model.trial import tried_forward
from audit.engine.local.plan.cost import Cost
from tests.engine.conftest import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

TRUNKS = Cost(token=1e6, pair=1e4, copy=0.0, call=0.0)
"""Rows of 32 tokens at most: whatever is longer and shared becomes a trunk."""
COMMON = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
GROUPED = {**COMMON, "num_key_value_heads": 2, "head_dim": 8}
WINDOW = {"sliding_window": 8}
EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
SHARING: dict[str, dict[str, Any]] = {
    "llama": GROUPED,
    "qwen2": GROUPED,
    "qwen3": GROUPED,
    "mistral": {**GROUPED, **WINDOW},
    "gemma": GROUPED,
    "gemma2": {**GROUPED, **WINDOW, "query_pre_attn_scalar": 8},
    "gemma3_text": {**GROUPED, **WINDOW, "query_pre_attn_scalar": 8, "num_hidden_layers": 6},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 256},
    "gpt_neox": COMMON,
    "phi": COMMON,
    "phi3": {**GROUPED, **WINDOW},
    "mixtral": {**GROUPED, **EXPERTS},
    "qwen3_moe": {**GROUPED, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32},
    "olmo2": GROUPED,
    "granite": {**GROUPED, "logits_scaling": 3.0},
    "cohere": {**GROUPED, "logit_scale": 0.5},
}
PLAIN: dict[str, dict[str, Any]] = {
    "mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 8},
    "gpt_neo": {
        "hidden_size": 32, "num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]],
        "window_size": 8, "intermediate_size": 64,
    },
    "llama": {**GROUPED, "rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 2.0}},
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},  # takes no four-dimensional mask
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 256},  # biases are counted along the row
    "phi3": {
        **GROUPED, "original_max_position_embeddings": 30,
        "rope_parameters": {
            "rope_type": "longrope", "rope_theta": 1e4, "short_factor": [1.0] * 4, "long_factor": [4.0] * 4,
        },
    },
    "qwen3_next": {
        **GROUPED, "num_hidden_layers": 4, "linear_num_value_heads": 4, "linear_num_key_heads": 2,
        "linear_key_head_dim": 8, "linear_value_head_dim": 8, "num_experts": 4, "num_experts_per_tok": 2,
        "moe_intermediate_size": 32, "shared_expert_intermediate_size": 32,
    },
}  # fmt: skip


FAST = ("llama", "gpt2", "gemma2")
"""Those that the fast tests take."""
NAMED = [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in SHARING]
SIZED = [
    *(pytest.param(name, SHARING[name], marks=() if name in FAST else pytest.mark.slow) for name in SHARING),
    *(pytest.param(name, PLAIN[name], marks=pytest.mark.slow) for name in PLAIN),
]


@dataclass
class Loaded:
    """A checkpoint as it was loaded."""

    engine: TransformersEngine
    differences: list[float]
    """What every comparison of the trial at loading gave at the worst position."""


def made(
    folder: Path, tiny_model: Path, architecture: str, sizes: dict[str, Any], dtype: str = "float32", std: float = 0.3
) -> Loaded:
    """Write a checkpoint with random weights and load it."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    special = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
    config = AutoConfig.for_model(architecture, vocab_size=400, **special, **sizes)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config)
        for weights in model.parameters():  # the initial weights leave every token nearly as likely
            torch.nn.init.normal_(weights, std=std)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    seen: list[float] = []
    measure = closeness.differences

    def measuring(logits: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        apart = measure(logits, truth)
        seen.append(float(apart.max()))
        return apart

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(closeness, "differences", measuring)
        return Loaded(cast("TransformersEngine", load(str(folder), device="cpu", dtype=dtype)), seen)


@pytest.fixture
def build(tiny_model: Path, tmp_path: Path) -> Callable[..., TransformersEngine]:
    """Engines that a test may change."""
    return lambda *what, **how: made(tmp_path, tiny_model, *what, **how).engine


@pytest.fixture(scope="module")
def loaded(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Loaded]:
    """Checkpoints that are loaded once for all tests, which leave them as they are."""
    known: dict[str, Loaded] = {}

    def load_once(architecture: str, sizes: dict[str, Any], dtype: str = "float32") -> Loaded:
        name = f"{architecture} {sizes} {dtype}"
        if name not in known:
            known[name] = made(tmp_path_factory.mktemp("checkpoint"), tiny_model, architecture, sizes, dtype)
        return known[name]

    return load_once


def requests() -> list[ScoreRequest]:
    """A long head that all share, a shorter one, options that part at different depths, and loners."""
    draw = torch.Generator().manual_seed(3)
    ids = torch.randint(3, 384, (600,), generator=draw).tolist()
    head = tuple(ids[:60])
    asked = [ScoreRequest(head + tuple(ids[60 + 5 * i : 64 + 5 * i]), tuple(ids[i : i + 3])) for i in range(20)]
    asked += [ScoreRequest(asked[0].context_ids, (ids[i], 5)) for i in range(4)]
    asked += [ScoreRequest(head[: 10 * i], (7, 8, 9)) for i in range(1, 6)]
    asked += [ScoreRequest(tuple(ids[200 + 30 * i : 200 + 31 * i + 3]), (9, 10)) for i in range(5)]
    return [*asked, ScoreRequest((5,), tuple(ids[300:320]), moments=True)]


def check(engine: TransformersEngine, naive_log_probs: Any) -> None:
    for request, score in zip(requests(), engine.score(requests()), strict=True):
        assert score.error is None
        assert score.log_probs == pytest.approx(naive_log_probs(engine, request), abs=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", NAMED)
def test_shared_tokens_give_the_same_scores(
    architecture: str, loaded: Any, naive_log_probs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = loaded(architecture, SHARING[architecture]).engine
    forward = engine._forward
    assert (forward.shares, forward.why_not) == (True, "")
    check(engine, naive_log_probs)
    monkeypatch.setattr(forward, "cost", TRUNKS)
    before = forward.computed
    check(engine, naive_log_probs)
    assert forward.computed - before < 0.5 * sum(len(r.context_ids) + len(r.target_ids) for r in requests())
    assert forward._trunks


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "sizes"), SIZED)
def test_order_and_company_do_not_matter(
    architecture: str, sizes: dict[str, Any], loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = loaded(architecture, sizes).engine
    with scaled(engine, 0.5):  # at full size the logits are so large that rounding alone is over the limit
        check_order_and_company(engine, monkeypatch)


@contextmanager
def scaled(engine: TransformersEngine, factor: float) -> Iterator[None]:
    """Smaller weights for a while, without the states that are kept of others; by powers of two all come back."""
    for by in (factor, 1 / factor):
        engine._forward._trunks.clear()
        with torch.no_grad():
            for weights in engine.model.parameters():
                weights.mul_(by)
        if by == factor:
            yield


def check_order_and_company(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores of all requests together, in reverse, and a few at a time."""
    asked = requests()
    together = engine.score(asked)
    backwards = engine.score(asked[::-1])[::-1]
    monkeypatch.setattr(engine._forward, "cost", TRUNKS)
    split = [score for start in range(0, len(asked), 7) for score in engine.score(asked[start : start + 7] * 2)[:7]]
    for scores in (backwards, split):
        for score, expected in zip(scores, together, strict=True):
            assert score.log_probs == pytest.approx(expected.log_probs, abs=1e-5)
            assert score.is_argmax == expected.is_argmax


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "sizes"), SIZED)
def test_greedy_text_is_transformers_own(
    architecture: str, sizes: dict[str, Any], loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = loaded(architecture, sizes).engine
    assert engine._forward.decodes == (SHARING.get(architecture) == sizes)
    monkeypatch.setattr(engine._generator.decoder, "slots", 3)
    prompts = ["The quick brown fox", "Question: which of", "Question: which one", "x", "The quick", "lazy dog " * 20]
    answers = engine.generate([GenerateRequest(p, max_new_tokens=4 + 5 * i) for i, p in enumerate(prompts)])
    for i, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        ids = torch.tensor([engine.encode(prompt)])
        out = engine.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=4 + 5 * i,
            pad_token_id=2,
        )
        assert answer.generations[0].text == engine.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "architecture", ["llama", *(pytest.param(n, marks=pytest.mark.slow) for n in PLAIN if n != "llama")]
)
def test_where_sharing_is_not_exact_it_is_off(architecture: str, build: Any, naive_log_probs: Any) -> None:
    # The requests are 8 to 68 tokens long, on both sides of the length at which Phi-3's frequencies turn here.
    engine = build(architecture, PLAIN[architecture])
    assert not engine._forward.shares
    engine.progress = heard = Listener()
    check(engine, naive_log_probs)
    check(engine, naive_log_probs)
    assert [message.partition(":")[0] for message in heard.messages] == [
        "shared prefixes are computed again for each sequence"
    ]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize(("architecture", "sizes"), SIZED)
def test_sixteen_bits_share_where_thirty_two_do(
    architecture: str, sizes: dict[str, Any], dtype: str, loaded: Any
) -> None:
    forward = loaded(architecture, sizes, dtype).engine._forward
    assert (forward.shares, forward.decodes) == (SHARING.get(architecture) == sizes,) * 2


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("architecture", ["mpt", "qwen3_next", "gpt_neo"])
def test_what_mixes_along_the_row_is_found_by_trial_too(
    architecture: str, dtype: str, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward_module, "windows_of", lambda _config: {"full_attention": None})
    tried = made(tmp_path, tiny_model, architecture, PLAIN[architecture], dtype)
    forward = tried.engine._forward
    assert not forward.shares
    assert "gave different log-probabilities" in forward.why_not
    assert max(tried.differences[:4]) > 10 * closeness.TOLERANCE


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("architecture", NAMED)
def test_rounding_is_far_from_the_limits_of_the_trial(architecture: str, dtype: str, loaded: Any) -> None:
    # Causality, a padded batch, the head alone, a packed row, a shared prefix, one token at a time: in float32 first.
    one = loaded(architecture, SHARING[architecture], dtype)
    forward, differences = one.engine._forward, one.differences
    assert forward.shares
    tried = differences[:6] if forward.splits else [*differences[:2], *differences[3:5]]
    assert max(tried) < 0.1 * closeness.TOLERANCE


def test_a_head_that_is_wider_than_the_models_logits_is_not_applied_alone(build: Any) -> None:
    model = build("llama", GROUPED).model
    model.forward = shortened(model.forward)
    forward = tried_forward(model, torch.device("cpu"), 2)
    assert (forward.splits, forward.shares) == (False, True)


def shortened(forward: Any) -> Any:
    """A forward that leaves out the last words, which were added to the weights for alignment."""

    @functools.wraps(forward)
    def shorter(*arguments: Any, **options: Any) -> Any:
        answer = forward(*arguments, **options)
        answer.logits = answer.logits[..., :390]
        return answer

    return shorter


@pytest.mark.slow
def test_on_several_cards_columns_are_kept_by_number(build: Any, naive_log_probs: Any) -> None:
    """An index tensor would lie on the first card, what it chooses from on the last: seen here by its type alone."""
    engine = build("granite", SHARING["granite"])
    model = engine.model
    model.hf_device_map = {"model": 0, "lm_head": 1}
    plain = model.forward
    model.forward = by_number(plain)
    engine._forward = engine._scorer.forward = tried_forward(model, torch.device("cpu"), 2)
    assert (engine._forward.splits, engine._forward.shares) == (False, True)
    scores = engine.score(requests())
    model.forward = plain
    for request, score in zip(requests(), scores, strict=True):
        assert score.log_probs == pytest.approx(naive_log_probs(engine, request), abs=2e-4)


def by_number(forward: Any) -> Any:
    """A forward that takes no tensor as ``logits_to_keep``."""

    @functools.wraps(forward)
    def strict(*arguments: Any, logits_to_keep: Any = 0, **options: Any) -> Any:
        assert isinstance(logits_to_keep, int)
        return forward(*arguments, logits_to_keep=logits_to_keep, **options)

    return strict


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("architecture", "alone"), [("llama", True), ("gemma2", False), ("granite", False)])
def test_the_head_is_applied_alone_where_nothing_follows_it(
    architecture: str, alone: bool, dtype: str, build: Any
) -> None:
    # Small weights give small logits, on which Gemma 2's cap shows least.
    assert build(architecture, SHARING[architecture], dtype, std=0.02)._forward.splits is alone


def test_a_nan_of_one_sequence_is_its_error_alone(build: Any, naive_log_probs: Any) -> None:
    engine = build("llama", {**GROUPED, "tie_word_embeddings": False})
    with torch.no_grad():
        engine.model.get_input_embeddings().weight[399] = torch.nan
    stem = tuple(range(3, 20))
    asked = [ScoreRequest((*stem, token), (7, 8)) for token in (30, 31, 399, 32, 33)]
    scores = engine.score(asked)
    assert [score.error is not None for score in scores] == [False, False, True, False, False]
    for request, score in zip(asked, scores, strict=True):
        if not score.error:
            assert score.log_probs == pytest.approx(naive_log_probs(engine, request), abs=2e-4)
