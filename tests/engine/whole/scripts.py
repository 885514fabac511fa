"""Checkpoints whose text is written down: the next token is a function of the position alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoTokenizer, GenerationConfig, GPT2Config, GPT2LMHeadModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PROMPT = "Question: Paris"
WIDTH = 388
"""More than the positions, so that their embeddings can be orthogonal to each other and have a mean of 0."""


def tokenizer_of(tiny_model: Path, *, special: Sequence[str] = (), added: Sequence[str] = ()) -> Any:
    """The tiny checkpoint's tokenizer with more tokens: special ones, which are left out of texts, and ordinary ones.

    The special ones are added as Llama 3's are: ``all_special_tokens`` does not list them.
    """
    from tokenizers import AddedToken

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.add_tokens([AddedToken(word, special=True, normalized=False) for word in special])
    tokenizer.add_tokens([AddedToken(word, special=False, normalized=False) for word in added])
    return tokenizer


def write(
    folder: Path,
    tokenizer: Any,
    text: str | Sequence[int],
    *,
    prompt: str = PROMPT,
    context: int = 384,
    **generation: Any,
) -> Path:
    """A two-layer GPT-2 that continues ``prompt``, and any prompt of as many tokens, with ``text`` and ends its turn.

    Layers add nothing; the embeddings of positions are orthogonal, and the head maps each to its token.

    Args:
        folder: Where it is written.
        tokenizer: Its tokenizer.
        text: What it says; or token ids, without an end of turn behind them.
        prompt: What it continues.
        context: Positions.
        generation: Entries of ``generation_config.json``.
    """
    ids = [*tokenizer(text)["input_ids"], tokenizer.eos_token_id] if isinstance(text, str) else list(text)
    start = len(tokenizer(prompt)["input_ids"]) - 1
    model = _speechless(max(tokenizer.get_vocab().values()) + 1, context)
    tokens = {f"{kind}_token_id": getattr(tokenizer, f"{kind}_token_id") for kind in ("bos", "eos", "pad")}
    model.config.update(tokens)
    model.generation_config = GenerationConfig(**tokens)
    places, head = model.transformer.wpe.weight.data, model.lm_head.weight.data.zero_()
    for place, token in enumerate(ids, start):
        head[token] += places[place] / WIDTH
    for name, value in generation.items():
        setattr(model.generation_config, name, value)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@cache
def _speechless(words: int, context: int) -> Any:
    """That GPT-2 before its head says anything: all texts of as many words and positions share it."""
    config = GPT2Config(
        vocab_size=words,
        n_positions=context,
        n_embd=WIDTH,
        n_layer=2,
        n_head=4,
        n_inner=4,
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model: Any = GPT2LMHeadModel(config).eval()
        for parameter in model.parameters():
            parameter.data.zero_()
        model.transformer.ln_f.weight.data.fill_(1)
        columns = torch.cat([torch.ones(WIDTH, 1), torch.randn(WIDTH, context)], dim=1)
        # Each with a mean of 0 and a variance of 1, as norms leave them.
        places = torch.linalg.qr(columns).Q[:, 1:].T * WIDTH**0.5
    model.transformer.wpe.weight.data.copy_(places)
    return model
