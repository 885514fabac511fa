"""Small checkpoints and prompts for attributions; nothing is downloaded."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from audit.core.errors import WhiteBoxUnavailable
from audit.core.records import Sample
from audit.engine import Engine, Score, load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import nn

    from audit.core.records import ModelRecord
    from audit.engine import Completion, GenerateRequest, ScoreRequest

TEXTS = [
    "The capital of France is",
    "Question: Which of these is a fruit?\nA. apple\nB. stone\nAnswer:",
    "First line.\n\n\nSecond line after three breaks.\n\tIndented line.",
    "Windows\r\nline\r\nbreaks and a tab\there",
    "def f(x):\n    if x > 0:\n        return [y**2 for y in range(x)]\n    return None",
    'for (int i = 0; i < n; i++) { printf("%d\\n", a[i]); }',
    "SELECT name, COUNT(*) FROM users WHERE age >= 18 GROUP BY name;",
    "我喜欢猫，但是他喜欢狗。你呢？",
    "東京タワーは高いです。コンピューターを使います。",
    "한국어 문장도 띄어쓰기로 나눕니다.",
    "สวัสดีครับ วันนี้อากาศดี",
    "हिन्दी में एक छोटा वाक्य लिखो।",
    "هذه جملة عربية قصيرة، أليس كذلك؟",
    "Ελληνικά και Русский текст вместе",
    "Emoji: 😀😀 👩‍💻 👍🏻 🇩🇪 ❤️ end",
    "no space😀between great!😀",
    "naïve café — “quoted” text… and ½ of it",
    "cafe\u0301 decomposed, Å and A\u030a",
    "   three leading spaces, two  inner  spaces",
    "\n\nleading breaks",
    "zero\u200bwidth\u200dand\ufeffmarks",
    "math: ∑_{i=1}^{n} x_i² ≤ 3.14·10⁶, α→β",
    "e-mail a.b@example.org, see https://example.org/a?b=c#d at 10:30",
    "rare: 𒀀𒁀 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 龘䲜 \U0001f9ec",
    "x",
    "?!",
    "don't stop-me-now (really) [1] {2} <3>",
    "<|begin|>literal markup<|end|> in the text",
]


def _few_shot(text: str) -> str:
    return f"Q: 2+2?\nA: 4\n\nQ: {text}\nA:"


def _chat(text: str) -> str:
    return f"<|begin|>[user] {text}<|end|>[assistant] "


def _numbered(text: str) -> str:
    return f"1. {text}\n2. 另一个句子。\n3. {text[::-1]}"


PROMPTS = [wrap(text) for text in TEXTS for wrap in (str, _few_shot, _chat, _numbered)]
PROMPTS += [
    f"{first}{joint}{second}"
    for index, first in enumerate(TEXTS)
    for second, joint in zip(TEXTS[index:], itertools.cycle(("", " ", "\n", "\n\n", "\t", "…")), strict=False)
]


@pytest.fixture(scope="session")
def prompts() -> list[str]:
    """More than five hundred prompts: line breaks, code, many scripts, emoji, chat markup, pairs of them."""
    return PROMPTS


class OtherTokenizer(Engine):
    """An engine that only encodes."""

    def __init__(self, record: ModelRecord, tokenizer: Any) -> None:
        super().__init__()
        self.record = record
        self.tokenizer = tokenizer

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        raise NotImplementedError

    def generate(self, requests: Sequence[GenerateRequest]) -> list[Completion]:
        raise NotImplementedError

    @property
    def model(self) -> nn.Module:
        msg = "this checkpoint is not local"
        raise WhiteBoxUnavailable(msg)


class LinearEngine(OtherTokenizer):
    """Log-probability of any target: the sum of a fixed weight of each context token. Not local."""

    def __init__(self, record: ModelRecord, tokenizer: Any) -> None:
        super().__init__(record, tokenizer)
        self.calls: list[int] = []

    @staticmethod
    def weight(token: int) -> float:
        return 0.0 if token < 3 else ((token * 7919) % 1009 - 400) / 300

    def score(self, requests: Sequence[ScoreRequest]) -> list[Score]:
        self.calls.append(len(requests))
        answers = []
        for request in requests:
            first = sum(self.weight(token) for token in request.context_ids) - 20.0
            rest = [-0.5] * (len(request.target_ids) - 1)
            answers.append(Score((first, *rest), (False,) * len(request.target_ids)))
        return answers


@pytest.fixture(scope="session")
def tiny(tiny_model: Path) -> Engine:
    """A two-layer Llama with random weights, on the real engine."""
    return load(str(tiny_model), device="cpu")


@pytest.fixture
def linear(tiny: Engine) -> LinearEngine:
    """A checkpoint whose log-probability is linear in the tokens of the prompt."""
    return LinearEngine(tiny.record, tiny.tokenizer)


@pytest.fixture(scope="session")
def sentencepiece(tiny: Engine) -> Engine:
    """An engine whose tokenizer works as Llama 2's: ``▁`` for spaces, byte fallback, a leading ``<s>``."""
    from tokenizers import Tokenizer, decoders, models, normalizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    unknown, begin, end = special = ["<unk>", "<s>", "</s>"]
    bpe = Tokenizer(models.BPE(unk_token=unknown))
    bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, show_progress=False)
    bpe.train_from_iterator([text for text in TEXTS if text.isascii()], trainer)
    layout = json.loads(bpe.to_str())
    vocabulary = layout["model"]["vocab"]
    vocabulary.update({f"<0x{byte:02X}>": len(vocabulary) + byte for byte in range(256)})
    layout["model"]["byte_fallback"] = True
    whole = Tokenizer.from_str(json.dumps(layout))
    whole.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    whole.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=whole, bos_token=begin, eos_token=end, unk_token=unknown, model_max_length=256
    )
    return OtherTokenizer(tiny.record, tokenizer)


SIZES: dict[str, dict[str, Any]] = {
    "llama": {"head_dim": 8, "num_key_value_heads": 2},
    "gpt2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256},
    "gemma2": {"head_dim": 8, "num_key_value_heads": 2, "sliding_window": 8, "query_pre_attn_scalar": 8},
    "qwen3": {"head_dim": 8, "num_key_value_heads": 2},
    "gpt_neox": {},
    "mamba": {"state_size": 8},
}


@pytest.fixture
def build(tiny_model: Path, tmp_path: Path) -> Callable[..., Engine]:
    """Two-layer checkpoints of other architectures with random weights and the tiny tokenizer."""

    def build(architecture: str, dtype: str = "float32") -> Engine:
        import torch
        from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
        special = {"bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 2}
        wanted = SIZES[architecture] if architecture == "gpt2" else {**sizes, **SIZES[architecture]}
        if architecture == "mamba":
            wanted = {"hidden_size": 32, "num_hidden_layers": 2, **SIZES[architecture]}
        config = AutoConfig.for_model(architecture, vocab_size=384, **special, **wanted)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = AutoModelForCausalLM.from_config(config)
            for weights in model.parameters():
                torch.nn.init.normal_(weights, std=0.15)  # the initial weights leave every token nearly as likely
        model.save_pretrained(tmp_path)
        AutoTokenizer.from_pretrained(tiny_model).save_pretrained(tmp_path)
        return load(str(tmp_path), device="cpu", dtype=dtype)

    return build


@pytest.fixture
def make_sample() -> Callable[..., Sample]:
    """Samples with unimportant fields filled in."""

    def make(identity: str, **fields: Any) -> Sample:
        given = {"suite": "evals", "task": "quiz", "prompt": "What is it?", "output": " nothing", **fields}
        return Sample(sample_id=identity, **given)

    return make
