"""Tokens: the least that can be dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.explain.cutting import cut

if TYPE_CHECKING:
    from audit.engine import Engine


def test_a_character_split_over_tokens_is_one_feature(tiny: Engine) -> None:
    ids = tiny.encode("🤖")
    assert len(ids) > 1
    features = cut(tiny, "a 🤖 b", " x", max_features=10)
    assert [feature.text for feature in features.records] == ["a ", "🤖", " b"]
    assert [features.request.context_ids[position] for position in features.positions[1]] == ids


def test_features_that_share_a_token_become_one(tiny: Engine) -> None:
    # The tiny tokenizer learnt 狗在睡觉 from its corpus; which characters it merged decides the features.
    encoded = tiny.tokenizer("狗在睡觉", return_offsets_mapping=True)
    spans = {tuple(span) for span in encoded["offset_mapping"]}
    merged = [span for span in spans if span[1] - span[0] > 1]
    features = cut(tiny, "狗在睡觉", " x", max_features=10)
    assert merged, "the tokenizer merges no characters: the test needs another text"
    for start, end in merged:
        assert any(feature.start <= start and end <= feature.end for feature in features.records)


def test_the_beginning_of_sequence_token_stays(sentencepiece: Engine, tiny: Engine) -> None:
    assert cut(sentencepiece, "one two", " x", max_features=9).context([False, False]) == (1,)
    chat = tiny.apply_chat_template([{"role": "user", "content": "Hi"}])
    assert chat.startswith("<|begin|>")
    features = cut(tiny, chat, "x", max_features=99)
    assert features.context([False] * len(features)) == (tiny.tokenizer.bos_token_id,)
    assert "<|end|>" in [feature.text for feature in features.records]
