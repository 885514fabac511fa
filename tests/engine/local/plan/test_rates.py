"""What a device does in a second."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from audit.engine.local.plan import rates
from audit.engine.local.plan.architecture import Shape
from audit.engine.local.plan.cost import cost_of
from audit.engine.local.plan.rates import ASSUMED, Rates, measured, rates_of

if TYPE_CHECKING:
    from pathlib import Path

    from audit.engine.local.engine import TransformersEngine

SHAPE = Shape(layers=2, hidden=8, intermediate=16, heads=2, kv_heads=1, head=4)


class OnCard:
    """What is asked of a model on a GPU."""

    device = torch.device("cuda")
    dtype = torch.bfloat16
    config = SimpleNamespace()


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Shape]:
    """A GPU is pretended; each measurement is noted."""
    taken: list[Shape] = []

    def measure(_: Any, shape: Shape) -> Rates:
        taken.append(shape)
        return Rates(matrix=6e14, attention=2e14, memory=3e12, empty=0.01)

    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "a card")
    monkeypatch.setattr(rates, "measured", measure)
    monkeypatch.setattr(rates, "_known", {})
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path))
    return taken


def test_a_card_is_measured_once_and_the_rates_are_kept(
    card: list[Shape], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = rates_of(OnCard(), SHAPE)
    monkeypatch.setattr(rates, "_known", {})  # another process
    assert rates_of(OnCard(), SHAPE) == first
    assert card == [SHAPE]
    (file,) = (tmp_path / "rates").iterdir()
    for broken in ("", "{", "[]", '{"matrix": 1.0}', json.dumps({**json.loads(file.read_text()), "memory": -1.0})):
        file.write_text(broken)
        monkeypatch.setattr(rates, "_known", {})
        assert rates_of(OnCard(), SHAPE) == first
    assert len(card) == 6


def test_a_cache_that_cannot_be_written_costs_a_measurement(
    card: list[Shape], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUDIT_CACHE", str(tmp_path / "file"))
    assert rates_of(OnCard(), SHAPE) == rates_of(OnCard(), SHAPE)
    assert card == [SHAPE]


@pytest.mark.parametrize("error", [torch.OutOfMemoryError, ValueError, IndexError])
def test_where_nothing_can_be_measured_a_cpu_is_assumed_and_nothing_kept(
    card: list[Shape], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: type[Exception]
) -> None:
    def fail(*_: Any) -> Rates:
        raise error

    monkeypatch.setattr(rates, "measured", fail)
    assert rates_of(OnCard(), SHAPE) == ASSUMED
    assert not (tmp_path / "rates").exists()
    assert card == []


def test_another_kind_of_model_is_measured_too(card: list[Shape]) -> None:
    class Other(OnCard):
        pass

    class Quantised(OnCard):
        config = SimpleNamespace(quantization_config={"bits": 4})

    for model in (OnCard(), Other(), Quantised(), OnCard()):
        rates_of(model, SHAPE)
    assert len(card) == 3


def test_rates_are_those_of_the_model_at_hand(tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "SIDE", 64)
    monkeypatch.setattr(rates, "COPIED_BYTES", 4096)
    monkeypatch.setattr(rates, "ATTENTION", (1, 8))
    found = measured(tiny.model, SHAPE)
    assert min(found.matrix, found.attention, found.memory, found.empty) > 0


def test_a_pass_costs_what_the_host_needs_to_start_it(
    tiny: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cost_of(tiny.model)
    monkeypatch.setattr(
        "audit.engine.local.plan.cost.rates_of", lambda *_: Rates(matrix=6e14, attention=2e14, memory=3e12, empty=0.01)
    )
    after = cost_of(tiny.model)
    assert after.call == 6e14 * 0.01
    assert (after.pair / before.pair, after.copy / before.copy) == pytest.approx((3.0 / 1.7, 200.0 / 15.0))
    assert after.token == before.token
