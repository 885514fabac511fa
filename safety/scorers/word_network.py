"""Words in order: a small recurrent network over known words, whose vocabulary is kept as hashes."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n\r“”‘…—–'
"""What separates words; apostrophes do not. Keras' tokenizer, plus the typographic marks of web text."""
SEPARATORS = str.maketrans(dict.fromkeys(PUNCTUATION, " ") | {"’": "'"})
STEPS = 100
"""Words are padded to a multiple of this, at the front, as the network was trained."""


def words_of(text: str) -> list[str]:
    """The words of a text in lower case."""
    return text.lower().translate(SEPARATORS).split()


def word_hash(word: str) -> int:
    """CRC-32 of a word's UTF-8 bytes."""
    return zlib.crc32(word.encode("utf-8", "surrogatepass"))


class WordNetwork(nn.Module):
    """Embedding, bidirectional LSTM, maximum over the words, two dense layers.

    Args:
        words: Entries of the embedding, padding included.
        width: Numbers per word.
        units: Of the LSTM in each direction, and of the hidden layer.
        labels: Outputs.
    """

    def __init__(self, words: int, width: int, units: int, labels: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, units, batch_first=True, bidirectional=True)
        self.hidden = nn.Linear(2 * units, units)
        self.output = nn.Linear(units, labels)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Logits, one row per text, one column per label; ``ids`` holds a row of words per text, 0 is padding."""
        states, _ = self.lstm(self.embedding(ids))
        logits: torch.Tensor = self.output(torch.relu(self.hidden(states.amax(dim=1))))
        return logits


class Vocabulary:
    """Known words by their hashes: entry i of the sorted hashes has row i + 1 of the embedding.

    Args:
        hashes: CRC-32 of each known word, ascending.
    """

    def __init__(self, hashes: NDArray[np.uint32]) -> None:
        self._hashes = hashes

    def ids(self, text: str) -> list[int]:
        """Rows of the known words of a text, in order; unknown words are left out."""
        wanted = np.array([word_hash(word) for word in words_of(text)], dtype=np.uint32)
        places = np.searchsorted(self._hashes, wanted)
        known = places < len(self._hashes)
        known[known] = self._hashes[places[known]] == wanted[known]
        found: list[int] = (places[known] + 1).tolist()
        return found

    def batches(self, texts: Sequence[str]) -> Mapping[int, tuple[list[int], torch.Tensor]]:
        """Padded rows by length, with the number of the text of each: no text's padding depends on another text."""
        groups: dict[int, tuple[list[int], list[list[int]]]] = {}
        for number, text in enumerate(texts):
            ids = self.ids(text)
            length = max(STEPS, -(-len(ids) // STEPS) * STEPS)
            numbers, rows = groups.setdefault(length, ([], []))
            numbers.append(number)
            rows.append([0] * (length - len(ids)) + ids)
        return {length: (numbers, torch.tensor(rows)) for length, (numbers, rows) in groups.items()}


@torch.inference_mode()
def network_logits(network: WordNetwork, vocabulary: Vocabulary, texts: Sequence[str]) -> NDArray[np.float64]:
    """Logits of the first label, one per text."""
    values = np.zeros(len(texts))
    for numbers, rows in vocabulary.batches(texts).values():
        values[numbers] = network(rows)[:, 0].double().numpy()
    return values
