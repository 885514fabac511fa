"""The checkpoint's tokenizer: loaded, compared with the model, and kept from ids that have no embedding."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from audit.core.errors import RAISED_BY_OTHERS, CheckpointError
from audit.engine.checkpoint.files import VOCABULARY_ENDINGS
from audit.engine.checkpoint.json_files import read_object
from audit.engine.checkpoint.loading_error import no_vocabulary, tokenizer_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

    from audit.engine.checkpoint.files import CheckpointFiles

SPARE_ROWS, SPARE_SHARE = 128, 0.05
"""Rows without a token in published models, which round the matrix up: at most 1.8 % (Phi-2, CodeGen), or a few."""
OTHER = "use the checkpoint's own tokenizer files"


def load_tokenizer(folder: Path, options: Mapping[str, Any]) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder.

    Raises:
        CheckpointError: A file is missing or damaged.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, **options)
    except RAISED_BY_OTHERS as error:  # transformers and tokenizers raise anything on damaged files
        raise CheckpointError(tokenizer_error(folder, error)) from error
    # Without its files a tokenizer may still be created, with the few tokens that its class knows.
    names = set(getattr(tokenizer, "vocab_files_names", {}).values())
    there = {file.name for file in folder.iterdir()}
    if names and not names & there and not any(name.endswith(VOCABULARY_ENDINGS) for name in there):
        raise CheckpointError(no_vocabulary(folder, " or ".join(sorted(names))))
    return tokenizer


def fit_tokenizer(
    tokenizer: PreTrainedTokenizerBase, rows: int, folder: Path, checkpoint: CheckpointFiles
) -> list[str]:
    """Make sure that the tokenizer belongs to the model and produces no id without an embedding.

    Added tokens beyond the embeddings (a padding token that was added after training, an image token of a text model)
    are taken out of the tokenizer: text that holds one is tokenised as plain text, and nothing is padded with it.

    Args:
        tokenizer: Changed in place.
        rows: Input embeddings of the model.
        folder: The tokenizer's.
        checkpoint: The model's files, whose configuration says which tokens begin and end a text.

    Returns:
        Remarks on what was taken out, and on what looks like another model's tokenizer.

    Raises:
        CheckpointError: Ordinary tokens or those that begin and end a text have no embedding, or the tokenizer is
            another model's: a good part of the embeddings has no token, and it begins or ends texts with other ids.
    """
    vocabulary = tokenizer.get_vocab()
    if not vocabulary:
        msg = f"{folder}: the tokenizer is empty: {OTHER}"
        raise CheckpointError(msg)
    beyond = {token for token, number in vocabulary.items() if number >= rows}
    remarks = _without(tokenizer, beyond, rows, folder) if beyond else []
    largest = max(tokenizer.get_vocab().values() if beyond else vocabulary.values())  # a tenth of a second each
    return [*remarks, *_differences(tokenizer, largest + 1, rows, folder, checkpoint)]


def _without(tokenizer: PreTrainedTokenizerBase, beyond: AbstractSet[str], rows: int, folder: Path) -> list[str]:
    """Remove added tokens beyond the embeddings; ordinary ones are an error."""
    vocabulary = tokenizer.get_vocab()
    largest = max(vocabulary.values())
    msg = f"{folder}: the tokenizer has ids up to {largest}, the model has {rows} embeddings"
    added = {str(token) for token in tokenizer.added_tokens_decoder.values()}
    first = min(beyond - added, key=vocabulary.__getitem__, default=None)
    if first is not None:
        msg += f": {len(beyond - added)} ordinary tokens lack one, first {first!r} ({vocabulary[first]}): {OTHER}"
        raise CheckpointError(msg)
    ends = [token for token in (tokenizer.bos_token, tokenizer.eos_token) if token in beyond]
    if ends:
        msg += f": {ends[0]!r}, which begins or ends texts, has no embedding: {OTHER}"
        raise CheckpointError(msg)
    _take_out(tokenizer, beyond, rows)
    given = tokenizer("a")["input_ids"]
    if max(tokenizer.get_vocab().values()) >= rows or max(given, default=0) >= rows:
        msg += f": {min(beyond)!r} cannot be removed: {OTHER}"
        raise CheckpointError(msg)
    first = min(beyond, key=vocabulary.__getitem__)
    remark = (
        f"the tokenizer has {len(beyond)} added token(s) beyond the model's {rows} embeddings, first {first!r} "
        f"({vocabulary[first]}): in a text, such a token is tokenised as plain text"
    )
    return [remark]


def _take_out(tokenizer: PreTrainedTokenizerBase, beyond: AbstractSet[str], rows: int) -> None:
    """Remove added tokens, also from the special tokens."""
    if isinstance(tokenizer, PreTrainedTokenizerFast):
        state = json.loads(tokenizer.backend_tokenizer.to_str())
        state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] not in beyond]
        words = state["model"].get("vocab")
        if isinstance(words, dict):  # Unigram keeps a list, in the order of the ids
            state["model"]["vocab"] = {word: number for word, number in words.items() if word not in beyond}
        elif isinstance(words, list):
            state["model"]["vocab"] = words[:rows]
        tokenizer._tokenizer = Tokenizer.from_str(json.dumps(state))  # noqa: SLF001 - there is no public way
    else:
        kept = {n: token for n, token in tokenizer.added_tokens_decoder.items() if str(token) not in beyond}
        tokenizer._added_tokens_decoder = kept  # noqa: SLF001
        tokenizer._added_tokens_encoder = {str(token): number for number, token in kept.items()}  # noqa: SLF001
        tokenizer.tokens_trie = type(tokenizer.tokens_trie)()
        tokenizer._update_trie()  # noqa: SLF001
    for name in tokenizer.SPECIAL_TOKENS_ATTRIBUTES:
        if getattr(tokenizer, name, None) in beyond:
            setattr(tokenizer, name, None)
    tokenizer.extra_special_tokens = [token for token in tokenizer.extra_special_tokens if token not in beyond]


def _differences(
    tokenizer: PreTrainedTokenizerBase, known: int, rows: int, folder: Path, checkpoint: CheckpointFiles
) -> list[str]:
    """Signs of another model's tokenizer: embeddings without a token, and other tokens that begin and end a text.

    One sign alone is no proof: matrices are rounded up, and fine-tuning changes the token that ends a turn.

    Args:
        tokenizer: As it is used.
        known: Its ids.
        rows: Input embeddings of the model.
        folder: The tokenizer's.
        checkpoint: The model's files.
    """
    spare = rows - known
    many = spare > max(SPARE_ROWS, SPARE_SHARE * rows)
    other = []
    for name, own in (("bos_token_id", tokenizer.bos_token_id), ("eos_token_id", tokenizer.eos_token_id)):
        wanted = {number for number in _configured(checkpoint, name) if number < rows}
        if wanted and own is not None and own not in wanted:
            other.append(f"{name} is {own} in the tokenizer and {' or '.join(map(str, sorted(wanted)))} in the model")
    if many and other:
        msg = (
            f"{folder}: the tokenizer belongs to another model: it has {known} ids, the model {rows} embeddings, and "
            f"{other[0]}: {OTHER}, or correct {other[0].split()[0]} in config.json"
        )
        raise CheckpointError(msg)
    remarks = [f"the tokenizer has {known} ids, the model {rows} embeddings: {spare} are unused"] if many else []
    return remarks + [line for line in other if line.startswith("eos")]


def _configured(checkpoint: CheckpointFiles, name: str) -> set[int]:
    """The ids that the model's files give for this use; defaults of transformers' classes do not count."""
    config, generation = checkpoint.config, checkpoint.folder / "generation_config.json"
    named = [config.get(name)]
    if isinstance(config.get("text_config"), dict):
        named.append(config["text_config"].get(name))
    if generation.is_file():
        named.append(read_object(generation).get(name))
    flat = [number for value in named for number in (value if isinstance(value, list) else [value])]
    return {number for number in flat if isinstance(number, int)}
