"""A forward pass is cut in front of the output head only where that gives the gradients of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

from audit.explain.attribute import prepare
from audit.explain.methods.gradients import gradient_x_input
from audit.explain.methods.gradients.sequences import gradients, sequences
from audit.explain.methods.gradients.states import given_to_head, pull_back, slopes_at_head

if TYPE_CHECKING:
    from audit.engine import Engine
    from audit.explain.methods.gradients.sequences import Sequence

TEXT, TARGET = "Question: which of these is the capital of France? Answer:", " Paris is the capital"


def passed(sequence: Sequence) -> tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]:
    embeddings = sequence.embed(sequence.ids).requires_grad_()
    with given_to_head(sequence.model) as given:
        log_probs = sequence.log_probs(embeddings)[0]
    return embeddings, log_probs, given


def test_slopes_at_the_head_are_those_of_the_logits(tiny: Engine) -> None:
    [sequence] = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    _, log_probs, given = passed(sequence)
    slopes = slopes_at_head(sequence, log_probs, given)
    assert slopes is not None
    model: Any = tiny.model
    head = model.get_output_embeddings().weight
    states = given[0][0, -len(sequence.target) :].detach()
    likely = (states @ head.T).softmax(dim=-1)
    assert torch.allclose(slopes, head[sequence.target] - likely @ head, atol=1e-5)


def test_weighted_sums_are_those_of_the_whole_pass(tiny: Engine) -> None:
    [sequence] = sequences(prepare(tiny, TEXT, TARGET, max_features=12))
    embeddings, log_probs, given = passed(sequence)
    slopes = slopes_at_head(sequence, log_probs, given)
    assert slopes is not None
    weights = torch.randn(3, len(sequence.target), generator=torch.Generator().manual_seed(0))
    whole = gradients(sequence, log_probs, weights, [embeddings])
    expected = torch.stack([(slope * embeddings.detach())[0].sum(dim=-1) for (slope,) in whole])
    found = pull_back(sequence, embeddings, given[0], slopes, weights)
    assert torch.allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("options", [(), (" a", " t")])
@pytest.mark.parametrize("fault", ["later", "hidden", "twice", "none", "constant"])
def test_what_cannot_be_cut_is_not_cut(
    tiny: Engine, monkeypatch: pytest.MonkeyPatch, fault: str, options: tuple[str, ...]
) -> None:
    """The values are then those of whole passes."""
    target = options[0] if options else TARGET
    [sequence] = sequences(prepare(tiny, TEXT, target, options=options, max_features=12))
    _, log_probs, given = passed(sequence)
    [states] = given
    if fault == "later":  # the logits depend on other positions too
        log_probs = log_probs + states.sum()
    elif fault == "hidden":  # the last one seems to be cut, the sum is not
        log_probs = torch.cat([log_probs[:-1] + states[0, -1].sum(), log_probs[-1:]])
        if options:  # both are predicted there
            return
    elif fault == "twice":
        given = [states, states]
    elif fault == "none":
        given = []
    else:
        given = [states.detach()]
    assert slopes_at_head(sequence, log_probs, given) is None
    given = [states.detach().clone().requires_grad_()]  # not what the logits come from
    assert slopes_at_head(sequence, log_probs, given) is None
    monkeypatch.setattr(gradient_x_input, "given_to_head", lambda _model: _Nothing())
    weights = torch.eye(len(sequence.target))
    whole = gradient_x_input.pull(sequence, weights)
    monkeypatch.undo()
    assert torch.equal(gradient_x_input.pull(sequence, weights), whole)


class _Nothing:
    """A model whose head shows nothing."""

    def __enter__(self) -> list[torch.Tensor]:
        return []

    def __exit__(self, *_: object) -> None:
        return None


def test_a_model_without_a_head_gives_nothing() -> None:
    class Headless:
        def get_output_embeddings(self) -> Any:
            return None

    with given_to_head(Headless()) as given:
        pass
    assert given == []


def test_the_head_is_left_as_it_was(tiny: Engine) -> None:
    model: Any = tiny.model
    head = model.get_output_embeddings()
    assert isinstance(head, nn.Module)
    before = len(head._forward_pre_hooks)
    with given_to_head(tiny.model):
        assert len(head._forward_pre_hooks) == before + 1
    assert len(head._forward_pre_hooks) == before
