"""Checkpoints that think before they answer: one whose text is written down, and the embedded one.

``tests/engine/whole/scripts.py`` has a third kind, for texts that are checked to the character.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SAID = (
    "<think>", "\nFirst guess:", " 12.", "\n\nCheck again: 7.", "</think>", "\n", "\nThe answer is", " 7.",
)  # fmt: skip
"""Its tokens; each follows from the one before it alone."""
TRACE = "First guess: 12.\n\nCheck again: 7."
ANSWER = "The answer is 7."


def write_reasoner(folder: Path, tiny_model: Path) -> Path:
    """A two-layer Llama that says ``SAID`` to whatever it is asked, and ends its turn.

    Embeddings are unit vectors, the layers add nothing, and the head maps each token to the one that follows it: any
    token of a prompt to the first of ``SAID``.
    """
    import torch
    from tokenizers import AddedToken
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    tokenizer: Any = AutoTokenizer.from_pretrained(tiny_model)
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in SAID if len(text) > 1])
    size = len(tokenizer)
    config = LlamaConfig(
        vocab_size=size, hidden_size=size, intermediate_size=8, num_hidden_layers=2, num_attention_heads=1,
        num_key_value_heads=1, head_dim=8, max_position_embeddings=4096, tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    for weights in model.parameters():
        weights.data.zero_()
    model.model.norm.weight.data.fill_(1)
    model.model.embed_tokens.weight.data.copy_(torch.eye(size))
    ids = [int(tokenizer.convert_tokens_to_ids(text if len(text) > 1 else "Ċ")) for text in SAID]
    following = {
        **dict.fromkeys(range(size), ids[0]),
        **dict(zip(ids, [*ids[1:], tokenizer.eos_token_id], strict=True)),
    }
    for token, after in following.items():
        model.lm_head.weight.data[after, token] = 1
    model.save_pretrained(folder)
    tokenizer.model_max_length = 4096
    tokenizer.save_pretrained(folder)
    return folder


EXAMPLES = (
    ("Ada has 3 pens and buys 2 more. How many pens has she?", "She has 3 pens and buys 2 more. 3 + 2 = 5.", "5"),
    (
        "There are 12 apples in 4 equal bags. 5 bags more come. How many apples are there?",
        "One bag has 12 / 4 = 3 apples. 5 bags have 5 * 3 = 15 apples. 12 + 15 = 27.",
        "27",
    ),
)
"""Questions, reasoning and answers that every conversation with the embedded checkpoint begins with."""
TURNS = "".join(
    f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n<think>\n{trace}\n</think>\n"
    f"The answer is {answer}.<|im_end|>\n"
    for question, trace, answer in EXAMPLES
)
SAYS = "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
OPENS = "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
TEMPLATE = f"{TURNS}{{% for message in messages %}}{SAYS}{{% endfor %}}{OPENS}"
"""A chat template that opens a trace and has shown two of them, so that the embedded checkpoint writes its own."""


def write_thinking_tokenizer(folder: Path, tokenizer: Any) -> Path:
    """The embedded checkpoint's tokenizer with ``TEMPLATE``, to be named as ``tokenizer``: then it thinks."""
    plain, tokenizer.chat_template = tokenizer.chat_template, TEMPLATE
    tokenizer.save_pretrained(folder)
    tokenizer.chat_template = plain
    return folder
