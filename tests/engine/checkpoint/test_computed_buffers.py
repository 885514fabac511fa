"""Buffers that no file holds have the values that a model's own code computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
)

from audit.engine.checkpoint.weights import load_weights
from tests.engine.checkpoints import change_weights, edit_json

if TYPE_CHECKING:
    from pathlib import Path


CODE = """
import torch
from torch import nn
from transformers import GenerationMixin, LlamaConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

class OwnConfig(LlamaConfig):
    model_type = "own_code"

class Own(PreTrainedModel, GenerationMixin):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.embed = nn.Embedding(config.vocab_size, config.hidden_size)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        frequencies = 1.0 / 100.0 ** (torch.arange(0, config.hidden_size).float() / config.hidden_size)
        self.register_buffer("inv_freq", frequencies, persistent={persistent})
        self.post_init()

    def get_input_embeddings(self):
        return self.embed

    def get_output_embeddings(self):
        return self.lm_head

    def _init_weights(self, module):
        pass

    def forward(self, input_ids, **ignored):
        place = torch.arange(input_ids.shape[1], device=input_ids.device)[:, None]
        return CausalLMOutput(logits=self.lm_head(self.embed(input_ids) * torch.cos(place * self.inv_freq)))
"""


@pytest.mark.parametrize("persistent", [False, True])
def test_buffers_of_a_checkpoints_own_code_are_computed(copy: Path, *, persistent: bool) -> None:
    """transformers builds models without storage: what such code computes in its constructor is lost."""
    generator = torch.Generator().manual_seed(3)
    embed, head = (torch.randn(384, 32, generator=generator) for _ in range(2))
    change_weights(copy, lambda _: {"embed.weight": embed, "lm_head.weight": head})
    (copy / "own.py").write_text(CODE.replace("{persistent}", str(persistent)))
    edit_json(
        copy / "config.json",
        model_type="own_code",
        architectures=["Own"],
        auto_map={"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.Own"},
    )
    model, _ = load_weights(AutoModelForCausalLM, copy, {"trust_remote_code": True, "local_files_only": True})
    expected = 1.0 / 100.0 ** (torch.arange(0, 32).float() / 32)
    torch.testing.assert_close(model.inv_freq, expected)
    assert torch.equal(model.embed.weight, embed)
