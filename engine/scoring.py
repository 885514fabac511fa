"""Log-probabilities of targets: rows of tokens, batched by length, one forward pass each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from audit.engine.memory import OUT_OF_MEMORY, halve_when_full
from audit.engine.requests import Score, ScoreRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from torch import nn

LONGER_THAN_CONTEXT = "target longer than the model's context"
NOT_FINITE = "log-probabilities are NaN or infinite: the weights or the dtype are at fault"


@dataclass(frozen=True)
class Row:
    """One sequence that goes through the model, and the requests it answers."""

    ids: tuple[int, ...]
    """Input tokens: context and target without its last token."""
    members: tuple[tuple[int, int, tuple[int, ...], int], ...]
    """Per request: its index, first position that predicts its target, target ids, tokens cut off."""


@dataclass(frozen=True)
class Scorer:
    """Scores requests on one transformers model."""

    model: nn.Module
    """A causal language model in evaluation mode."""
    device: torch.device
    """Where it lies."""
    max_length: int
    """Context length in tokens."""
    batch_tokens: int
    """Input tokens per batch at most, padding included (one row may be longer)."""
    keeps_logits: bool
    """Whether the model's forward takes ``logits_to_keep``."""
    pad_id: int
    """Fills rows on the right, where a causal model cannot see it."""

    def plan(self, requests: Sequence[ScoreRequest]) -> list[list[int]]:
        """Indices of the requests of each batch: longest rows first, rows that are equal together."""
        groups: dict[tuple[int, ...], list[int]] = {}
        for index, request in enumerate(requests):
            groups.setdefault(self._cut(request)[0], []).append(index)
        batches: list[list[int]] = []
        width, rows = 0, 0
        for ids in sorted(groups, key=lambda ids: (-len(ids), ids)):
            if not batches or (rows + 1) * width > self.batch_tokens:
                batches.append([])
                width, rows = max(len(ids), 1), 0
            batches[-1].extend(groups[ids])
            rows += 1
        return batches

    def work(
        self, requests: Sequence[ScoreRequest], missing: Collection[int], say: Callable[[str], None]
    ) -> Iterator[tuple[dict[int, Score], int]]:
        """Scores by index, a batch at a time, and the number of tokens that went through the model for them."""
        wanted = set(missing)
        for batch in self.plan(requests):
            members = [index for index in batch if index in wanted]
            if members:
                tokens = 0

                def compute(asked: Sequence[ScoreRequest]) -> list[Score]:
                    nonlocal tokens
                    scores, count = self.compute(asked)
                    tokens += count
                    return scores

                scores = halve_when_full(
                    [requests[index] for index in members], compute, lambda _: Score((), (), error=OUT_OF_MEMORY), say
                )
                yield dict(zip(members, scores, strict=True)), tokens

    def compute(self, requests: Sequence[ScoreRequest]) -> tuple[list[Score], int]:
        """Scores of one batch and the number of tokens that went through the model."""
        answers: dict[int, Score] = {}
        for index, request in enumerate(requests):
            if len(request.target_ids) > self.max_length:
                answers[index] = self.failed(request, LONGER_THAN_CONTEXT)
            elif not request.target_ids:
                answers[index] = self._empty(request)
        rows = self._rows([(i, request) for i, request in enumerate(requests) if i not in answers])
        if rows:
            answers.update(self._forward(rows, requests))
        return [answers[index] for index in range(len(requests))], sum(len(row.ids) for row in rows)

    @staticmethod
    def failed(request: ScoreRequest, error: str) -> Score:
        """The score that says why there is none."""
        del request
        return Score((), (), error=error)

    @staticmethod
    def _empty(request: ScoreRequest) -> Score:
        """The score of an empty target: probability 1 without asking the model."""
        moments = () if request.moments else None
        return Score((), (), moments, moments)

    def _cut(self, request: ScoreRequest) -> tuple[tuple[int, ...], int]:
        """Input tokens after lm-eval's truncation from the left, and how many were cut."""
        whole = request.context_ids + request.target_ids
        kept = whole[-(self.max_length + 1) :]
        return kept[:-1], len(whole) - len(kept)

    def _rows(self, requests: Sequence[tuple[int, ScoreRequest]]) -> list[Row]:
        """Requests whose input tokens are equal share a row (options of one token each, for instance)."""
        groups: dict[tuple[int, ...], list[tuple[int, int, tuple[int, ...], int]]] = {}
        for index, request in requests:
            ids, cut = self._cut(request)
            first = len(ids) - len(request.target_ids)
            groups.setdefault(ids, []).append((index, first, request.target_ids, cut))
        return [Row(ids, tuple(members)) for ids, members in groups.items()]

    @torch.inference_mode()
    def _forward(self, rows: Sequence[Row], requests: Sequence[ScoreRequest]) -> dict[int, Score]:
        """One forward pass over right-padded rows; only positions that can be asked for reach the output head."""
        width = max(len(row.ids) for row in rows)
        ids = torch.full((len(rows), width), self.pad_id, dtype=torch.long)
        for position, row in enumerate(rows):
            ids[position, : len(row.ids)] = torch.tensor(row.ids, dtype=torch.long)
        first = min(member[1] for row in rows for member in row.members)
        head = {"logits_to_keep": width - first} if self.keeps_logits else {}
        logits = self.model(input_ids=ids.to(self.device), use_cache=False, **head).logits
        offset = width - logits.shape[1]
        answers: dict[int, Score] = {}
        for position, row in enumerate(rows):
            for index, start, target, cut in row.members:
                at = logits[position, start - offset : start - offset + len(target)].float()
                answers[index] = _score(at, target, cut, moments=requests[index].moments)
        return answers


def _score(logits: torch.Tensor, target: tuple[int, ...], cut: int, *, moments: bool) -> Score:
    """The score of one target from its logits, shape (target tokens, vocabulary), float32."""
    log_normaliser = torch.logsumexp(logits, dim=-1)
    ids = torch.tensor(target, dtype=torch.long, device=logits.device)
    log_probs = (logits.gather(1, ids[:, None])[:, 0] - log_normaliser).tolist()
    if not all(math.isfinite(value) for value in log_probs):
        return Score((), (), truncated=cut, error=NOT_FINITE)
    greedy = tuple(bool(flag) for flag in (logits.argmax(dim=-1) == ids).tolist())
    if not moments:
        return Score(tuple(log_probs), greedy, truncated=cut)
    mean, std = _moments(logits, log_normaliser)
    return Score(tuple(log_probs), greedy, tuple(mean.tolist()), tuple(std.tolist()), cut)


def _moments(logits: torch.Tensor, log_normaliser: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of log p over the vocabulary, weighted by p (Min-K %++, Zhang et al. 2024)."""
    log_p = logits - log_normaliser[:, None]
    p = log_p.exp()
    weighted: Any = p * log_p
    mean = weighted.sum(dim=-1)
    variance = (p * (log_p - mean[:, None]) ** 2).sum(dim=-1)
    return mean, variance.sqrt()
