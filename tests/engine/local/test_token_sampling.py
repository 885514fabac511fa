"""Tokens drawn with top-k and top-p, against sorting the whole vocabulary in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import TopPLogitsWarper

from audit.engine import GenerateRequest
from audit.engine.local import token_sampling
from audit.engine.local.token_sampling import BLOCK, broken, draw, likeliest, sample

VOCABULARY = 6000


def full_sort(logits: torch.Tensor, request: GenerateRequest, numbers: torch.Tensor) -> list[int]:
    """Row by row, as transformers' warpers are written, with a stable sort for equal scores."""
    tokens = []
    for row, number in zip((logits / request.temperature).double().numpy(), numbers.numpy(), strict=True):
        if request.top_k:
            row = np.where(row < np.sort(row)[-request.top_k], -np.inf, row)  # noqa: PLW2901 - a copy
        shares = np.exp(row - row.max())
        shares /= shares.sum()
        if request.top_p < 1:
            ascending = np.argsort(row, kind="stable")
            removed = np.cumsum(shares[ascending]) <= 1 - request.top_p
            removed[-1] = False
            shares[ascending[removed]] = 0
        cumulative = np.cumsum(shares)
        tokens.append(int(np.searchsorted(cumulative, number * cumulative[-1], side="right")))
    return tokens


def made(rows: int, scale: float, step: float | None, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits, rounded to a step where many are to be equal, and random numbers."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, VOCABULARY, generator=generator) * scale
    numbers = torch.rand(rows, generator=generator, dtype=torch.float64)
    return logits if step is None else (logits / step).round() * step, numbers


@pytest.mark.parametrize("step", [None, 0.0625, 0.5], ids=["distinct", "as in bfloat16", "many equal"])
@pytest.mark.parametrize("top_p", [0.05, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("scale", [1.0, 3.0, 8.0], ids=["flat", "usual", "sharp"])
def test_the_tokens_are_those_of_a_full_sort(scale: float, top_p: float, step: float | None) -> None:
    logits, numbers = made(20, scale, step, seed=1)
    for temperature, top_k in ((1.0, 0), (0.6, 0), (1.3, 40)):
        request = GenerateRequest("x", temperature=temperature, top_k=top_k, top_p=top_p)
        assert sample(logits, request, numbers).tolist() == full_sort(logits, request, numbers)


@pytest.mark.slow
@pytest.mark.parametrize("top_p", [0.5, 0.9])
def test_transformers_own_warper_agrees_where_no_scores_are_equal(top_p: float) -> None:
    logits, numbers = made(300, 3.0, None, seed=2)
    request = GenerateRequest("x", temperature=1.0, top_p=top_p)
    warped = TopPLogitsWarper(top_p)(None, logits)  # type: ignore[arg-type] - it looks at logits alone
    assert torch.equal(sample(logits, request, numbers), draw(warped, numbers))


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(), (2,), (256,), (VOCABULARY,)], ids=str)
def test_how_many_are_looked_at_first_changes_nothing(sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    request = GenerateRequest("x", temperature=1.0, top_p=0.9)
    for step in (None, 0.25):
        logits, numbers = made(100, 3.0, step, seed=3)
        expected = sample(logits, request, numbers)
        with monkeypatch.context() as patch:
            patch.setattr(token_sampling, "LARGEST", sizes)
            assert torch.equal(sample(logits, request, numbers), expected)


def test_all_scores_equal_and_a_vocabulary_of_two() -> None:
    request = GenerateRequest("x", temperature=1.0, top_p=0.5)
    numbers = torch.tensor([0.0, 0.25, 0.999], dtype=torch.float64)
    # Half of the mass: the last half of the vocabulary, evenly.
    found = sample(torch.zeros(3, 8), request, numbers).tolist()
    assert found == full_sort(torch.zeros(3, 8), request, numbers) == [4, 5, 7]
    assert sample(torch.tensor([[0.0, 5.0]] * 3), request, numbers).tolist() == [1, 1, 1]


def test_a_row_does_not_depend_on_its_company() -> None:
    request = GenerateRequest("x", temperature=1.0, top_p=0.9)
    sharp, flat = made(5, 8.0, 0.25, seed=4), made(5, 1.0, 0.25, seed=5)
    together = sample(torch.cat([sharp[0], flat[0]]), request, torch.cat([sharp[1], flat[1]])).tolist()
    alone = [
        sample(logits[i : i + 1], request, numbers[i : i + 1]).item()
        for logits, numbers in (sharp, flat)
        for i in range(5)
    ]
    assert together == alone


def test_rows_without_a_usable_distribution() -> None:
    """Each mixture of values, at the ends of a row longer than a vector register and in its middle."""
    values = [0.0, -3.0, 3e38, -3e38, -torch.inf, torch.inf, torch.nan]
    rows = [torch.full((37,), value) for value in values]
    for value in values:
        for place in (0, 17, 36):
            for base in values:
                row = torch.full((37,), base)
                row[place] = value
                rows.append(row)
    logits = torch.stack(rows)
    unusable = [bool(np.isnan(row).any() or np.isposinf(row).any() or np.isneginf(row).all()) for row in logits.numpy()]
    assert 0 < sum(unusable) < len(unusable)
    assert broken(logits).tolist() == unusable
    assert broken(logits.bfloat16()).tolist() == broken(logits.bfloat16().float()).tolist()


@pytest.mark.parametrize("words", [1, 37, BLOCK, BLOCK + 1, 2 * BLOCK, 20 * BLOCK - 1, 20 * BLOCK + 3], ids=str)
def test_the_likeliest_is_the_argmax(words: int) -> None:
    """Distinct logits, many equal ones, and each value that is no number, at each block's ends."""
    generator = torch.Generator().manual_seed(6)
    distinct = torch.randn(40, words, generator=generator)
    rows = [distinct, (distinct / 2).round(), torch.zeros(1, words), torch.full((1, words), -torch.inf)]
    for value in (9.0, torch.inf, torch.nan):
        for place in {0, BLOCK - 1, BLOCK, words - 2, words - 1} & set(range(words)):
            row = distinct[:1].clone()
            row[0, place] = value
            twice = row.clone()
            twice[0, -1] = value
            rows += [row, twice]
    logits = torch.cat(rows)
    before = logits.clone()
    assert torch.equal(likeliest(logits), logits.argmax(dim=-1))
    assert torch.equal(likeliest(logits.bfloat16()), logits.bfloat16().argmax(dim=-1))
    assert torch.equal(likeliest(logits[:, : words // 2 + 1]), logits[:, : words // 2 + 1].argmax(dim=-1))
    assert torch.equal(logits.nan_to_num(5.0), before.nan_to_num(5.0))


def test_drawing_leaves_the_logits_as_they_are() -> None:
    """Rows that are all of a batch are drawn from without a copy."""
    for scale in (1.0, 8.0):
        logits, numbers = made(6, scale, None, seed=7)
        before = logits.clone()
        for temperature, top_k, top_p in ((1.0, 0, 0.9), (1.0, 0, 1.0), (0.7, 5, 0.9)):
            sample(logits, GenerateRequest("x", temperature=temperature, top_k=top_k, top_p=top_p), numbers)
            assert torch.equal(logits, before)
