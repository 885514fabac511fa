"""Texts of any length before a sequence classifier."""

from __future__ import annotations

from transformers import RobertaConfig

from audit.safety.scorers.sequence_classifier import SequenceClassifier


def test_positions_of_the_roberta_family_begin_after_padding() -> None:
    class Tokenizer:
        is_fast = True

        def num_special_tokens_to_add(self) -> int:
            return 2

    class Model:
        config = RobertaConfig(max_position_embeddings=514)

    assert SequenceClassifier(Model(), Tokenizer(), "sigmoid").room == 512
    Model.config = RobertaConfig(max_position_embeddings=66)
    assert SequenceClassifier(Model(), Tokenizer(), "sigmoid").room == 64
